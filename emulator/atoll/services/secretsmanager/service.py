"""The service object that the operations register with."""

from __future__ import annotations

from pathlib import Path

from atoll.core.service import Schema, Service
from atoll.services.secretsmanager.access import ACCESS

LONGEST_BODY = 1024 * 1024
"""Bytes: 65,536 characters take six bytes each of JSON where they are escaped, and there are tags beside them."""

secretsmanager = Service(
    "secretsmanager",
    access=ACCESS,
    schema=Schema(1, Path(__file__).with_name("schema.sql").read_text(), arns=(("secret", "policy"),)),
    longest_body=LONGEST_BODY,
)
