"""Secrets Manager's access table: an ARN says whose secret is meant, whole or without its last characters; a name means
the caller's own.

What AWS lets cross accounts:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
Nothing of it crosses regions on AWS: there are replicas for that.
"""

from __future__ import annotations

from atoll.core.access import Access, ByAccount, ByArn, Crossing, First, Here

BY_ID = ByArn("SecretId")
SHARED = Access(BY_ID, aws=Crossing.ACCOUNT)
OWN = Access(BY_ID)
KEYED = Access(BY_ID, also=(ByArn("KmsKeyId"),), aws=Crossing.ACCOUNT)
REPLICA = Access(First(ByArn("ReplicaArn"), ByAccount("Account", region="Region")), aws=Crossing.BOTH)

ACCESS = {
    "AssociateCrossAccountReplica": Access(BY_ID, also=(ByArn("CrossAccountReplicaARN"),)),
    "BatchGetSecretValue": Access(Here(), also=(ByArn("SecretIdList"),)),
    "CancelRotateSecret": SHARED,
    "CreateSecret": Access(Here(), also=(ByArn("KmsKeyId"), ByArn("CrossAccountPrimaryARN"))),
    "DeleteResourcePolicy": SHARED,
    "DeleteSecret": SHARED,
    "DescribeSecret": SHARED,
    "DisassociateCrossAccountReplica": Access(BY_ID, also=(ByArn("CrossAccountReplicaARN"),)),
    "GetRandomPassword": Access(Here(), aws=Crossing.ACCOUNT),
    "GetResourcePolicy": SHARED,
    "GetSecretValue": SHARED,
    "ListResourcePolicies": OWN,
    "ListSecrets": Access(Here()),
    "ListSecretVersionIds": SHARED,
    "PutResourcePolicy": SHARED,
    "PutSecretValue": SHARED,
    "RemoveRegionsFromReplication": SHARED,
    "ReplicateSecretToRegions": SHARED,
    "RestoreSecret": SHARED,
    "RotateSecret": Access(BY_ID, also=(ByArn("RotationLambdaARN"),), aws=Crossing.ACCOUNT),
    "StopReplicationToReplica": SHARED,
    "TagResource": SHARED,
    "UntagResource": SHARED,
    "UpdateSecret": KEYED,
    "UpdateSecretVersionStage": SHARED,
    "ValidateResourcePolicy": SHARED,
    # What primary and replica say to each other.
    "AcceptCrossAccountReplication": REPLICA,
    "ReplicateSecret": REPLICA,
    "FailReplica": REPLICA,
    "ForgetPrimary": REPLICA,
    "ReportReplica": Access(ByArn("PrimaryArn"), aws=Crossing.BOTH),
}
