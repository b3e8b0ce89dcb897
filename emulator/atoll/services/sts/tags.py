"""Session tags, and how they pass along a chain of roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from atoll.core.caller import Session
from atoll.services.sts.errors import invalid_parameter_value, validation_error

_SIGNS = frozenset("_.:/=+-@")


RESERVED = "Tag keys and values that begin with aws: are reserved for system use."


class SessionTags(NamedTuple):
    tags: dict[str, str]
    transitive: tuple[str, ...]


NO_TAGS = SessionTags({}, ())


def read_tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A request's list of tags. Raises InvalidParameterValue where keys differ in nothing but case or are reserved,
    ValidationError where they have characters that AWS does not take."""
    tags: dict[str, str] = {}
    seen: set[str] = set()
    for number, tag in enumerate(given, 1):
        key = tag["Key"]
        _check_characters(key, f"tags.{number}.member.key", "+")
        _check_characters(tag.get("Value", ""), f"tags.{number}.member.value", "*")
        if is_reserved(key, tag.get("Value", "")):
            raise invalid_parameter_value(RESERVED)
        if key.lower() in seen:
            raise invalid_parameter_value("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        seen.add(key.lower())
        tags[key] = tag.get("Value", "")
    return tags


def is_reserved(key: str, value: str) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules"""
    return key.lower().startswith("aws:") or value.lower().startswith("aws:")


def _check_characters(text: str, at: str, many: str) -> None:
    """The model's pattern names classes of characters that Python's patterns have no words for."""
    if not all(character in _SIGNS or unicodedata.category(character)[0] in "LZN" for character in text):
        raise validation_error(
            f"1 validation error detected: Value '{text}' at '{at}' failed to satisfy constraint: Member must satisfy "
            rf"regular expression pattern: [\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]{many}"
        )


def join_tags(passed: dict[str, str], transitive: Iterable[str], session: Session | None) -> SessionTags:
    """The tags of a new session: those passed, and those that pass on from the calling session.

    Raises InvalidParameterValue.
    """
    keys = {key.lower() for key in passed}
    wanted = {key.lower() for key in transitive}
    if not wanted <= keys:
        raise invalid_parameter_value("The specified transitive tag key must be included in the requested tags.")
    inherited: dict[str, str] = {}
    if session is not None:
        inherited = {key: value for key, value in session.tags.items() if key in session.transitive_tags}
    if any(key.lower() in keys for key in inherited):
        raise invalid_parameter_value(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    on = (*inherited, *(key for key in passed if key.lower() in wanted))
    return SessionTags({**inherited, **passed}, on)
