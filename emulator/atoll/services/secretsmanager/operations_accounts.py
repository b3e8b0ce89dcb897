"""Replicas in another account: its owner makes one for a primary, the primary's owner links the two.

Values go to it like to a replica in another region. Its tags and its policy are its own account's.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
"""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.arns import SERVICE, check_elsewhere, template
from atoll.services.secretsmanager.errors import (
    invalid_request,
    limit_exceeded,
    secret_not_found,
)
from atoll.services.secretsmanager.operations_replicas import send_all, tell_gone
from atoll.services.secretsmanager.replicas import (
    DETACHED,
    IN_PROGRESS,
    Replica,
    drop_replica,
    primary_of,
    replicas_of,
)
from atoll.services.secretsmanager.secrets import own, update, with_arn, with_id
from atoll.services.secretsmanager.service import secretsmanager
from atoll.tenants import Tenant


@secretsmanager.operation("AssociateCrossAccountReplica")
async def associate_cross_account_replica(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_AssociateCrossAccountReplica.html"""
    arn: str = call["CrossAccountReplicaARN"]
    check_elsewhere(arn, lagoon.here, "replica", "primary")
    primary = await lagoon.transaction(_check_primary, call)
    answer = await lagoon.call(
        call, SERVICE, "AcceptCrossAccountReplication", {"ReplicaArn": arn, "PrimaryArn": primary}
    )
    role = call.get("ReplicationRoleARN")
    replica = Replica(
        template(arn, lagoon.here),
        answer["KmsKey"],
        IN_PROGRESS,
        None,
        None,
        None if role is None else template(role, lagoon.here),
    )
    secret = await send_all(call, lagoon, [replica], whole=True, check=_check_primary)
    status = await lagoon.transaction(_status, secret.id, replica.place)
    return {"ARN": secret.arn, "CrossAccountReplicaARN": arn, "ReplicationStatus": status}


def _check_primary(tenant: Tenant, call: Call) -> str:
    """Its ARN."""
    secret = own(tenant, call["SecretId"])
    place = template(call["CrossAccountReplicaARN"], tenant.id)
    for replica in replicas_of(tenant, secret):
        if replica.in_another_account and replica.place != place and replica.status != DETACHED:
            raise limit_exceeded("A primary secret can have at most one cross-account replica.")
    return secret.arn


def _status(tenant: Tenant, id: int, place: str) -> str:
    secret = with_id(tenant, id)
    found = [] if secret is None else replicas_of(tenant, secret)
    return next((replica.status for replica in found if replica.place == place), DETACHED)


@secretsmanager.operation("DisassociateCrossAccountReplica")
def disassociate_cross_account_replica(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DisassociateCrossAccountReplica.html"""
    secret = own(tenant, call["SecretId"])
    place = template(call["CrossAccountReplicaARN"], tenant.id)
    replica = next((each for each in replicas_of(tenant, secret) if each.place == place), None)
    if replica is None or not replica.in_another_account:
        raise invalid_request("The secret isn't associated with the specified cross-account replica secret.")
    drop_replica(tenant, secret, place)
    tell_gone(tenant, call, secret, replica)
    return {"ARN": update(tenant, secret).arn, "CrossAccountReplicaARN": call["CrossAccountReplicaARN"]}


@secretsmanager.operation("AcceptCrossAccountReplication", readonly=True, internal=True)
def accept_cross_account_replication(call: Call, tenant: Tenant) -> Params:
    """A primary asks for the replica that was made for it. The answer is the KMS key under which it keeps values."""
    secret = with_arn(tenant, call["ReplicaArn"])
    if secret is None:
        raise secret_not_found()
    if secret.primary_arn is None or primary_of(tenant, secret)[0] != call["PrimaryArn"]:
        raise invalid_request("The replica secret wasn't created as a cross-account replica of the primary secret.")
    return {"KmsKey": secret.kms_key}
