package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type sqsSeen struct {
	Account          string  `json:"account"`
	URL              string  `json:"url"`
	Same             bool    `json:"same"`
	Body             string  `json:"body"`
	Attribute        string  `json:"attribute"`
	InvalidAttribute refusal `json:"invalidAttribute"`
	MissingQueue     refusal `json:"missingQueue"`
	MissingName      refusal `json:"missingName"`
}

// names[0] is the name of a queue to be made or the URL of one that is there.
func sqsRound(ctx context.Context, settings aws.Config, names []string) (any, error) {
	client := sqs.NewFromConfig(settings)
	identity, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	url := &names[0]
	if !strings.Contains(*url, "://") {
		made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: url})
		if err != nil {
			return nil, err
		}
		url = made.QueueUrl
	}
	found := &sqsSeen{Account: aws.ToString(identity.Account), URL: aws.ToString(url)}
	if err := sendAndReceive(ctx, client, url, found); err != nil {
		return nil, err
	}
	return found, sqsRefusals(ctx, client, url, found)
}

func sendAndReceive(ctx context.Context, client *sqs.Client, url *string, found *sqsSeen) error {
	sent, err := client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:    url,
		MessageBody: aws.String("żółw & <b>"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("greeting")},
		},
	})
	if err != nil {
		return err
	}
	message, err := receive(ctx, client, url)
	if err != nil {
		return err
	}
	found.Same = aws.ToString(message.MessageId) == aws.ToString(sent.MessageId)
	found.Body = aws.ToString(message.Body)
	found.Attribute = aws.ToString(message.MessageAttributes["kind"].StringValue)
	_, err = client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: message.ReceiptHandle})
	return err
}

func receive(ctx context.Context, client *sqs.Client, url *string) (*types.Message, error) {
	received, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              url,
		MessageAttributeNames: []string{"All"},
		WaitTimeSeconds:       5,
	})
	if err != nil {
		return nil, err
	}
	if len(received.Messages) != 1 {
		return nil, fmt.Errorf("%d messages came", len(received.Messages))
	}
	return &received.Messages[0], nil
}

func sqsRefusals(ctx context.Context, client *sqs.Client, url *string, found *sqsSeen) error {
	_, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl:   url,
		Attributes: map[string]string{"Nope": "1"},
	})
	found.InvalidAttribute = refused[*types.QueueDoesNotExist](err)
	if _, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		return err
	}
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("late")})
	found.MissingQueue = refused[*types.QueueDoesNotExist](err)
	_, err = client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	found.MissingName = refused[*types.QueueDoesNotExist](err)
	return nil
}
