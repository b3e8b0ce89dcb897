"""How a request reached the endpoint: what is rendered in its caller's terms (queue URLs) goes by that."""

from __future__ import annotations

from atoll.core.bounded import keep
from atoll.core.call import Origin
from atoll.wire.http import Request

_MOST = 1_000
_TERRAFORM = ("Terraform/", "Pulumi-Aws/")
"""What the User-Agent of Terraform's AWS provider says, and of Pulumi's, which is built on it."""


class Origins:
    """Few differ, so they are kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, bool], Origin] = {}

    def of(self, request: Request) -> Origin:
        agent = request.headers.get("user-agent", "")
        terraform = _TERRAFORM[0] in agent or _TERRAFORM[1] in agent
        key = (request.scheme, request.headers.get("host", "localhost"), terraform)
        origin = self._known.get(key)
        if origin is None:
            origin = Origin(*key)
            keep(self._known, key, origin, _MOST)
        return origin
