"""Data protection policies: checked and kept; what they would audit, mask or deny passes as it is.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html
"""

from __future__ import annotations

from atoll.core.json_objects import read_object
from atoll.core.xml_text import not_in_xml
from atoll.services.sns.errors import invalid_parameter

MAX_BYTES = 30_720
NEEDED = ("Name", "Version", "Statement")
DIRECTIONS = ("Inbound", "Outbound")
OPERATIONS = frozenset(("Audit", "Deidentify", "Deny"))


def check_data_protection_policy(text: str) -> None:
    """Raises InvalidParameterException."""
    policy = read_object(text)
    if policy is None or len(text.encode()) > MAX_BYTES or not_in_xml(text):
        raise invalid_parameter("DataProtectionPolicy Reason: Invalid policy document")
    for name in NEEDED:
        if not policy.get(name):
            raise invalid_parameter(f"DataProtectionPolicy Reason: Missing required field {name}")
    statements = policy["Statement"]
    if isinstance(statements, list):
        for statement in statements:
            if isinstance(statement, dict) and statement.get("DataDirection") not in DIRECTIONS:
                raise invalid_parameter(
                    "DataProtectionPolicy Reason: Statement DataDirection must be either Inbound or Outbound"
                )
    if not isinstance(statements, list) or not all(map(_is_statement, statements)):
        raise invalid_parameter("DataProtectionPolicy Reason: Invalid statement")


def _is_statement(statement: object) -> bool:
    if not isinstance(statement, dict):
        return False
    operation = statement.get("Operation")
    return (
        statement.get("DataDirection") in DIRECTIONS
        and isinstance(statement.get("DataIdentifier"), list)
        and isinstance(operation, dict)
        and len(operation) == 1
        and operation.keys() <= OPERATIONS
    )
