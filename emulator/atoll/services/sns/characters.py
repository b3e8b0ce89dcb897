"""Which characters a text may have.

Messages may have any: documents of notifications escape those that a queue would not take. Attributes have to fit into
XML, as SQS wants them and as SNS itself shows them.
"""

from __future__ import annotations

import re

from atoll.core.xml_text import not_in_xml
from atoll.services.sns.errors import invalid_parameter

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNESCAPED = re.compile("[\ufffe\uffff]")


def check_shown(text: str, message: str) -> None:
    """Raises InvalidParameterException where an answer could not show the text."""
    if not_in_xml(text) is not None:
        raise invalid_parameter(message)


def has_control(text: str) -> bool:
    """Whether it has control characters or line breaks."""
    return _CONTROL.search(text) is not None


def escaped(json: str) -> str:
    """JSON without characters that XML has no place for. Control characters JSON has escaped itself."""
    return json if json.isascii() else _UNESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json)
