"""Whose resource a call means: each kind of owner, what may cross, and what nobody must reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
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
)
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.tenant_id import GLOBAL_REGION, TenantId
from atoll.gateway.locate import Locator, crossing
from atoll.index import CatalogueRow, Directory, Index
from atoll.index.sqlite import MEMORY, SqliteIndex
from atoll.services.sqs.urls import place_of_url
from hypothesis import given, settings
from hypothesis import strategies as st

CALLER = Caller("default", "111111111111", "us-east-1", "arn:aws:iam::111111111111:root", "111111111111")
HERE = TenantId("default", "111111111111", "us-east-1")
NEAR = TenantId("default", "111111111111", "eu-west-1")
THERE = TenantId("default", "222222222222", "eu-central-1")
TWIN = TenantId("twin", "333333333333", "us-east-1")

PARTIAL = r"(?:(?P<account>\d{12}):)?function:[a-zA-Z0-9-_]+"


async def make_index() -> Index:
    """An id in two tenants, one in another realm only, a name held here and one held there."""
    index = SqliteIndex(MEMORY, ManualClock())
    for realm in ("default", "twin"):
        await index.make_realm(realm, True)
    beside = TenantId("default", "222222222222", "us-east-1")
    held = [
        (HERE, "both"),
        (THERE, "both"),
        (NEAR, "near"),
        (THERE, "there"),
        (TWIN, "of twin"),
        (TenantId("default", "000000000000", "us-west-2"), "copied"),
        (NEAR, "copied"),
        (TenantId("default", "000000000000", "us-west-2"), "in the region"),
        (beside, "in the region"),
    ]
    for number, (tenant, id) in enumerate(held, start=1):
        placement = await index.place(tenant, "one")
        row = CatalogueRow("kms", "key", id, f"arn:aws:kms:{tenant.region}:{tenant.account}:key/{id}", {}, 1.0, number)
        await index.publish(tenant, placement.epoch, [row], [], after=await index.published(tenant))
    for tenant, name in [(THERE, "bucket"), (TWIN, "bucket of twin")]:
        await index.claim(tenant.realm, "bucket", name, tenant, "1", 1e12)
    return index


def locate(owner: Owner, params: dict[str, Any], caller: Caller = CALLER, **access: Any) -> TenantId:
    async def scenario() -> TenantId:
        index = await make_index()
        locator = Locator(Directory(index))
        row = Access(owner, **access)
        try:
            found = locator.locate(row, params, caller) or await locator.locate_slowly(row, params, caller)
            # What was found is known from then on, and the same.
            assert await locator.locate_slowly(row, params, caller) == found
            assert locator.locate(row, params, caller) in (found, None)
            return found
        finally:
            await index.close()

    return asyncio.run(scenario())


def tenant_of(account: str, region: str) -> TenantId:
    return TenantId("default", account, region)


@pytest.mark.parametrize(
    ("owner", "params", "found"),
    [
        (Here(), {}, HERE),
        (Here(), {"Arn": "arn:aws:sqs:eu-central-1:222222222222:q"}, HERE),
        (Home(), {}, HERE.home()),
        (Home("RoleArn"), {"RoleArn": "arn:aws:iam::222222222222:role/r"}, THERE.home()),
        (Home("RoleArn"), {"RoleArn": "r"}, HERE.home()),
        (Home("RoleArn"), {}, HERE.home()),
        (ByArn("Arn"), {"Arn": "arn:aws:sqs:eu-central-1:222222222222:q"}, THERE),
        (ByArn("Arn"), {"Arn": "arn:aws:sqs::222222222222:q"}, tenant_of("222222222222", "us-east-1")),
        (ByArn("Arn"), {"Arn": "arn:aws:sqs:eu-central-1::q"}, tenant_of("111111111111", "eu-central-1")),
        (ByArn("Arn"), {"Arn": "arn:aws:s3:::bucket"}, HERE),
        (ByArn("Arn"), {"Arn": "q"}, HERE),
        (ByArn("Arn"), {}, HERE),
        (ByArn("Arn"), {"Arn": None}, HERE),
        (ByArn("Arn"), {"Arn": ["arn:aws:sqs:eu-central-1:222222222222:q"]}, HERE),
        (ByArn("Arn"), {"Arn": {"Arn": 1}}, HERE),
        (ByUrl("Url", place_of_url), {"Url": "http://localhost/queue/eu-central-1/222222222222/q"}, THERE),
        (
            ByUrl("Url", place_of_url),
            {"Url": "http://localhost/222222222222/q"},
            tenant_of("222222222222", "us-east-1"),
        ),
        (ByUrl("Url", place_of_url), {"Url": "q"}, HERE),
        (Match("Name", PARTIAL), {"Name": "222222222222:function:f"}, tenant_of("222222222222", "us-east-1")),
        (Match("Name", PARTIAL), {"Name": "function:f"}, HERE),
        (Match("Name", PARTIAL), {"Name": "x222222222222:function:f"}, HERE),
        (ByAccount("Account"), {"Account": "222222222222"}, tenant_of("222222222222", "us-east-1")),
        (ByAccount("Account", "Region"), {"Account": "222222222222", "Region": "eu-central-1"}, THERE),
        (ByAccount("Account", "Region"), {"Region": "eu-central-1"}, tenant_of("111111111111", "eu-central-1")),
        (ByAccount("Account", "Region"), {}, HERE),
        (ByName("bucket", "Bucket"), {"Bucket": "bucket"}, THERE),
        (ByName("bucket", "Bucket"), {"Bucket": "nobodys"}, HERE),
        (ByName("other kind", "Bucket"), {"Bucket": "bucket"}, HERE),
        (ByName("bucket", "Bucket"), {"Bucket": 5}, HERE),
        (ById("key", "Id"), {"Id": "both"}, HERE),
        (ById("key", "Id"), {"Id": "there"}, THERE),
        (ById("key", "Id"), {"Id": "near"}, NEAR),
        (ById("key", "Id"), {"Id": "nobodys"}, HERE),
        (ById("key", "Id"), {}, HERE),
        (ById("key", "Blob", read=lambda blob: str(blob)[4:]), {"Blob": "xxx:there"}, THERE),
        (ById("key", "Blob", read=lambda blob: str(blob[1:], "ascii")), {"Blob": b"\0there"}, THERE),
        (ById("key", "Blob", read=lambda blob: None), {"Blob": b"garbage"}, HERE),
        (ById("key", "Id", account="Account"), {"Id": "both", "Account": "222222222222"}, THERE),
        (ById("key", "Id", account="Account"), {"Id": "both"}, HERE),
        (ById("key", "Id", passed="Passed"), {"Id": "both"}, HERE),
        (ById("key", "Id", passed="Passed"), {"Id": "both", "Passed": [["111111111111", "us-east-1"]]}, THERE),
        (ById("key", "Id", account="Account"), {"Id": "both", "Account": "444444444444"}, HERE),
        (First(ByArn("A"), ByArn("B")), {"B": "arn:aws:sqs:eu-central-1:222222222222:q"}, THERE),
        (First(ByArn("A"), ByArn("B")), {"A": "name", "B": "arn:aws:sqs:eu-central-1:222222222222:q"}, THERE),
        (First(ByArn("A"), ById("key", "A")), {"A": "there"}, THERE),
        (First(ById("key", "A"), ByName("bucket", "A")), {"A": "bucket"}, THERE),
        (First(ById("key", "A"), ByName("bucket", "A")), {"A": "nobodys"}, HERE),
        (First(ByArn("A"), First(ByArn("B"), Here())), {}, HERE),
        (ById("key", "Id"), {"Id": "copied"}, NEAR),
        (ById("key", "Id"), {"Id": "in the region"}, tenant_of("222222222222", "us-east-1")),
        (First(Decides(ByArn("A")), ById("key", "B")), {"B": "there"}, THERE),
        (First(Decides(ByArn("A")), ById("key", "B")), {"A": None, "B": "there"}, THERE),
        (First(Decides(ByArn("A")), ById("key", "B")), {"A": "name", "B": "there"}, HERE),
        (First(Decides(ByArn("A")), ById("key", "B")), {"A": "", "B": "there"}, HERE),
        (
            First(Decides(ByArn("A")), ById("key", "B")),
            {"A": "arn:aws:kms:eu-west-1:111111111111:key/k", "B": "there"},
            NEAR,
        ),
        (First(Decides(ById("key", "A")), ById("key", "B")), {"A": "nobodys", "B": "there"}, HERE),
    ],
)
def test_the_owner_is_found_by_what_the_row_says(owner: Owner, params: dict[str, Any], found: TenantId) -> None:
    assert locate(owner, params) == found


EVERYTHING: list[Callable[[str], tuple[Owner, dict[str, Any]]]] = [
    lambda text: (ByArn("P"), {"P": text}),
    lambda text: (Home("P"), {"P": text}),
    lambda text: (ByUrl("P", place_of_url), {"P": text}),
    lambda text: (ByUrl("P", lambda _: (text, text)), {"P": text}),
    lambda text: (Match("P", r"(?P<account>.*):(?P<region>.*)"), {"P": f"{text}:{text}"}),
    lambda text: (ByAccount("P", "R"), {"P": text, "R": text}),
    lambda text: (ByAccount("P", "R"), {"P": "222222222222", "R": text}),
    lambda text: (ByName("bucket", "P"), {"P": text}),
    lambda text: (ById("key", "P", account="P"), {"P": text}),
    lambda text: (Decides(ByArn("P")), {"P": text}),
    lambda text: (First(ByArn("P"), ByUrl("P", place_of_url), ById("key", "P")), {"P": text}),
]
EVIL = [
    "../..",
    "..",
    "/etc/passwd",
    "arn:aws:sqs:../../..:222222222222:q",
    "arn:aws:sqs:us-east-1:../../../:q",
    "arn:aws:sqs:us-east-1/..:222222222222:q",
    "arn:aws:sqs:US-EAST-1:222222222222:q",
    "arn:aws:sqs:us-east-1\n:222222222222:q",
    "arn:aws:sqs:us-east-1:222222222222\n:q",
    "arn:aws:sqs:us-east-1:٢٢٢٢٢٢٢٢٢٢٢٢:q",
    "arn:aws:sqs:us-east-1:22222222222:q",
    "arn:aws:sqs:us-east-1:2222222222222:q",
    "arn:aws:sqs:twin/us-east-1:333333333333:q",
    "arn:aws:sqs:us\0east-1:333333333333:q",
    "http://localhost/queue/../222222222222/q",
    "http://localhost/queue/--/222222222222/q",
    "http://[/queue/us-east-1/222222222222/q",
    "http://sqs.us-east-1.amazonaws.com@evil/٢٢٢٢٢٢٢٢٢٢٢٢/q",
    "x" * 100_000,
    "arn:" * 50_000,
    "arn:aws:sqs:" + "a-" * 50_000 + ":222222222222:q",
    "",
]


def is_safe(tenant: TenantId) -> bool:
    """No such tenant's folder lies anywhere but in its realm's."""
    return (
        tenant.realm == "default"
        and len(tenant.account) == 12
        and set(tenant.account) <= set("0123456789")
        and set(tenant.region) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        and 1 <= len(tenant.region) <= 32
    )


@pytest.mark.parametrize("make", EVERYTHING)
@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_nothing_that_is_said_names_a_tenant_that_there_cannot_be(
    make: Callable[[str], tuple[Owner, dict[str, Any]]], text: str
) -> None:
    owner, params = make(text)
    assert is_safe(locate(owner, params))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=40), st.text(alphabet="0123456789-./:twinarusegob", max_size=30))
def test_whatever_is_said_the_tenant_is_one_of_the_callers_realm(account: str, region: str) -> None:
    for text in (account, f"arn:aws:sqs:{region}:{account}:q", f"http://{region}/queue/{region}/{account}/q"):
        for make in EVERYTHING[:7]:
            owner, params = make(text)
            locator = Locator(None)  # type: ignore[arg-type]
            found = locator.locate(Access(owner), params, CALLER)
            assert found is not None
            assert is_safe(found)


@pytest.mark.parametrize("region", ["local", "x", "r2", "eu-central-1"])
def test_a_region_that_callers_may_sign_for_may_be_named(region: str) -> None:
    found = tenant_of("222222222222", region)
    url = f"http://localhost/queue/{region}/222222222222/q"
    assert locate(ByArn("P"), {"P": f"arn:aws:sqs:{region}:222222222222:q"}) == found
    assert locate(ByUrl("P", place_of_url), {"P": url}) == found
    assert locate(ByAccount("P", "R"), {"P": "222222222222", "R": region}) == found
    assert locate(Match("P", r"(?P<account>.*):(?P<region>.*)"), {"P": f"222222222222:{region}"}) == found


@pytest.mark.parametrize(
    ("account", "region"),
    [
        ("222222222222", "aws-global"),
        ("222222222222", "--"),
        ("222222222222", "a" * 33),
        ("111111111111", "1"),
        ("2222", "us-east-1"),
        ("aws", ""),
    ],
)
def test_a_place_that_cannot_be_is_not_the_callers_own(account: str, region: str) -> None:
    assert locate(ByArn("P"), {"P": f"arn:aws:sqs:{region}:{account}:q"}) == HERE.home()
    assert locate(ByUrl("P", lambda url: (account, region)), {"P": "url"}) == HERE.home()
    assert locate(ByAccount("P", "R"), {"P": account, "R": region}) == HERE.home()
    assert locate(Match("P", r"(?P<account>.*):(?P<region>.*)"), {"P": f"{account}:{region}"}) == HERE.home()
    assert locate(First(ByArn("P"), Here()), {"P": f"arn:aws:sqs:{region}:{account}:q"}) == HERE.home()


def test_names_and_ids_of_another_realm_are_not_found() -> None:
    assert locate(ByName("bucket", "P"), {"P": "bucket of twin"}) == HERE
    assert locate(ById("key", "P"), {"P": "of twin"}) == HERE
    assert locate(ById("key", "P", account="A"), {"P": "of twin", "A": TWIN.account}) == HERE
    of_twin = Caller("twin", "999999999999", "us-east-1", "", "")
    assert locate(ByName("bucket", "P"), {"P": "bucket of twin"}, of_twin) == TWIN
    assert locate(ById("key", "P"), {"P": "of twin"}, of_twin) == TWIN
    assert locate(ByArn("P"), {"P": "arn:aws:sqs:eu-central-1:222222222222:q"}, of_twin) == TenantId("twin", *THERE[1:])


@pytest.mark.parametrize(
    ("owner", "crosses"),
    [
        (HERE, Crossing.NONE),
        (HERE.home(), Crossing.NONE),
        (NEAR, Crossing.REGION),
        (THERE, Crossing.BOTH),
        (THERE.home(), Crossing.ACCOUNT),
        (TenantId("default", "222222222222", "us-east-1"), Crossing.ACCOUNT),
    ],
)
def test_what_lies_between_decides_who_may(owner: TenantId, crosses: Crossing) -> None:
    assert crossing(owner, CALLER) is crosses
    by: Owner = Home("P") if owner.region == GLOBAL_REGION else ByArn("P")
    arn = f"arn:aws:sqs:{owner.region}:{owner.account}:q".replace(GLOBAL_REGION, "")
    for allowed in Crossing:
        may = allowed is Crossing.BOTH or crosses in (Crossing.NONE, allowed)
        if may:
            assert locate(by, {"P": arn}, here=allowed) == owner
        else:
            with pytest.raises(AwsError) as caught:
                locate(by, {"P": arn}, here=allowed, refuse="PermanentRedirect")
            assert caught.value.code == "PermanentRedirect"


def test_what_has_moved_or_is_gone_is_found_anew() -> None:
    async def scenario() -> None:
        index = await make_index()
        locator = Locator(Directory(index))
        row = Access(ByName("bucket", "P"))

        async def find() -> TenantId:
            params = {"P": "bucket"}
            return locator.locate(row, params, CALLER) or await locator.locate_slowly(row, params, CALLER)

        assert await find() == THERE
        assert locator.locate(row, {"P": "bucket"}, CALLER) == THERE
        await index.release("default", "bucket", "bucket", "1")
        assert await find() == HERE
        # That it was not there is not remembered.
        await index.claim("default", "bucket", "bucket", NEAR, "2", 1e12)
        assert await find() == NEAR
        await index.close()

    asyncio.run(scenario())
