"""Roles as their ARNs name them. While there is no IAM they need not exist.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from base64 import b32encode
from hashlib import sha256
from typing import NamedTuple

from atoll.core.access_keys import is_account_id
from atoll.core.arn import parse_arn
from atoll.core.caller import Caller
from atoll.services.sts.errors import validation_error

_ROLE = re.compile(r"role/(?:[\x21-\x7e]*/)?([\w+=,.@-]{1,64})", re.ASCII)
_UNIQUE = 17
"""Characters of a unique id behind its prefix."""


class Role(NamedTuple):
    arn: str
    partition: str
    account: str
    name: str

    @property
    def id(self) -> str:
        """The same for the same ARN wherever it is asked for, since nobody keeps it."""
        return "AROA" + b32encode(sha256(self.arn.encode()).digest()).decode("ascii")[:_UNIQUE]

    def session_arn(self, session: str) -> str:
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{self.name}/{session}"

    def session_id(self, session: str) -> str:
        return f"{self.id}:{session}"


def read_role(arn: str) -> Role:
    """Raises ValidationError where the ARN is not a role's."""
    parts = parse_arn(arn)
    if parts is not None and parts.service == "iam" and not parts.region and is_account_id(parts.account):
        match = _ROLE.fullmatch(parts.resource)
        if match is not None:
            return Role(arn, parts.partition, parts.account, match[1])
    raise validation_error(f"{arn} is invalid")


def is_role_session(caller: Caller) -> bool:
    """Whether the caller is a role's session, so that what it assumes is a chain."""
    return ":assumed-role/" in caller.principal
