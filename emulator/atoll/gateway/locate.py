"""Finds the tenant whose resource a call means, by the service's access table, and says what may cross.

Each row is compiled once into a function of parameters and caller. What only the index knows (claimed names, ids) is
answered from the directory's memory; where that has nothing, the function says what is to be looked up and runs again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from atoll.core.access import (
    Access,
    ByAccount,
    ByArn,
    ById,
    ByName,
    ByUrl,
    Crossing,
    Decides,
    First,
    Here,
    Home,
    Match,
    Owner,
    Place,
)
from atoll.core.access_keys import is_account_id
from atoll.core.arn import parse_arn
from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import GLOBAL_REGION, TenantId
from atoll.gateway.sigv4 import is_region
from atoll.index.directory import Directory

LONGEST_REMEMBERED = 2048
"""Characters, as many as the longest ARN has: thousands of longer texts would fill the memory."""

Question = tuple[str, str, str]
"""What the index is asked: "name" or "id", the kind, the name or id."""
Answers = dict[Question, tuple[TenantId, ...]]
"""The tenants that the index named."""
_Finder = Callable[[Params, Caller, Answers], TenantId | None]


_tenant = lru_cache(maxsize=4096)(TenantId)
"""The same object each time, which is quicker to find by."""


class _Unknown(Exception):
    """The directory's memory has no answer to a question."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


class Locator:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._finders: dict[int, tuple[Access, _Finder]] = {}

    def locate(self, access: Access, params: Params, caller: Caller) -> TenantId | None:
        """The owner; None where the index has to be asked (`locate_slowly`). Raises AwsError where it may not cross."""
        known = self._finders.get(id(access)) or self._remember(access)
        try:
            owner = known[1](params, caller, {})
        except _Unknown:
            return None
        here = _tenant(caller.realm, caller.account, caller.region)
        if owner is None or owner == here:
            return here
        _check(access, owner, caller)
        return owner

    async def locate_slowly(self, access: Access, params: Params, caller: Caller) -> TenantId:
        """The owner. Raises AwsError where it may not cross."""
        _, find = self._finders.get(id(access)) or self._remember(access)
        answers: Answers = {}
        while True:
            try:
                owner = find(params, caller, answers)
            except _Unknown as unknown:
                answers[unknown.question] = await self._ask(unknown.question, caller)
                continue
            if owner is None:
                return TenantId(caller.realm, caller.account, caller.region)
            _check(access, owner, caller)
            return owner

    def _remember(self, access: Access) -> tuple[Access, _Finder]:
        known = self._finders[id(access)] = (access, self._compile(access.owner))
        return known

    async def _ask(self, question: Question, caller: Caller) -> tuple[TenantId, ...]:
        what, kind, name = question
        if what == "id":
            return await self._directory.get_owners(caller.realm, kind, name)
        holder = await self._directory.get_holder(caller.realm, kind, name)
        return () if holder is None else (holder,)

    def _compile(self, owner: Owner) -> _Finder:
        match owner:
            case Here():
                return lambda params, caller, answers: None
            case Home(parameter):
                return _by_text(parameter, _place_of_arn, home=True)
            case ByArn(parameter):
                return _by_text(parameter, _place_of_arn)
            case ByUrl(parameter, read_url):
                return _by_text(parameter, read_url)
            case Match(parameter):
                return _by_text(parameter, lambda text: _place_of_match(owner, text))
            case ByAccount(parameter, region):
                return _by_account(parameter, region)
            case ByName(kind, parameter):
                return self._by_name(kind, parameter)
            case ById():
                return self._by_id(owner)
            case Decides(by):
                return _decides(by.parameter, self._compile(by))
            case First(choices):
                return _first([self._compile(choice) for choice in choices])

    def _by_name(self, kind: str, parameter: str) -> _Finder:
        def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
            name = params.get(parameter)
            if not isinstance(name, str):
                return None
            question = ("name", kind, name)
            if question in answers:
                return next(iter(answers[question]), None)
            holder = self._directory.peek_holder(caller.realm, kind, name)
            if holder is None:
                raise _Unknown(question)
            return holder

        return find

    def _by_id(self, by: ById) -> _Finder:
        # On the path of every Decrypt: what does not change is looked up once.
        kind, parameter, read, account_parameter = by.kind, by.parameter, by.read, by.account
        passed_parameter = by.passed
        peek = self._directory.peek_owners

        def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
            value = params.get(parameter)
            if read is not None and (type(value) is bytes or type(value) is str):
                value = read(value)
            account = params.get(account_parameter) if account_parameter else caller.account
            if type(value) is not str or type(account) is not str:
                return None
            owners = answers.get(("id", kind, value)) if answers else None
            if owners is None:
                owners = peek(caller.realm, kind, value)
                if not owners:
                    raise _Unknown(("id", kind, value))
            if account_parameter:
                owners = tuple(owner for owner in owners if owner.account == account)
            if passed_parameter:
                passed = params.get(passed_parameter) or ()
                owners = tuple(owner for owner in owners if [owner.account, owner.region] not in passed)
            near = _tenant(caller.realm, account, caller.region)
            return near if near in owners else _nearest(owners, near)

        return find


