"""How a request reached the endpoint: what is rendered in its caller's terms (queue URLs) goes by that."""

from __future__ import annotations

from atoll.core.bounded import keep
from atoll.core.call import Origin
from atoll.wire.http import Request

_MOST = 1_000
_LONGEST = 512
"""Characters of a User-Agent that is remembered."""
_TERRAFORM = ("Terraform/", "Pulumi-Aws/")
"""What the User-Agent of Terraform's AWS provider says, and of Pulumi's, which is built on it."""


class Origins:
    """Few differ, so they are kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Origin] = {}

    def of(self, request: Request) -> Origin:
        headers = request.headers
        key = (request.scheme, headers.get("host", "localhost"), headers.get("user-agent", ""))
        return self._known.get(key) or self._read(*key)

    def _read(self, scheme: str, host: str, agent: str) -> Origin:
        origin = Origin(scheme, host, any(name in agent for name in _TERRAFORM))
        if len(agent) <= _LONGEST:
            keep(self._known, (scheme, host, agent), origin, _MOST)
        return origin
