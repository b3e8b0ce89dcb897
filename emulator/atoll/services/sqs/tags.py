"""Tags of queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.services.sqs.errors import invalid_parameter, invalid_value

MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_SIGNS = frozenset("_.:/=+-@")


def check_tags(queue: str, old: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Checks tags that are added to those that the queue has. Raises InvalidParameterValue."""
    for key, value in given.items():
        if not 1 <= len(key) <= MAX_KEY:
            raise invalid_value(key, "Tag.Key", f"Tag keys must be between 1 and {MAX_KEY} characters in length.")
        if key.lower().startswith("aws:"):
            raise invalid_value(key, "Tag.Key", "Tag keys starting with 'aws:' are reserved for system use.")
        if len(value) > MAX_VALUE:
            raise invalid_value(value, "Tag.Value", f"Tag values must be at most {MAX_VALUE} characters in length.")
        if value.lower().startswith("aws:"):
            raise invalid_value(value, "Tag.Value", "Tag values starting with 'aws:' are reserved for system use.")
        _check_characters(key, "Tag.Key", "Tag keys")
        _check_characters(value, "Tag.Value", "Tag values")
    if len({**old, **given}) > MAX_TAGS:
        raise invalid_parameter(f"Too many tags added for queue {queue}.")


def _check_characters(text: str, name: str, what: str) -> None:
    if not all(character.isalnum() or character.isspace() or character in _SIGNS for character in text):
        raise invalid_value(
            text, name, f"{what} can only include Unicode letters, digits, white space and the symbols _ . : / = + - @."
        )
