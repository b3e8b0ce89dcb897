import java.util.Map;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sns.model.MessageAttributeValue;
import software.amazon.awssdk.services.sns.model.NotFoundException;
import software.amazon.awssdk.services.sns.model.PublishBatchRequestEntry;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

final class SnsRound {
    private SnsRound() {}

    /**
     * {@code topic} is the name of a topic to be made or the ARN of one that is there; {@code inbox} names a queue of the
     * caller.
     */
    static void play(String topic, String inbox, Map<String, Object> seen) {
        try (SnsClient sns = SnsClient.create(); SqsClient sqs = SqsClient.create()) {
            String arn = topic.startsWith("arn:") ? topic : sns.createTopic(b -> b.name(topic)).topicArn();
            seen.put("topic", arn);
            String url = sqs.createQueue(b -> b.queueName(inbox)).queueUrl();
            String queue = sqs.getQueueAttributes(b -> b.queueUrl(url).attributeNames(QueueAttributeName.QUEUE_ARN))
                .attributes().get(QueueAttributeName.QUEUE_ARN);
            seen.put("subscription",
                sns.subscribe(b -> b.topicArn(arn).protocol("sqs").endpoint(queue)).subscriptionArn());
            messages(sns, sqs, arn, url, seen);
            sqs.deleteQueue(b -> b.queueUrl(url));
            refusals(sns, arn, seen);
        }
    }

    private static void messages(SnsClient sns, SqsClient sqs, String arn, String url, Map<String, Object> seen) {
        MessageAttributeValue kind = MessageAttributeValue.builder().dataType("String").stringValue("greeting").build();
        seen.put("published", sns.publish(b -> b.topicArn(arn).subject("Hello").message("żółw & <b>")
            .messageAttributes(Map.of("kind", kind))).messageId());
        seen.put("envelope", received(sqs, url));
        PublishBatchRequestEntry one = PublishBatchRequestEntry.builder().id("one").message("in a batch").build();
        seen.put("publishedInBatch", sns.publishBatch(
            b -> b.topicArn(arn).publishBatchRequestEntries(one)).successful().get(0).messageId());
        seen.put("envelopeOfBatch", received(sqs, url));
    }

    private static String received(SqsClient sqs, String url) {
        return sqs.receiveMessage(b -> b.queueUrl(url).waitTimeSeconds(5)).messages().get(0).body();
    }

    private static void refusals(SnsClient sns, String arn, Map<String, Object> seen) {
        Class<NotFoundException> missing = NotFoundException.class;
        seen.put("invalidAttribute", Refusal.of(missing,
            () -> sns.setTopicAttributes(b -> b.topicArn(arn).attributeName("Nope").attributeValue("1"))));
        sns.deleteTopic(b -> b.topicArn(arn));
        seen.put("missingTopic", Refusal.of(missing, () -> sns.publish(b -> b.topicArn(arn).message("late"))));
    }
}
