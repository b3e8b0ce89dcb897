import { CreateTopicCommand, DeleteTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

const sns = new SNSClient();
const sqs = new SQSClient();

/** `topic` is the name of a topic to be made or the ARN of one that is there; `inbox` names a queue of the caller. */
export async function round(topic, inbox) {
  const TopicArn = topic.startsWith("arn:") ? topic : await created(topic);
  const queue = { QueueName: inbox, Attributes: { FifoQueue: "true" } };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand(queue));
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  const { QueueArn } = (await sqs.send(asked)).Attributes;
  const Attributes = { RawMessageDelivery: "true" };
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: QueueArn, Attributes }));

  const seen = { topic: TopicArn, sequenceNumbers: [], bodies: [] };
  for (const Message of ["one", "one", "two"]) {
    const published = await sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId: "numbers" }));
    seen.sequenceNumbers.push(published.SequenceNumber);
  }
  for (let count = 0; count < 2; count++) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 5 });
    const [{ Body, ReceiptHandle }] = (await sqs.send(receive)).Messages;
    seen.bodies.push(Body);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  return seen;
}

async function created(Name) {
  const Attributes = { FifoTopic: "true", ContentBasedDeduplication: "true" };
  return (await sns.send(new CreateTopicCommand({ Name, Attributes }))).TopicArn;
}
