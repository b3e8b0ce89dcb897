"""Realms, accounts and access keys."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.core.access_keys import account_of, is_issued_form
from atoll.core.clock import ManualClock
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Holding, Index, NoSuchRealm

ONE, TWO = "111111111111", "222222222222"
ROOT = f"arn:aws:iam::{ONE}:root"


def test_a_realm_has_a_sealing_key_of_its_own_and_keeps_it(index: Index, do: Any) -> None:
    default, twin = do(index.realms())
    assert (default.name, twin.name) == ("default", "twin")
    assert len(default.sealing_key) == 32
    assert default.sealing_key != twin.sealing_key
    assert do(index.make_realm("default", True)) == default
    closed = do(index.make_realm("default", False))
    assert (closed.open, closed.sealing_key) == (False, default.sealing_key)
    assert do(index.realm("default")) == closed
    assert do(index.realm("none")) is None


def test_an_account_made_again_takes_on_what_is_said_and_keeps_its_birth(
    index: Index, do: Any, clock: ManualClock
) -> None:
    born = clock.now()
    made = do(index.make_account("twin", ONE, alias="shop"))
    assert (made.alias, made.allow_account_id_keys, made.created) == ("shop", False, born)
    clock.advance(60)
    again = do(index.make_account("twin", ONE, allow_account_id_keys=True))
    assert (again.alias, again.allow_account_id_keys, again.created) == ("", True, born)
    assert do(index.account("twin", ONE)) == again
    assert do(index.account("default", ONE)) is None
    other = do(index.make_account("twin", "000000000001"))
    assert do(index.accounts("twin")) == [other, again]


@pytest.mark.parametrize("account", ["", "1", "11111111111a", "1111111111111", "١" * 12])
def test_what_is_no_account_id_makes_no_account_and_no_key(index: Index, do: Any, account: str) -> None:
    with pytest.raises(ValueError):
        do(index.make_account("default", account))
    with pytest.raises(ValueError):
        do(index.issue_access_key("default", account, ROOT, account))
    assert do(index.accounts("default")) == []


def test_an_issued_key_says_whose_it_is(index: Index, do: Any, clock: ManualClock) -> None:
    key = do(index.issue_access_key("twin", ONE, ROOT, ONE))
    assert is_issued_form(key.key_id)
    assert key.key_id.startswith("LKIA")
    assert account_of(key.key_id) == ONE
    assert len(key.secret) == 40
    assert (key.realm, key.account, key.principal, key.user_id) == ("twin", ONE, ROOT, ONE)
    assert (key.status, key.created) == ("Active", clock.now())
    assert do(index.access_key(key.key_id)) == key
    clock.advance(1)
    second = do(index.issue_access_key("twin", ONE, ROOT, ONE))
    assert second.key_id != key.key_id
    assert second.secret != key.secret
    assert do(index.access_keys("twin", ONE)) == [key, second]
    assert do(index.access_keys("twin", TWO)) == []
    assert do(index.access_key("LKIAQAAAAAAAAAAAAAAA")) is None


def test_keys_that_are_to_be_revoked(index: Index, do: Any) -> None:
    later, sooner, revoked = (do(index.issue_access_key("twin", ONE, ROOT, ONE)).key_id for _ in range(3))
    assert do(index.expire_access_key(later, 20.0)).expires == 20.0
    assert do(index.expire_access_key(sooner, 30.0)).expires == 30.0
    assert do(index.expire_access_key(sooner, 10.0)).expires == 10.0
    assert do(index.expire_access_key(sooner, 40.0)).expires == 10.0
    do(index.expire_access_key(revoked, 5.0))
    do(index.set_access_key_status(revoked, "Revoked"))
    assert [key.key_id for key in do(index.expiring_access_keys())] == [sooner, later]
    assert do(index.expire_access_key("LKIAQAAAAAAAAAAAAAAA", 5.0)) is None


def test_a_revoked_key_stays_revoked(index: Index, do: Any) -> None:
    key_id = do(index.issue_access_key("twin", ONE, ROOT, ONE)).key_id
    assert do(index.set_access_key_status(key_id, "Inactive")).status == "Inactive"
    assert do(index.set_access_key_status(key_id, "Active")).status == "Active"
    assert do(index.set_access_key_status(key_id, "Revoked")).status == "Revoked"
    assert do(index.set_access_key_status(key_id, "Active")).status == "Revoked"
    assert do(index.access_key(key_id)).status == "Revoked"
    assert do(index.set_access_key_status("LKIAQAAAAAAAAAAAAAAA", "Active")) is None


def test_nothing_is_made_in_a_realm_that_there_is_not(index: Index, do: Any) -> None:
    tenant = TenantId("none", ONE, "eu-central-1")
    for made in (
        index.make_account("none", ONE),
        index.issue_access_key("none", ONE, ROOT, ONE),
        index.place(tenant, "cell"),
        index.claim("none", "bucket", "b", tenant, "g", 1.0),
    ):
        with pytest.raises(NoSuchRealm):
            do(made)


@pytest.fixture
def furnished(index: Index, do: Any) -> list[TenantId]:
    """Three tenants, in two accounts of `default` and one of `twin`, with one of everything each."""
    tenants = [TenantId("default", ONE, "r"), TenantId("default", TWO, "r"), TenantId("twin", ONE, "r")]
    for tenant in tenants:
        do(index.make_account(tenant.realm, tenant.account))
        do(index.issue_access_key(tenant.realm, tenant.account, ROOT, ONE))
        epoch = do(index.place(tenant, "cell")).epoch
        do(index.claim(tenant.realm, "bucket", tenant.account, tenant, "g", 1.0))
        row = CatalogueRow("s3", "bucket", "b", f"arn:{tenant.account}", {"a": "b"}, 1.0, 1)
        do(index.publish(tenant, epoch, [row], [Holding("name", tenant.account, "h", 2)], after=0))
    return tenants


def _everything(index: Index, do: Any, tenant: TenantId) -> list[bool]:
    realm, account, _ = tenant
    listed = do(index.resources(realm, tags={"a": ["b"]})).resources
    return [
        do(index.account(realm, account)) is not None,
        any(key.status == "Active" for key in do(index.access_keys(realm, account))),
        do(index.placement(tenant)) is not None,
        do(index.published(tenant)) == 2,
        do(index.holder(realm, "bucket", account)) == tenant,
        do(index.holder(realm, "name", account)) == tenant,
        tenant in do(index.find_id(realm, "bucket", "b")),
        tenant in [resource.tenant for resource in listed],
    ]


def test_with_an_account_goes_all_of_it_and_nothing_else(
    index: Index, do: Any, furnished: list[TenantId], changes: list[Any]
) -> None:
    gone, *others = furnished
    assert do(index.drop_account("default", ONE))
    assert changes == [("account", ("default", ONE))]
    assert not any(_everything(index, do, gone))
    for tenant in others:
        assert all(_everything(index, do, tenant))
    assert not do(index.drop_account("default", ONE))


def test_with_an_account_goes_also_what_no_cell_has_any_more(index: Index, do: Any, furnished: list[TenantId]) -> None:
    gone, _, _ = furnished
    do(index.unplace(gone, "cell", 1))
    assert do(index.drop_account("default", ONE))
    assert do(index.published(gone)) == 0
    assert do(index.find_id("default", "bucket", "b")) == [furnished[1]]
    assert not do(index.drop_account("default", ONE))


def test_with_a_realm_goes_all_of_it_and_nothing_else(
    index: Index, do: Any, furnished: list[TenantId], changes: list[Any]
) -> None:
    *gone, other = furnished
    assert do(index.drop_realm("default"))
    assert changes == [("realm", "default")]
    for tenant in gone:
        assert not any(_everything(index, do, tenant))
    assert all(_everything(index, do, other))
    assert not do(index.drop_realm("default"))
    assert [realm.name for realm in do(index.realms())] == ["twin"]


def test_keys_of_what_is_gone_stay_known(index: Index, do: Any, clock: ManualClock) -> None:
    do(index.make_realm("new", True))
    for account in (ONE, TWO):
        do(index.make_account("new", account))
    one, two = (do(index.issue_access_key("new", account, ROOT, account)).key_id for account in (ONE, TWO))
    do(index.drop_account("new", ONE))
    assert [do(index.access_key(key_id)).status for key_id in (one, two)] == ["Revoked", "Active"]
    assert (do(index.ended("new", ONE)), do(index.ended("new", TWO))) == (clock.now(), 0.0)
    do(index.drop_realm("new"))
    assert [do(index.access_key(key_id)).status for key_id in (one, two)] == ["Revoked", "Revoked"]
    assert do(index.set_access_key_status(one, "Active")).status == "Revoked"
    do(index.make_realm("new", True))
    assert do(index.access_keys("new", ONE)) == []


def test_listeners_are_told_of_realms_accounts_and_keys(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.make_realm("new", True))
    do(index.make_account("new", ONE))
    key_id = do(index.issue_access_key("new", ONE, ROOT, ONE)).key_id
    do(index.set_access_key_status(key_id, "Inactive"))
    do(index.set_access_key_status("LKIAQAAAAAAAAAAAAAAA", "Inactive"))
    do(index.drop_realm("none"))
    assert changes == [("realm", "new"), ("account", ("new", ONE)), ("access_key", key_id), ("access_key", key_id)]
