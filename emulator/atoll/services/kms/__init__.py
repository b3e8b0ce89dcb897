"""AWS KMS: all operations.

https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from atoll.core.service import Service


def load() -> Service:
    """The service with its operations registered."""
    from atoll.services.kms import (
        operations_agreement,
        operations_aliases,
        operations_data_keys,
        operations_deletion,
        operations_encryption,
        operations_grants,
        operations_import,
        operations_keys,
        operations_macs,
        operations_multi_region,
        operations_policies,
        operations_rotation,
        operations_signing,
        operations_stores,
        operations_tags,
        timers,
    )
    from atoll.services.kms.service import kms

    for module in (
        operations_keys,
        operations_aliases,
        operations_policies,
        operations_tags,
        operations_encryption,
        operations_data_keys,
        operations_signing,
        operations_macs,
        operations_agreement,
        operations_grants,
        operations_deletion,
        operations_rotation,
        operations_multi_region,
        operations_import,
        operations_stores,
        timers,
    ):
        assert module.kms is kms
    return kms
