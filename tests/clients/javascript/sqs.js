import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { refused } from "./refusals.js";

const sqs = new SQSClient();
const sts = new STSClient();

/** `queue` is the name of a queue to be made or the URL of one that is there. */
export async function round(queue) {
  const seen = { account: (await sts.send(new GetCallerIdentityCommand())).Account };
  const QueueUrl = queue.includes("://") ? queue : (await sqs.send(new CreateQueueCommand({ QueueName: queue }))).QueueUrl;
  seen.url = QueueUrl;

  const MessageAttributes = { kind: { DataType: "String", StringValue: "greeting" } };
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "żółw & <b>", MessageAttributes }));
  const receive = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"], WaitTimeSeconds: 5 });
  const [message] = (await sqs.send(receive)).Messages;
  seen.same = message.MessageId === sent.MessageId;
  seen.body = message.Body;
  seen.attribute = message.MessageAttributes.kind.StringValue;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));

  const invalid = new SetQueueAttributesCommand({ QueueUrl, Attributes: { Nope: "1" } });
  seen.invalidAttribute = await refused(sqs, invalid, QueueDoesNotExist);
  await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  const late = new SendMessageCommand({ QueueUrl, MessageBody: "late" });
  seen.missingQueue = await refused(sqs, late, QueueDoesNotExist);
  seen.missingName = await refused(sqs, new GetQueueUrlCommand({ QueueName: "none" }), QueueDoesNotExist);
  return seen;
}
