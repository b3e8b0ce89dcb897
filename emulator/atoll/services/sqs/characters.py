"""Which characters a message may have: those of XML 1.0.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

import re

from atoll.core.errors import AwsError

_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ALLOWED = "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]"


def find_invalid_character(text: str) -> str | None:
    """The first character that a message may not have."""
    if text.isascii() and text.isprintable():
        return None
    match = _INVALID.search(text)
    return None if match is None else match[0]


def refusal(character: str, where: str) -> str:
    return (
        f"Invalid binary character '#x{ord(character):X}' was found in the {where}, "
        f"the set of allowed characters is {ALLOWED}."
    )


def check_body(body: str) -> None:
    """Raises InvalidMessageContents."""
    if (character := find_invalid_character(body)) is not None:
        raise AwsError("InvalidMessageContents", refusal(character, "message body"))
