package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

type snsSeen struct {
	Topic            string  `json:"topic"`
	Subscription     string  `json:"subscription"`
	Published        string  `json:"published"`
	Envelope         string  `json:"envelope"`
	PublishedInBatch string  `json:"publishedInBatch"`
	EnvelopeOfBatch  string  `json:"envelopeOfBatch"`
	InvalidAttribute refusal `json:"invalidAttribute"`
	MissingTopic     refusal `json:"missingTopic"`
}

// names[0] is the name of a topic to be made or the ARN of one that is there; names[1] names a queue of the caller.
func snsRound(ctx context.Context, settings aws.Config, names []string) (any, error) {
	client, queues := sns.NewFromConfig(settings), sqs.NewFromConfig(settings)
	topic := &names[0]
	if !strings.HasPrefix(*topic, "arn:") {
		made, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: topic})
		if err != nil {
			return nil, err
		}
		topic = made.TopicArn
	}
	url, subscription, err := subscribe(ctx, client, queues, topic, &sqs.CreateQueueInput{QueueName: &names[1]}, nil)
	if err != nil {
		return nil, err
	}
	found := &snsSeen{Topic: aws.ToString(topic), Subscription: aws.ToString(subscription)}
	if err := publish(ctx, client, queues, url, found); err != nil {
		return nil, err
	}
	if _, err := queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		return nil, err
	}
	return found, snsRefusals(ctx, client, found)
}

// The URL of the queue, which is made, and the ARN of its subscription.
func subscribe(
	ctx context.Context, client *sns.Client, queues *sqs.Client,
	topic *string, inbox *sqs.CreateQueueInput, attributes map[string]string,
) (url, subscription *string, err error) {
	queue, err := queues.CreateQueue(ctx, inbox)
	if err != nil {
		return nil, nil, err
	}
	asked, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       queue.QueueUrl,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return nil, nil, err
	}
	subscribed, err := client.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn:   topic,
		Protocol:   aws.String("sqs"),
		Endpoint:   aws.String(asked.Attributes["QueueArn"]),
		Attributes: attributes,
	})
	if err != nil {
		return nil, nil, err
	}
	return queue.QueueUrl, subscribed.SubscriptionArn, nil
}

func publish(ctx context.Context, client *sns.Client, queues *sqs.Client, url *string, found *snsSeen) error {
	published, err := client.Publish(ctx, &sns.PublishInput{
		TopicArn: &found.Topic,
		Subject:  aws.String("Hello"),
		Message:  aws.String("żółw & <b>"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("greeting")},
		},
	})
	if err != nil {
		return err
	}
	message, err := receive(ctx, queues, url)
	if err != nil {
		return err
	}
	found.Published, found.Envelope = aws.ToString(published.MessageId), aws.ToString(message.Body)

	batch, err := client.PublishBatch(ctx, &sns.PublishBatchInput{
		TopicArn: &found.Topic,
		PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
			{Id: aws.String("one"), Message: aws.String("in a batch")},
		},
	})
	if err != nil {
		return err
	}
	if message, err = receive(ctx, queues, url); err != nil {
		return err
	}
	found.PublishedInBatch, found.EnvelopeOfBatch = aws.ToString(batch.Successful[0].MessageId), aws.ToString(message.Body)
	return nil
}

func snsRefusals(ctx context.Context, client *sns.Client, found *snsSeen) error {
	_, err := client.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
		TopicArn:       &found.Topic,
		AttributeName:  aws.String("Nope"),
		AttributeValue: aws.String("1"),
	})
	found.InvalidAttribute = refused[*types.NotFoundException](err)
	if _, err := client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &found.Topic}); err != nil {
		return err
	}
	_, err = client.Publish(ctx, &sns.PublishInput{TopicArn: &found.Topic, Message: aws.String("late")})
	found.MissingTopic = refused[*types.NotFoundException](err)
	return nil
}
