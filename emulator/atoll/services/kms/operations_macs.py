"""Message authentication codes.

https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
"""

from __future__ import annotations

import hmac

from atoll.core.call import Call
from atoll.services.kms.errors import invalid_mac
from atoll.services.kms.keys import Key, check_use, find_key
from atoll.services.kms.materials import hmac_key
from atoll.services.kms.service import kms
from atoll.services.kms.specs import MAC
from atoll.services.kms.usage import Result, check_call, finish, makes_managed_keys
from atoll.tenants import Tenant

_DIGESTS = {f"HMAC_SHA_{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)}


@kms.operation("GenerateMac", readonly=True)
@makes_managed_keys
def generate_mac(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html"""
    key, algorithm, mac = _mac_of(call, tenant, "GenerateMac")
    return finish(call, tenant, key, "GenerateMac", {"KeyId": key.arn, "Mac": mac, "MacAlgorithm": algorithm})


@kms.operation("VerifyMac", readonly=True)
@makes_managed_keys
def verify_mac(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html"""
    key, algorithm, mac = _mac_of(call, tenant, "VerifyMac")
    if not hmac.compare_digest(mac, call["Mac"]):
        raise invalid_mac()
    return finish(call, tenant, key, "VerifyMac", {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": algorithm})


def _mac_of(call: Call, tenant: Tenant, operation: str) -> tuple[Key, str, bytes]:
    key = find_key(tenant, call["KeyId"])
    algorithm: str = call["MacAlgorithm"]
    check_use(key, MAC, operation, algorithm)
    check_call(call)
    return key, algorithm, hmac.digest(hmac_key(tenant, key), call["Message"], _DIGESTS[algorithm])
