"""Access tables: whose resource a call means, and what of it may cross accounts and regions, as data.

A service's table has one `Access` an operation. Its `owner` is one of the classes below, each with the names of the
parameters that it reads; what does not match is the caller's own tenant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Crossing(Enum):
    """What lies between caller and owner."""

    NONE = "none"
    REGION = "region"
    ACCOUNT = "account"
    BOTH = "both"

    def permits(self, crossed: Crossing) -> bool:
        return crossed is Crossing.NONE or self is Crossing.BOTH or self is crossed


@dataclass(frozen=True)
class Here:
    """The caller's own tenant."""


@dataclass(frozen=True)
class Home:
    """The `aws-global` tenant of the account that the ARN in `parameter` names; the caller's own without one."""

    parameter: str = ""


@dataclass(frozen=True)
class ByArn:
    """The tenant that the ARN in `parameter` names; parts that it leaves out are the caller's."""

    parameter: str


Place = tuple[str, str]
"""Account and region; an empty one is the caller's."""


@dataclass(frozen=True)
class ByUrl:
    """The tenant that the URL in `parameter` names, as `read` takes it apart."""

    parameter: str
    read: Callable[[str], Place | None]


@dataclass(frozen=True)
class Match:
    """The tenant in the groups `account` and `region` of `pattern`, where it matches all of `parameter`."""

    parameter: str
    pattern: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


@dataclass(frozen=True)
class ByAccount:
    """The account in `parameter`, in the region in the parameter `region`; missing ones are the caller's."""

    parameter: str
    region: str = ""


@dataclass(frozen=True)
class ByName:
    """The tenant that holds the claimed name in `parameter`."""

    kind: str
    parameter: str


@dataclass(frozen=True)
class ById:
    """The tenant that has the id in `parameter`: the caller's own first, then one of its account, then of its region,
    then any of the realm.

    `read` takes the id out of a value that carries one (a ciphertext, a token). Where `account` names a parameter, the
    id is looked for in the account that it gives, the caller's region first, and not without it. Where `passed` names a
    parameter, it is a list of [account, region] that were asked before: the next of the owners is meant.
    """

    kind: str
    parameter: str
    read: Callable[[str | bytes], str | None] | None = None
    account: str = ""
    passed: str = ""


@dataclass(frozen=True, init=False)
class First:
    """The first of `choices` whose parameter is given and can be read."""

    choices: tuple[Owner, ...]

    def __init__(self, *choices: Owner) -> None:
        object.__setattr__(self, "choices", choices)


@dataclass(frozen=True)
class Decides:
    """As `owner`, but its parameter decides wherever it is given: what of it cannot be read, or is known to nobody, is
    the caller's own tenant, and no further choice of a `First` is looked at."""

    owner: ByArn | ByUrl | Match | ByAccount | ByName | ById


Owner = Decides | Here | Home | ByArn | ByUrl | Match | ByAccount | ByName | ById | First


@dataclass(frozen=True)
class Access:
    """One row of an access table.

    `also` are further resources that the operation reaches by calls of its own: checked and documented, not routed.
    `aws` is what AWS lets cross, `here` what Relaxed rules do; `refuse` is the error's code when it may not.
    """

    owner: Owner
    also: tuple[Owner, ...] = ()
    aws: Crossing = Crossing.NONE
    here: Crossing = Crossing.BOTH
    refuse: str = "AccessDenied"
