"""Which characters XML 1.0 has a place for: SQS and SNS take no others in messages and their attributes.

https://www.w3.org/TR/xml/#charsets
"""

from __future__ import annotations

import re

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ALLOWED = "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]"


def not_in_xml(text: str) -> str | None:
    """The first character that XML has no place for."""
    if text.isascii() and text.isprintable():
        return None
    match = _NOT_IN_XML.search(text)
    return None if match is None else match[0]


def refusal(character: str, where: str) -> str:
    """AWS's words."""
    return (
        f"Invalid binary character '#x{ord(character):X}' was found in the {where}, "
        f"the set of allowed characters is {ALLOWED}."
    )