def _check(access: Access, owner: TenantId, caller: Caller) -> None:
    if owner.realm != caller.realm:
        raise AssertionError(f"{owner} is of another realm than its caller")
    if not access.here.permits(crossing(owner, caller)):
        raise AwsError(access.refuse, "Access Denied", status=403)


def crossing(owner: TenantId, caller: Caller) -> Crossing:
    """What lies between a caller and an owner. What has no region is next to every region."""
    other_account = owner.account != caller.account
    other_region = owner.region not in (caller.region, GLOBAL_REGION)
    if other_account:
        return Crossing.BOTH if other_region else Crossing.ACCOUNT
    return Crossing.REGION if other_region else Crossing.NONE


def _by_text(parameter: str, read: Callable[[str], Place | None], *, home: bool = False) -> _Finder:
    """By a text that says account and region; of `home` only the account counts, and the caller's is the default."""

    def owner_by(text: str, realm: str, account: str, region: str) -> TenantId | None:
        place = read(text)
        if place is None:
            return TenantId(realm, account, GLOBAL_REGION) if home else None
        owner = _owner_at(place, TenantId(realm, account, region))
        return owner.home() if home else owner

    remembered = lru_cache(maxsize=4096)(owner_by)

    def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
        text = params.get(parameter)
        if not isinstance(text, str):
            return TenantId(caller.realm, caller.account, GLOBAL_REGION) if home else None
        find_owner = remembered if len(text) <= LONGEST_REMEMBERED else owner_by
        return find_owner(text, caller.realm, caller.account, caller.region)

    return find


def _by_account(parameter: str, region_parameter: str) -> _Finder:
    def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
        place = _text(params.get(parameter)), _text(params.get(region_parameter))
        return None if place == ("", "") else _owner_at(place, TenantId(caller.realm, caller.account, caller.region))

    return find


def _first(finders: list[_Finder]) -> _Finder:
    def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
        for finder in finders:
            if (owner := finder(params, caller, answers)) is not None:
                return owner
        return None

    return find


def _decides(parameter: str, finder: _Finder) -> _Finder:
    def find(params: Params, caller: Caller, answers: Answers) -> TenantId | None:
        if params.get(parameter) is None:
            return None
        owner = finder(params, caller, answers)
        return _tenant(caller.realm, caller.account, caller.region) if owner is None else owner

    return find


def _nearest(owners: Iterable[TenantId], near: TenantId) -> TenantId | None:
    """Copies of an account have its ids: its own come before theirs."""
    return min(
        owners,
        key=lambda owner: (owner.account != near.account, owner.region != near.region, owner),
        default=None,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _owner_at(place: Place, here: TenantId) -> TenantId:
    """The tenant at a place, of which `here` gives what it leaves out.

    What names a tenant becomes the name of a folder, so there are places that cannot be. What is said to be at one is
    looked for where nothing of a region is: the service then says in its own words that it is not there.
    """
    account, region = place
    if (account and not is_account_id(account)) or (region and not is_region(region)):
        return here.home()
    return TenantId(here.realm, account or here.account, region or here.region)


def _place_of_arn(text: str) -> Place | None:
    arn = parse_arn(text)
    return None if arn is None else (arn.account, arn.region)


def _place_of_match(owner: Match, text: str) -> Place | None:
    match = owner.compiled.fullmatch(text)
    if match is None:
        return None
    groups = match.groupdict()
    return groups.get("account") or "", groups.get("region") or ""
