import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.secretsmanager.model.SecretVersionsListEntry;

final class SecretsManagerRound {
    private static final String TEXT = "żółw & <b>";

    private SecretsManagerRound() {}

    /** {@code secret} is the name of a secret to be made or the ARN of one that is there. */
    static void play(String secret, Map<String, Object> seen) {
        try (SecretsManagerClient secrets = SecretsManagerClient.create()) {
            String made = secret.startsWith("arn:")
                ? secret
                : secrets.createSecret(b -> b.name(secret).secretString(TEXT)).arn();
            GetSecretValueResponse first = secrets.getSecretValue(b -> b.secretId(made));
            seen.put("secret", first.arn());
            seen.put("first", first.secretString());
            versions(secrets, first.arn(), seen);
            refusals(secrets, first.arn(), seen);
        }
    }

    private static void versions(SecretsManagerClient secrets, String arn, Map<String, Object> seen) {
        SdkBytes binary = SdkBytes.fromUtf8String(TEXT);
        String put = secrets.putSecretValue(b -> b.secretId(arn).secretBinary(binary)).versionId();
        seen.put("versionPut", put);
        seen.put("second", secrets.getSecretValue(b -> b.secretId(arn).versionId(put)).secretBinary().asUtf8String());
        seen.put("previous", secrets.getSecretValue(b -> b.secretId(arn).versionStage("AWSPREVIOUS")).secretString());
        seen.put("stages", secrets.listSecretVersionIds(b -> b.secretId(arn)).versions().stream().collect(
            Collectors.toMap(version -> version.versionStages().get(0), SecretVersionsListEntry::versionId)));
    }

    private static void refusals(SecretsManagerClient secrets, String arn, Map<String, Object> seen) {
        Class<ResourceNotFoundException> missing = ResourceNotFoundException.class;
        seen.put("invalidDeletion", Refusal.of(missing, () -> secrets.deleteSecret(
            b -> b.secretId(arn).forceDeleteWithoutRecovery(true).recoveryWindowInDays(7L))));
        secrets.deleteSecret(b -> b.secretId(arn).forceDeleteWithoutRecovery(true));
        seen.put("missingSecret", Refusal.of(missing, () -> secrets.getSecretValue(b -> b.secretId(arn))));
        seen.put("missingName", Refusal.of(missing, () -> secrets.describeSecret(b -> b.secretId("none"))));
    }
}
