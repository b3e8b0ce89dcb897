"""AWS Security Token Service: temporary credentials, and who calls.

https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""

from __future__ import annotations

from atoll.core.service import Service


def load() -> Service:
    """The service with its operations registered."""
    from atoll.services.sts import operations_federation, operations_identity, operations_roles, operations_sessions
    from atoll.services.sts.service import sts

    for module in (operations_identity, operations_roles, operations_federation, operations_sessions):
        assert module.sts is sts
    return sts
