// One round with the AWS SDK for JavaScript v3: `node client.js QUEUE`, where QUEUE is the name of a queue to be made
// or the URL of one that is there. Endpoint, keys and region come from the environment, as for any program.
// What it saw is printed as one JSON object.

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

const sqs = new SQSClient();
const sts = new STSClient();

async function refused(command) {
  try {
    await sqs.send(command);
  } catch (error) {
    return {
      class: error.constructor.name,
      code: error.Code ?? error.Error?.Code,
      missing: error instanceof QueueDoesNotExist,
      message: error.message,
      status: error.$metadata.httpStatusCode,
    };
  }
  throw new Error(`${command.constructor.name} was not refused`);
}

const queue = process.argv[2];
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

seen.invalidAttribute = await refused(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Nope: "1" } }));
await sqs.send(new DeleteQueueCommand({ QueueUrl }));
seen.missingQueue = await refused(new SendMessageCommand({ QueueUrl, MessageBody: "late" }));
seen.missingName = await refused(new GetQueueUrlCommand({ QueueName: "none" }));
console.log(JSON.stringify(seen));
