"""Links that are followed without a signature, by people and by endpoints: they say which realm they are of."""

from __future__ import annotations

from urllib.parse import parse_qs

from atoll.core.tenant_id import DEFAULT_REALM

_PARAMETER = "X-Atoll-Realm"


def link_start(base: str, realm: str, action: str) -> str:
    """The URL of an action, to be gone on with its first parameter. `base` is the endpoint."""
    of_realm = "" if realm == DEFAULT_REALM else f"{_PARAMETER}={realm}&"
    return f"{base}/?Action={action}&{of_realm}"


def realm_of_link(query: str) -> str:
    """The realm that a query string names; empty where it names none."""
    return parse_qs(query).get(_PARAMETER, [""])[0] if _PARAMETER in query else ""
