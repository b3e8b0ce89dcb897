import {
  CreateTopicCommand,
  DeleteTopicCommand,
  NotFoundException,
  PublishBatchCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { refused } from "./refusals.js";

const sns = new SNSClient();
const sqs = new SQSClient();

/** `topic` is the name of a topic to be made or the ARN of one that is there; `inbox` names a queue of the caller. */
export async function round(topic, inbox) {
  const TopicArn = topic.startsWith("arn:") ? topic : (await sns.send(new CreateTopicCommand({ Name: topic }))).TopicArn;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: inbox }));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  const { QueueArn } = (await sqs.send(asked)).Attributes;
  const subscribe = new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: QueueArn });
  const seen = { topic: TopicArn, subscription: (await sns.send(subscribe)).SubscriptionArn };

  const receive = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 });
  const MessageAttributes = { kind: { DataType: "String", StringValue: "greeting" } };
  const publish = new PublishCommand({ TopicArn, Subject: "Hello", Message: "żółw & <b>", MessageAttributes });
  seen.published = (await sns.send(publish)).MessageId;
  seen.envelope = (await sqs.send(receive)).Messages[0].Body;
  const PublishBatchRequestEntries = [{ Id: "one", Message: "in a batch" }];
  const batch = new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries });
  seen.publishedInBatch = (await sns.send(batch)).Successful[0].MessageId;
  seen.envelopeOfBatch = (await sqs.send(receive)).Messages[0].Body;
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));

  const invalid = new SetTopicAttributesCommand({ TopicArn, AttributeName: "Nope", AttributeValue: "1" });
  seen.invalidAttribute = await refused(sns, invalid, NotFoundException);
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  seen.missingTopic = await refused(sns, new PublishCommand({ TopicArn, Message: "late" }), NotFoundException);
  return seen;
}
