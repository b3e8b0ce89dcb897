import { constants, createPublicKey, verify } from "node:crypto";
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  NotFoundException,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import { refused } from "./refusals.js";

const MISSING = "00000000-0000-4000-8000-000000000000";

const kms = new KMSClient();

/** `key` and `signingKey` are the ARNs of a symmetric key and of an RSA key; without them two are made. */
export async function round(key, signingKey) {
  const seen = {
    key: key ?? (await created({})),
    signingKey: signingKey ?? (await created({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" })),
  };
  await encryption(seen.key, seen);
  await signatures(seen.signingKey, seen);
  seen.missingKey = await refused(kms, new DescribeKeyCommand({ KeyId: MISSING }), NotFoundException);
  return seen;
}

async function created(parameters) {
  return (await kms.send(new CreateKeyCommand(parameters))).KeyMetadata.Arn;
}

async function encryption(KeyId, seen) {
  const EncryptionContext = { kind: "greeting" };
  const Plaintext = new TextEncoder().encode("żółw & <b>");
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
  const decrypted = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  seen.decrypted = new TextDecoder().decode(decrypted.Plaintext);
  seen.decryptedBy = decrypted.KeyId;
  seen.wrongContext = await refused(kms, new DecryptCommand({ CiphertextBlob }), NotFoundException);

  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  const unwrapped = await kms.send(new DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob }));
  seen.dataKeyBytes = dataKey.Plaintext.length;
  seen.sameDataKey = Buffer.compare(dataKey.Plaintext, unwrapped.Plaintext) === 0;
}

async function signatures(KeyId, seen) {
  const Message = new TextEncoder().encode("żółw & <b>");
  const signed = { KeyId, Message, SigningAlgorithm: "RSASSA_PSS_SHA_256" };
  const { Signature } = await kms.send(new SignCommand(signed));
  seen.valid = (await kms.send(new VerifyCommand({ ...signed, Signature }))).SignatureValid;
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  seen.validByPublicKey = verify("sha256", Message, pss, Signature);
  const other = { ...signed, Message: new TextEncoder().encode("another"), Signature };
  seen.wrongSignature = await refused(kms, new VerifyCommand(other), NotFoundException);
}
