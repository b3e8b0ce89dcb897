"""Tags of keys, and the two by which LocalStack's users give a key its id and its material.

https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Iterable, Mapping
from typing import Any

from atoll.services.kms.errors import limit_exceeded, tag_exception, validation

MAX_TAGS = 50
CUSTOM_ID = "_custom_id_"
CUSTOM_MATERIAL = "_custom_key_material_"
LONGEST_ID = 128
"""Characters, and the bytes that they take: a ciphertext carries them."""


def parse_tags(given: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Raises TagException."""
    tags: dict[str, str] = {}
    for tag in given or ():
        name: str = tag["TagKey"]
        if name.lower().startswith("aws:"):
            raise tag_exception("aws: prefixed tag key names are not allowed for external use.")
        if name in tags:
            raise tag_exception("Duplicate tag keys")
        tags[name] = tag["TagValue"]
    check_count(tags)
    return tags


def check_count(tags: Mapping[str, str]) -> None:
    """Raises LimitExceededException."""
    if len(tags) > MAX_TAGS:
        raise limit_exceeded("Too many tags")


def show_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in sorted(tags.items())]


def take_custom_id(tags: Mapping[str, str]) -> str | None:
    """The id that a new key is to have. Raises ValidationException."""
    wanted = tags.get(CUSTOM_ID)
    if wanted is None:
        return None
    if not 1 <= len(wanted.encode()) <= LONGEST_ID or not wanted.isprintable() or set(wanted) & set(":/{} "):
        raise validation(f"The tag {CUSTOM_ID} is not valid: {wanted}")
    return wanted


def take_custom_material(tags: dict[str, str]) -> bytes | None:
    """The material that a new key is to have; its tag goes. Raises ValidationException."""
    text = tags.pop(CUSTOM_MATERIAL, None)
    if text is None:
        return None
    try:
        return a2b_base64(text, strict_mode=True)
    except (Error, ValueError):
        raise validation(f"The tag {CUSTOM_MATERIAL} is not base64.") from None
