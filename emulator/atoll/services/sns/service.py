"""The service object that the operations register with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atoll.core.access import ByArn
from atoll.core.service import LONGEST_BODY, Schema, Service
from atoll.services.sns.access import ACCESS
from atoll.services.sns.errors import invalid_parameter

WITHOUT_MESSAGES = 1024 * 1024
"""Bytes of a body: a filter policy of 256 KB, of whose bytes each may take three of a form, and what stands beside."""

_REQUIRED = {
    name: row.owner.parameter
    for name, row in ACCESS.items()
    if isinstance(row.owner, ByArn) and row.owner.parameter != "ResourceArn"
}
"""The ARN that says whose resource is meant: AWS asks for it before it looks at any other parameter."""


def require_arn(request: Any, operation: str, params: dict[str, Any]) -> None:
    """Raises InvalidParameterException."""
    name = _REQUIRED.get(operation)
    if name is not None and params.get(name) is None:
        raise invalid_parameter(f"{name} Reason: no value for required parameter")


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
        under_way=("posting", "posted"),
    ),
    complete=require_arn,
    longest_body=WITHOUT_MESSAGES,
    longest_bodies={"Publish": LONGEST_BODY, "PublishBatch": LONGEST_BODY},
)
