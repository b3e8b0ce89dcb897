import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sts.StsClient;

final class SqsRound {
    private SqsRound() {}

    /** {@code queue} is the name of a queue to be made or the URL of one that is there. */
    static void play(String queue, Map<String, Object> seen) {
        try (StsClient sts = StsClient.create(); SqsClient sqs = SqsClient.create()) {
            seen.put("account", sts.getCallerIdentity().account());
            String url = queue.contains("://") ? queue : sqs.createQueue(b -> b.queueName(queue)).queueUrl();
            seen.put("url", url);
            messages(sqs, url, seen);
            refusals(sqs, url, seen);
        }
    }

    private static void messages(SqsClient sqs, String url, Map<String, Object> seen) {
        MessageAttributeValue kind = MessageAttributeValue.builder().dataType("String").stringValue("greeting").build();
        String sent = sqs.sendMessage(
            b -> b.queueUrl(url).messageBody("żółw & <b>").messageAttributes(Map.of("kind", kind))).messageId();
        List<Message> messages = sqs.receiveMessage(
            b -> b.queueUrl(url).messageAttributeNames("All").waitTimeSeconds(5)).messages();
        Message message = messages.get(0);
        seen.put("same", message.messageId().equals(sent));
        seen.put("body", message.body());
        seen.put("attribute", message.messageAttributes().get("kind").stringValue());
        sqs.deleteMessage(b -> b.queueUrl(url).receiptHandle(message.receiptHandle()));
    }

    private static void refusals(SqsClient sqs, String url, Map<String, Object> seen) {
        Class<QueueDoesNotExistException> missing = QueueDoesNotExistException.class;
        Map<String, String> nope = Map.of("Nope", "1");
        seen.put("invalidAttribute",
            Refusal.of(missing, () -> sqs.setQueueAttributes(b -> b.queueUrl(url).attributesWithStrings(nope))));
        sqs.deleteQueue(b -> b.queueUrl(url));
        seen.put("missingQueue",
            Refusal.of(missing, () -> sqs.sendMessage(b -> b.queueUrl(url).messageBody("late"))));
        seen.put("missingName", Refusal.of(missing, () -> sqs.getQueueUrl(b -> b.queueName("none"))));
    }
}
