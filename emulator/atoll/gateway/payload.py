"""A streamed body whose hash was signed, checked as it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

from atoll.gateway.claims import Claim
from atoll.gateway.refusals import Reason


async def checked(body: AsyncIterator[bytes], declared: str, claim: Claim) -> AsyncIterator[bytes]:
    """The body's pieces; raises NotAuthenticated after the last one where they are not what was signed."""
    digest = sha256()
    async for piece in body:
        digest.update(piece)
        yield piece
    computed = digest.hexdigest()
    if computed != declared:
        raise claim.refused(Reason.BODY_HASH, declared=declared, computed=computed)


async def whole(body: AsyncIterator[bytes]) -> bytes:
    """All of a body, for what can only be verified at hand. The server has bounded it."""
    return b"".join([piece async for piece in body])
