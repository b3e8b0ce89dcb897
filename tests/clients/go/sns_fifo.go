package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type snsFifoSeen struct {
	Topic           string   `json:"topic"`
	SequenceNumbers []string `json:"sequenceNumbers"`
	Bodies          []string `json:"bodies"`
}

// names[0] is the name of a topic to be made or the ARN of one that is there; names[1] names a queue of the caller.
func snsFifoRound(ctx context.Context, settings aws.Config, names []string) (any, error) {
	client, queues := sns.NewFromConfig(settings), sqs.NewFromConfig(settings)
	topic := &names[0]
	if !strings.HasPrefix(*topic, "arn:") {
		made, err := client.CreateTopic(ctx, &sns.CreateTopicInput{
			Name:       topic,
			Attributes: map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"},
		})
		if err != nil {
			return nil, err
		}
		topic = made.TopicArn
	}
	found := &snsFifoSeen{Topic: aws.ToString(topic)}
	inbox := &sqs.CreateQueueInput{QueueName: &names[1], Attributes: map[string]string{"FifoQueue": "true"}}
	raw := map[string]string{"RawMessageDelivery": "true"}
	url, _, err := subscribe(ctx, client, queues, topic, inbox, raw)
	if err != nil {
		return nil, err
	}
	if err := publishInOrder(ctx, client, found); err != nil {
		return nil, err
	}
	if err := receiveInOrder(ctx, queues, url, found); err != nil {
		return nil, err
	}
	if _, err := queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		return nil, err
	}
	_, err = client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: topic})
	return found, err
}

func publishInOrder(ctx context.Context, client *sns.Client, found *snsFifoSeen) error {
	for _, text := range []string{"one", "one", "two"} {
		published, err := client.Publish(ctx, &sns.PublishInput{
			TopicArn:       &found.Topic,
			Message:        aws.String(text),
			MessageGroupId: aws.String("numbers"),
		})
		if err != nil {
			return err
		}
		found.SequenceNumbers = append(found.SequenceNumbers, aws.ToString(published.SequenceNumber))
	}
	return nil
}

func receiveInOrder(ctx context.Context, queues *sqs.Client, url *string, found *snsFifoSeen) error {
	for range 2 {
		message, err := receive(ctx, queues, url)
		if err != nil {
			return err
		}
		found.Bodies = append(found.Bodies, aws.ToString(message.Body))
		done := &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: message.ReceiptHandle}
		if _, err := queues.DeleteMessage(ctx, done); err != nil {
			return err
		}
	}
	return nil
}
