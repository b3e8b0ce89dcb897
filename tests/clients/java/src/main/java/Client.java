import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.SqsException;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * One round with the AWS SDK for Java v2: {@code Client QUEUE}, where QUEUE is the name of a queue to be made or the URL
 * of one that is there. Endpoint, keys and region come from the environment, as for any program. What it saw is printed
 * as one JSON object.
 */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) {
        Map<String, Object> seen = new LinkedHashMap<>();
        try (StsClient sts = StsClient.create(); SqsClient sqs = SqsClient.create()) {
            seen.put("account", sts.getCallerIdentity().account());
            round(sqs, arguments[0], seen);
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(json(seen));
    }

    private static void round(SqsClient sqs, String queue, Map<String, Object> seen) {
        String url = queue.contains("://") ? queue : sqs.createQueue(b -> b.queueName(queue)).queueUrl();
        seen.put("url", url);

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

        Map<String, String> nope = Map.of("Nope", "1");
        seen.put("invalidAttribute",
            refused(() -> sqs.setQueueAttributes(b -> b.queueUrl(url).attributesWithStrings(nope))));
        sqs.deleteQueue(b -> b.queueUrl(url));
        seen.put("missingQueue", refused(() -> sqs.sendMessage(b -> b.queueUrl(url).messageBody("late"))));
        seen.put("missingName", refused(() -> sqs.getQueueUrl(b -> b.queueName("none"))));
    }

    private static Map<String, Object> refused(Runnable call) {
        try {
            call.run();
        } catch (SqsException error) {
            Map<String, Object> refusal = new LinkedHashMap<>();
            refusal.put("class", error.getClass().getSimpleName());
            refusal.put("code", error.awsErrorDetails().errorCode());
            refusal.put("missing", error instanceof QueueDoesNotExistException);
            refusal.put("message", error.awsErrorDetails().errorMessage());
            refusal.put("status", error.statusCode());
            return refusal;
        }
        throw new IllegalStateException("it was not refused");
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                .map(entry -> json(entry.getKey()) + ": " + json(entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof String text) {
            return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
        }
        return String.valueOf(value);
    }
}
