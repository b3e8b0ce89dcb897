import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

final class SnsFifoRound {
    private SnsFifoRound() {}

    /**
     * {@code topic} is the name of a topic to be made or the ARN of one that is there; {@code inbox} names a queue of the
     * caller.
     */
    static void play(String topic, String inbox, Map<String, Object> seen) {
        try (SnsClient sns = SnsClient.create(); SqsClient sqs = SqsClient.create()) {
            Map<String, String> fifo = Map.of("FifoTopic", "true", "ContentBasedDeduplication", "true");
            String arn = topic.startsWith("arn:")
                ? topic
                : sns.createTopic(b -> b.name(topic).attributes(fifo)).topicArn();
            seen.put("topic", arn);
            Map<QueueAttributeName, String> fifoQueue = Map.of(QueueAttributeName.FIFO_QUEUE, "true");
            String url = sqs.createQueue(b -> b.queueName(inbox).attributes(fifoQueue)).queueUrl();
            String queue = sqs.getQueueAttributes(b -> b.queueUrl(url).attributeNames(QueueAttributeName.QUEUE_ARN))
                .attributes().get(QueueAttributeName.QUEUE_ARN);
            Map<String, String> raw = Map.of("RawMessageDelivery", "true");
            sns.subscribe(b -> b.topicArn(arn).protocol("sqs").endpoint(queue).attributes(raw));

            List<String> sequenceNumbers = new ArrayList<>();
            for (String text : List.of("one", "one", "two")) {
                sequenceNumbers.add(
                    sns.publish(b -> b.topicArn(arn).message(text).messageGroupId("numbers")).sequenceNumber());
            }
            seen.put("sequenceNumbers", sequenceNumbers);
            seen.put("bodies", List.of(taken(sqs, url), taken(sqs, url)));
            sqs.deleteQueue(b -> b.queueUrl(url));
            sns.deleteTopic(b -> b.topicArn(arn));
        }
    }

    private static String taken(SqsClient sqs, String url) {
        Message message = sqs.receiveMessage(b -> b.queueUrl(url).waitTimeSeconds(5)).messages().get(0);
        sqs.deleteMessage(b -> b.queueUrl(url).receiptHandle(message.receiptHandle()));
        return message.body();
    }
}
