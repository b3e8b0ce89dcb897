"""Tags of topics.

https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.core.errors import AwsError
from atoll.core.xml_text import not_in_xml
from atoll.services.sns.errors import invalid_parameter

MAX_TAGS = 50
_SIGNS = frozenset("_.:/=+-@")


def read_tags(given: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Raises InvalidParameterException."""
    tags: dict[str, str] = {}
    for tag in given or ():
        key, value = tag["Key"], tag["Value"]
        if key in tags:
            raise invalid_parameter("Duplicated keys are not allowed.")
        if key.lower().startswith("aws:"):
            raise invalid_parameter("Tag keys that start with 'aws:' are reserved for system use.")
        for text in (key, value):
            if not_in_xml(text) or not all(each.isalnum() or each.isspace() or each in _SIGNS for each in text):
                raise invalid_parameter("Tag keys and values can only have letters, digits, spaces and _ . : / = + - @")
        tags[key] = value
    return tags


def merged_tags(old: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Raises TagLimitExceededException."""
    tags = {**old, **given}
    if len(tags) > MAX_TAGS:
        raise AwsError("TagLimitExceededException", "Could not complete request: tag quota of per resource exceeded")
    return tags


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
