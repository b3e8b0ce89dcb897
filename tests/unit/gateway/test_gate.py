"""Accounts that are suspended, regions that are not to be used."""

from __future__ import annotations

import pytest
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.gateway.gate import Gate, Restriction
from atoll.gateway.refusals import NotAuthenticated


def caller(region: str = "eu-central-1", realm: str = "default") -> Caller:
    return Caller(realm, "111111111111", region, "arn:aws:iam::111111111111:root", "111111111111")


def test_nothing_is_asked_where_nothing_is_restricted() -> None:
    gate = Gate()
    assert not gate.shut
    gate.restrict("default", "111111111111", Restriction(suspended=True))
    assert gate.shut
    gate.restrict("default", "111111111111", Restriction())
    assert not gate.shut
    gate.check(caller())


def test_a_suspended_account() -> None:
    gate = Gate()
    gate.restrict("default", "111111111111", Restriction(suspended=True))
    with pytest.raises(AwsError) as raised:
        gate.check(caller())
    assert (raised.value.code, raised.value.status) == ("AccessDenied", 403)
    assert raised.value.message == "The account 111111111111 is suspended."
    gate.check(caller(realm="twin"))


def test_regions_that_may_be_used() -> None:
    gate = Gate()
    gate.restrict("default", "111111111111", Restriction(regions=frozenset({"eu-central-1"})))
    gate.check(caller())
    gate.check(caller("aws-global"))
    with pytest.raises(NotAuthenticated):
        gate.check(caller("us-east-1"))


def test_what_is_meant_lies_in_a_region_that_may_be_used() -> None:
    gate = Gate()
    gate.restrict("default", "111111111111", Restriction(regions=frozenset({"eu-central-1"})))
    for region in ("eu-central-1", "aws-global"):
        gate.check_owner(TenantId("default", "111111111111", region))
    gate.check_owner(TenantId("default", "222222222222", "us-east-1"))
    with pytest.raises(NotAuthenticated):
        gate.check_owner(TenantId("default", "111111111111", "us-east-1"))
