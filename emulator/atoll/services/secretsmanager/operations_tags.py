"""Tags of secrets."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.services.secretsmanager.retrying import told
from atoll.services.secretsmanager.secrets import own_in_account, update
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.tags import merged
from atoll.tenants import Tenant


@secretsmanager.operation("TagResource")
def tag_resource(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html"""
    secret = own_in_account(tenant, call["SecretId"])
    return told(call, tenant, update(tenant, secret, tags=merged(secret.tags, call["Tags"])), {})


@secretsmanager.operation("UntagResource")
def untag_resource(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html"""
    secret = own_in_account(tenant, call["SecretId"])
    gone = set(call["TagKeys"])
    tags = {key: value for key, value in secret.tags.items() if key not in gone}
    return told(call, tenant, update(tenant, secret, tags=tags), {})
