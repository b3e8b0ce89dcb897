"""Who may have a value, and whether two are the same."""

from __future__ import annotations

from atoll.core.call import Call
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.encryption import unseal
from atoll.services.secretsmanager.errors import default_key_of_another_account
from atoll.services.secretsmanager.versions import Value, Version
from atoll.tenants import Tenant


class Again(AwsError):
    """What the transaction rests on is not so any more: it is to be prepared anew. An AwsError, since only those leave
    a transaction as they are."""

    def __init__(self) -> None:
        super().__init__("InternalFailure", fault="Receiver")


def check_caller(tenant: Tenant, call: Call, kms_key: str | None) -> None:
    """aws/secretsmanager is its account's only. Raises InvalidRequestException."""
    if kms_key is None and call.caller.account != tenant.id.account:
        raise default_key_of_another_account()


async def same_value(call: Call, lagoon: Lagoon, version: Version, value: Value) -> bool:
    """Raises as `unseal` does."""
    if not version.seals or bool(version.is_binary) != value.is_binary:
        return False
    opened, _ = await unseal(call, lagoon, version.seals, version.version_id)
    return opened == value.data
