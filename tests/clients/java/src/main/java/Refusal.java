import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** What a service says as it refuses a call. */
final class Refusal {
    private Refusal() {}

    /** Where {@code missing} is the class that stands for what is not there. */
    static Map<String, Object> of(Class<? extends AwsServiceException> missing, Runnable call) {
        try {
            call.run();
        } catch (AwsServiceException error) {
            Map<String, Object> refusal = new LinkedHashMap<>();
            refusal.put("class", error.getClass().getSimpleName());
            refusal.put("code", error.awsErrorDetails().errorCode());
            refusal.put("missing", missing.isInstance(error));
            refusal.put("message", error.awsErrorDetails().errorMessage());
            refusal.put("status", error.statusCode());
            return refusal;
        }
        throw new IllegalStateException("it was not refused");
    }
}
