"""Attestation documents of Nitro enclaves, by which a key's user asks for what only the enclave can read.

https://docs.aws.amazon.com/kms/latest/developerguide/services-nitro-enclaves.html
"""

from __future__ import annotations

from typing import NoReturn

from atoll.services.kms.errors import unsupported


def refuse_recipient() -> NoReturn:
    """There are no enclaves here whose documents could be verified. Raises UnsupportedOperationException."""
    raise unsupported("Attestation documents of Nitro enclaves are not supported: Recipient must not be specified.")
