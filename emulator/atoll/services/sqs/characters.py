"""Which characters a message may have: those of XML 1.0.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from atoll.core.errors import AwsError
from atoll.core.xml_text import not_in_xml, refusal


def check_body(body: str) -> None:
    """Raises InvalidMessageContents."""
    if (character := not_in_xml(body)) is not None:
        raise AwsError("InvalidMessageContents", refusal(character, "message body"))
