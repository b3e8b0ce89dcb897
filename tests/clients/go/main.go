// One round with the AWS SDK for Go v2: `client QUEUE`, where QUEUE is the name of a queue to be made or the URL of one
// that is there. Endpoint, keys and region come from the environment, as for any program.
// What it saw is printed as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type refusal struct {
	Class   string `json:"class"`
	Code    string `json:"code"`
	Missing bool   `json:"missing"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

type seen struct {
	Account          string  `json:"account"`
	URL              string  `json:"url"`
	Same             bool    `json:"same"`
	Body             string  `json:"body"`
	Attribute        string  `json:"attribute"`
	InvalidAttribute refusal `json:"invalidAttribute"`
	MissingQueue     refusal `json:"missingQueue"`
	MissingName      refusal `json:"missingName"`
}

func main() {
	log.SetFlags(0)
	found, err := round(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func round(ctx context.Context, queue string) (*seen, error) {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	client := sqs.NewFromConfig(settings)
	identity, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	url, err := urlOf(ctx, client, queue)
	if err != nil {
		return nil, err
	}
	found := &seen{Account: aws.ToString(identity.Account), URL: aws.ToString(url)}
	if err := messages(ctx, client, url, found); err != nil {
		return nil, err
	}
	return found, refusals(ctx, client, url, found)
}

func urlOf(ctx context.Context, client *sqs.Client, queue string) (*string, error) {
	if strings.Contains(queue, "://") {
		return &queue, nil
	}
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue})
	if err != nil {
		return nil, err
	}
	return made.QueueUrl, nil
}

func messages(ctx context.Context, client *sqs.Client, url *string, found *seen) error {
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
	received, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              url,
		MessageAttributeNames: []string{"All"},
		WaitTimeSeconds:       5,
	})
	if err != nil {
		return err
	}
	if len(received.Messages) != 1 {
		return fmt.Errorf("%d messages came", len(received.Messages))
	}
	message := received.Messages[0]
	found.Same = aws.ToString(message.MessageId) == aws.ToString(sent.MessageId)
	found.Body = aws.ToString(message.Body)
	found.Attribute = aws.ToString(message.MessageAttributes["kind"].StringValue)
	_, err = client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: message.ReceiptHandle})
	return err
}

func refusals(ctx context.Context, client *sqs.Client, url *string, found *seen) error {
	_, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl:   url,
		Attributes: map[string]string{"Nope": "1"},
	})
	found.InvalidAttribute = refused(err)
	if _, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		return err
	}
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("late")})
	found.MissingQueue = refused(err)
	_, err = client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	found.MissingName = refused(err)
	return nil
}

func refused(err error) refusal {
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		log.Fatalf("this was no refusal: %v", err)
	}
	var missing *types.QueueDoesNotExist
	return refusal{
		Class:   fmt.Sprintf("%T", api),
		Code:    api.ErrorCode(),
		Missing: errors.As(err, &missing),
		Message: api.ErrorMessage(),
		Status:  response.HTTPStatusCode(),
	}
}
