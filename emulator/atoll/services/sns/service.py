"""The service object that the operations register with."""

from __future__ import annotations

from pathlib import Path

from atoll.core.service import LONGEST_BODY, Schema, Service
from atoll.services.sns.access import ACCESS

WITHOUT_MESSAGES = 1024 * 1024
"""Bytes of a body: a filter policy of 256 KB, of whose bytes each may take three of a form, and what stands beside."""

sns = Service(
    "sns",
    access=ACCESS,
    schema=Schema(
        1,
        Path(__file__).with_name("schema.sql").read_text(),
        arns=(
            ("topic", "attributes"),
            ("topic", "protection"),
            ("subscription", "endpoint"),
            ("subscription", "attributes"),
            ("subscription_mirror", "topic"),
            ("subscription_mirror", "endpoint"),
            ("platform_application", "attributes"),
        ),
    ),
    longest_body=WITHOUT_MESSAGES,
    longest_bodies={"Publish": LONGEST_BODY, "PublishBatch": LONGEST_BODY},
)
