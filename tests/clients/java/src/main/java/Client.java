import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One round of a service with the AWS SDK for Java v2: {@code Client SERVICE NAME...}; what the names mean says the
 * service's class. Endpoint, keys and region come from the environment, as for any program. What it saw is printed as
 * one JSON object.
 */
public final class Client {
    private Client() {}

    public static void main(String[] arguments) {
        Map<String, Object> seen = new LinkedHashMap<>();
        List<String> names = List.of(arguments).subList(1, arguments.length);
        switch (arguments[0]) {
            case "kms" -> KmsRound.play(names, seen);
            case "secretsmanager" -> SecretsManagerRound.play(names.get(0), seen);
            case "sns" -> SnsRound.play(names.get(0), names.get(1), seen);
            case "sns-fifo" -> SnsFifoRound.play(names.get(0), names.get(1), seen);
            case "sqs" -> SqsRound.play(names.get(0), seen);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(json(seen));
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                .map(entry -> json(entry.getKey()) + ": " + json(entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Client::json).collect(Collectors.joining(", ", "[", "]"));
        }
        if (value instanceof String text) {
            return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
        }
        return String.valueOf(value);
    }
}
