import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.kms.model.SigningAlgorithmSpec;

final class KmsRound {
    private static final Class<NotFoundException> MISSING = NotFoundException.class;
    private static final SdkBytes TEXT = SdkBytes.fromUtf8String("żółw & <b>");

    private KmsRound() {}

    /** {@code keys} are the ARNs of a symmetric key and of an RSA key; without them two are made. */
    static void play(List<String> keys, Map<String, Object> seen) {
        try (KmsClient kms = KmsClient.create()) {
            String key = keys.isEmpty() ? kms.createKey(b -> {}).keyMetadata().arn() : keys.get(0);
            String signingKey = keys.isEmpty()
                ? kms.createKey(b -> b.keySpec(KeySpec.RSA_2048).keyUsage(KeyUsageType.SIGN_VERIFY)).keyMetadata().arn()
                : keys.get(1);
            seen.put("key", key);
            seen.put("signingKey", signingKey);
            encryption(kms, key, seen);
            signatures(kms, signingKey, seen);
            String nobody = "00000000-0000-4000-8000-000000000000";
            seen.put("missingKey", Refusal.of(MISSING, () -> kms.describeKey(b -> b.keyId(nobody))));
        }
    }

    private static void encryption(KmsClient kms, String key, Map<String, Object> seen) {
        Map<String, String> context = Map.of("kind", "greeting");
        SdkBytes encrypted = kms.encrypt(b -> b.keyId(key).plaintext(TEXT).encryptionContext(context)).ciphertextBlob();
        DecryptResponse decrypted = kms.decrypt(b -> b.ciphertextBlob(encrypted).encryptionContext(context));
        seen.put("decrypted", decrypted.plaintext().asUtf8String());
        seen.put("decryptedBy", decrypted.keyId());
        seen.put("wrongContext", Refusal.of(MISSING, () -> kms.decrypt(b -> b.ciphertextBlob(encrypted))));

        GenerateDataKeyResponse dataKey = kms.generateDataKey(b -> b.keyId(key).keySpec(DataKeySpec.AES_256));
        SdkBytes unwrapped = kms.decrypt(b -> b.ciphertextBlob(dataKey.ciphertextBlob())).plaintext();
        seen.put("dataKeyBytes", dataKey.plaintext().asByteArray().length);
        seen.put("sameDataKey", dataKey.plaintext().equals(unwrapped));
    }

    private static void signatures(KmsClient kms, String key, Map<String, Object> seen) {
        SigningAlgorithmSpec algorithm = SigningAlgorithmSpec.RSASSA_PSS_SHA_256;
        SdkBytes signature = kms.sign(b -> b.keyId(key).message(TEXT).signingAlgorithm(algorithm)).signature();
        seen.put("valid", kms.verify(
            b -> b.keyId(key).message(TEXT).signature(signature).signingAlgorithm(algorithm)).signatureValid());
        seen.put("validByPublicKey", valid(kms.getPublicKey(b -> b.keyId(key)).publicKey(), signature));
        SdkBytes another = SdkBytes.fromUtf8String("another");
        seen.put("wrongSignature", Refusal.of(MISSING, () -> kms.verify(
            b -> b.keyId(key).message(another).signature(signature).signingAlgorithm(algorithm))));
    }

    private static boolean valid(SdkBytes publicKey, SdkBytes signature) {
        try {
            X509EncodedKeySpec encoded = new X509EncodedKeySpec(publicKey.asByteArray());
            PublicKey key = KeyFactory.getInstance("RSA").generatePublic(encoded);
            Signature verifier = Signature.getInstance("RSASSA-PSS");
            verifier.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
            verifier.initVerify(key);
            verifier.update(TEXT.asByteArray());
            return verifier.verify(signature.asByteArray());
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }
}
