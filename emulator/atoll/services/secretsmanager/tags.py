"""Tags of secrets.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.services.secretsmanager.errors import invalid_parameter, invalid_request, limit_exceeded

MAX_TAGS = 50


def merged(old: Mapping[str, str], given: list[dict[str, Any]]) -> dict[str, str]:
    """The tags with those that a caller gives. Raises InvalidParameterException, InvalidRequestException,
    LimitExceededException."""
    tags: dict[str, str] = {}
    for tag in given:
        key = tag.get("Key")
        if key is None:
            raise invalid_parameter("You must provide a key for each tag.")
        if key.lower().startswith("aws:"):
            raise invalid_request("Tag keys that start with aws: are reserved for internal use.")
        if key in tags:
            raise invalid_parameter(f"Tag keys must be unique, but {key} was given more than once.")
        tags[key] = tag.get("Value") or ""
    together = {**old, **tags}
    if len(together) > MAX_TAGS:
        raise limit_exceeded(f"You can't attach more than {MAX_TAGS} tags to a secret.")
    return together


def shown(tags: Mapping[str, str]) -> list[dict[str, str]] | None:
    return [{"Key": key, "Value": value} for key, value in tags.items()] or None
