import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { refused } from "./refusals.js";

const secrets = new SecretsManagerClient();

/** `secret` is the name of a secret to be made or the ARN of one that is there. */
export async function round(secret) {
  const made = secret.startsWith("arn:") ? secret : await created(secret);
  const { ARN: SecretId, SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: made }));
  const seen = { secret: SecretId, first: SecretString };

  const SecretBinary = new TextEncoder().encode("żółw & <b>");
  const put = await secrets.send(new PutSecretValueCommand({ SecretId, SecretBinary }));
  const second = await secrets.send(new GetSecretValueCommand({ SecretId, VersionId: put.VersionId }));
  seen.second = new TextDecoder().decode(second.SecretBinary);
  const previous = new GetSecretValueCommand({ SecretId, VersionStage: "AWSPREVIOUS" });
  seen.previous = (await secrets.send(previous)).SecretString;
  const { Versions } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId }));
  seen.stages = Object.fromEntries(Versions.map((version) => [version.VersionStages[0], version.VersionId]));
  seen.versionPut = put.VersionId;

  const both = new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true, RecoveryWindowInDays: 7 });
  seen.invalidDeletion = await refused(secrets, both, ResourceNotFoundException);
  await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
  seen.missingSecret = await refused(secrets, new GetSecretValueCommand({ SecretId }), ResourceNotFoundException);
  seen.missingName = await refused(secrets, new DescribeSecretCommand({ SecretId: "none" }), ResourceNotFoundException);
  return seen;
}

async function created(Name) {
  return (await secrets.send(new CreateSecretCommand({ Name, SecretString: "żółw & <b>" }))).ARN;
}
