"""The service object that the operations register with."""

from __future__ import annotations

from pathlib import Path

from atoll.core.service import Schema, Service
from atoll.services.kms.access import ACCESS

LONGEST = 1024 * 1024
"""Bytes of a body: a policy of 128 KiB, escaped, or an attestation document of 256 KiB as base64."""

kms = Service(
    "kms",
    access=ACCESS,
    schema=Schema(
        1,
        Path(__file__).with_name("schema.sql").read_text(),
        arns=(
            ("key", "policy"),
            ("key_grant", "grantee"),
            ("key_grant", "retiring"),
            ("key_grant", "constraints"),
            ("retirable", "key"),
            ("retirable", "retiring"),
            ("retirable", "shown"),
        ),
    ),
    longest_body=LONGEST,
)
