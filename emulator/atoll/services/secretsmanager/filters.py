"""Filters of ListSecrets and BatchGetSecretValue.

A secret passes where each filter holds. A filter holds where one of its values does, and none of those that begin with
`!` and are negations does not. The prefix and case rules are AWS's; for descriptions those that it shows, which are not
those that it documents.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from atoll.core.call import Params
from atoll.services.secretsmanager.errors import invalid_parameter
from atoll.services.secretsmanager.secrets import Secret, all_secrets
from atoll.services.secretsmanager.showing import primary_region
from atoll.tenants import Tenant

_SPLIT = re.compile(r"[ /\-_+=.@]+")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^A-Z]+|[A-Z]+")


def matching(tenant: Tenant, filters: Iterable[Params]) -> list[Secret]:
    """The secrets that pass, those that are scheduled for deletion among them. Raises InvalidParameterException."""
    tests = []
    for each in filters:
        key, values = each.get("Key"), each.get("Values")
        if not key:
            raise invalid_parameter("Invalid filter key")
        if not values:
            raise invalid_parameter(f"Invalid filter values for key: {key}")
        tests.append(_test(tenant, key, values))
    return [secret for secret in all_secrets(tenant) if all(test(secret) for test in tests)]


def _test(tenant: Tenant, key: str, values: list[str]) -> Callable[[Secret], bool]:
    texts = _TEXTS[key] if key in _TEXTS else lambda secret: [primary_region(tenant, secret) or ""]
    holds = _has_words if key in ("all", "description") else _has_prefix
    wanted = [value for value in values if not value.startswith("!")]
    unwanted = [value[1:] for value in values if value.startswith("!")]

    def passes(secret: Secret) -> bool:
        found = texts(secret)
        if any(holds(found, value) for value in unwanted):
            return False
        return not wanted or any(holds(found, value) for value in wanted)

    return passes


_TEXTS: dict[str, Callable[[Secret], list[str]]] = {
    "name": lambda secret: [secret.name],
    "description": lambda secret: [secret.description],
    "tag-key": lambda secret: list(secret.tags),
    "tag-value": lambda secret: list(secret.tags.values()),
    "owning-service": lambda secret: [secret.owning_service] if secret.owning_service else [],
    "all": lambda secret: [
        secret.name,
        secret.description,
        *secret.tags,
        *secret.tags.values(),
        *([secret.owning_service] if secret.owning_service else []),
    ],
}


def _has_prefix(texts: list[str], value: str) -> bool:
    return any(text.startswith(value) for text in texts)


def _has_words(texts: list[str], value: str) -> bool:
    """Whether one of the texts has, for each word of the value, a word that begins with it, whatever their case."""
    wanted = _words(value)
    return any(
        bool(wanted) and all(any(word.startswith(each) for word in words) for each in wanted)
        for words in map(_words, texts)
    )


def _words(text: str) -> list[str]:
    """Words are parted by special characters, and by capitals."""
    return [word.lower() for part in _SPLIT.split(text) if part for word in _WORDS.findall(part)]
