"""Pages of lists: a hundred at a time, with a token that says where to go on.

https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from atoll.core.digits import read_whole
from atoll.services.sns.errors import invalid_parameter

PAGE = 100


def read_token(token: str | None, parameter: str = "NextToken") -> str:
    """After what to go on; empty from the beginning. Raises InvalidParameterException."""
    if not token:
        return ""
    try:
        return a2b_base64(token, strict_mode=True).decode()
    except (Error, ValueError):
        raise invalid_parameter(f"{parameter} Reason: Invalid token") from None


def read_number(token: str | None, parameter: str = "NextToken") -> int:
    """The same, where places are numbers."""
    number = read_whole(read_token(token, parameter) or "0")
    if number is None:
        raise invalid_parameter(f"{parameter} Reason: Invalid token")
    return number


def make_token(after: str | int) -> str:
    return b2a_base64(str(after).encode(), newline=False).decode()
