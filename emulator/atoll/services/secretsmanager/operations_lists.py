"""The secrets of an account in a region."""

from __future__ import annotations

from collections.abc import Callable

from atoll.core.call import Call, Params
from atoll.services.secretsmanager.filters import matching
from atoll.services.secretsmanager.pages import Place, page
from atoll.services.secretsmanager.secrets import Secret
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.showing import listed
from atoll.tenants import Tenant

MAX_RESULTS = 100
_SORTED: dict[str, Callable[[Secret], Place]] = {
    "created-date": lambda secret: [secret.created, secret.id],
    "last-accessed-date": lambda secret: [secret.accessed or 0, secret.id],
    "last-changed-date": lambda secret: [secret.changed, secret.id],
    "name": lambda secret: [secret.name, secret.id],
}


@secretsmanager.operation("ListSecrets", readonly=True)
def list_secrets(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html"""
    found = matching(tenant, call.get("Filters") or [])
    if not call.get("IncludePlannedDeletion"):
        found = [secret for secret in found if secret.deleted is None]
    secrets, token = page(
        found,
        _SORTED[call.get("SortBy") or "created-date"],
        call.get("MaxResults") or MAX_RESULTS,
        call.get("NextToken"),
        descending=call.get("SortOrder") == "desc",
    )
    return {"SecretList": [listed(tenant, secret) for secret in secrets], "NextToken": token}
