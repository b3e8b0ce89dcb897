"""Session tags, and how they pass along a chain of roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from atoll.core.caller import Session
from atoll.services.sts.errors import invalid_parameter_value


class SessionTags(NamedTuple):
    tags: dict[str, str]
    transitive: tuple[str, ...]


NO_TAGS = SessionTags({}, ())


def read_tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A request's list of tags. Raises InvalidParameterValue where keys differ in nothing but case."""
    tags: dict[str, str] = {}
    seen: set[str] = set()
    for tag in given:
        key = tag["Key"]
        if key.lower() in seen:
            raise invalid_parameter_value("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        seen.add(key.lower())
        tags[key] = tag.get("Value", "")
    return tags


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
