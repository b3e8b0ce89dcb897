"""The secrets of an account in a region."""

from __future__ import annotations

from collections.abc import Callable

from atoll.core.call import Call, Params
from atoll.core.page_tokens import Listing
from atoll.services.secretsmanager.errors import invalid_next_token
from atoll.services.secretsmanager.filters import matching
from atoll.services.secretsmanager.pages import Place, page, read_token, write_token
from atoll.services.secretsmanager.secrets import Secret, sorted_secrets
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.showing import listed
from atoll.tenants import Tenant

MAX_RESULTS = 100
_SORTED: dict[str, tuple[str, Callable[[Secret], Place]]] = {
    "created-date": ("created", lambda secret: [secret.created, secret.id]),
    "last-accessed-date": ("ifnull(accessed, 0)", lambda secret: [secret.accessed or 0, secret.id]),
    "last-changed-date": ("changed", lambda secret: [secret.changed, secret.id]),
    "name": ("name", lambda secret: [secret.name, secret.id]),
}


@secretsmanager.operation("ListSecrets", readonly=True)
def list_secrets(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html"""
    column, place_of = _SORTED[call.get("SortBy") or "created-date"]
    descending = call.get("SortOrder") == "desc"
    with_deleted = bool(call.get("IncludePlannedDeletion"))
    most: int = call.get("MaxResults") or MAX_RESULTS
    token: str | None = call.get("NextToken")
    of = Listing(call.operation, tenant.id, column, descending, with_deleted, call.get("Filters"))
    if call.get("Filters"):
        found = [secret for secret in matching(tenant, call["Filters"]) if with_deleted or secret.deleted is None]
        secrets, token = page(found, place_of, most, token, of, descending=descending)
    else:
        after = None if token is None else read_token(token, of)
        if after is not None and len(after) != 2:
            raise invalid_next_token()
        rows = sorted_secrets(
            tenant, column, most=most + 1, after=after, descending=descending, with_deleted=with_deleted
        )
        secrets = [secret for secret, _ in rows[:most]]
        token = write_token(rows[most - 1][1], of) if len(rows) > most else None
    return {"SecretList": [listed(tenant, secret) for secret in secrets], "NextToken": token}
