"""AWS Secrets Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
"""

from __future__ import annotations

from atoll.core.service import Service


def load() -> Service:
    """The service with its operations registered."""
    from atoll.services.secretsmanager import (
        operations_accounts,
        operations_lists,
        operations_passwords,
        operations_policies,
        operations_replicas,
        operations_rotation,
        operations_secrets,
        operations_tags,
        operations_values,
        operations_versions,
        timers,
    )
    from atoll.services.secretsmanager.service import secretsmanager

    for module in (
        operations_secrets,
        operations_values,
        operations_versions,
        operations_lists,
        operations_tags,
        operations_policies,
        operations_passwords,
        operations_replicas,
        operations_accounts,
        operations_rotation,
        timers,
    ):
        assert module.secretsmanager is secretsmanager
    return secretsmanager
