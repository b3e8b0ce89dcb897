"""Which operations of STS a caller's credentials may call."""

from __future__ import annotations

from atoll.core.caller import Caller
from atoll.services.sts.errors import access_denied
from atoll.services.sts.roles import is_role_session


def demand_role_or_long_term(caller: Caller, operation: str) -> None:
    """Raises AccessDenied for credentials of GetFederationToken, which call no operation of STS but GetCallerIdentity,
    and of GetSessionToken, which call AssumeRole besides.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    session = caller.session
    if session is None or is_role_session(caller):
        return
    of_session_token = not session.chain
    if is_federated(caller) or (of_session_token and operation != "AssumeRole"):
        raise access_denied(f"Cannot call {operation} with session credentials")


def demand_long_term(caller: Caller, operation: str) -> None:
    """Raises AccessDenied for temporary credentials of any kind."""
    if caller.session is not None:
        raise access_denied(f"Cannot call {operation} with session credentials")


def is_federated(caller: Caller) -> bool:
    return ":federated-user/" in caller.principal
