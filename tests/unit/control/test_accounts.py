"""Declared accounts: made, changed, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from atoll.control.errors import Conflict, Invalid, NotThere
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.gateway.refusals import NotAuthenticated

Run = Callable[[Callable[[Any], Any]], None]


def caller(account: str, region: str = "us-east-1", realm: str = "default") -> Caller:
    return Caller(realm, account, region, f"arn:aws:iam::{account}:root", account)


def test_an_account_is_made_with_an_id_and_a_key(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        declaration, made = await steered.accounts.put(account(alias="payments-test"))
        assert made
        assert len(declaration.account) == 12
        assert declaration.generation == 1
        [key] = await steered.accounts.active_keys(declaration)
        assert (key.account, key.principal) == (declaration.account, f"arn:aws:iam::{declaration.account}:root")
        kept = await steered.index.account("default", declaration.account)
        assert kept.alias == "payments-test"
        again, made = await steered.accounts.put(account(alias="payments-test"))
        assert (again, made) == (declaration, False)
        assert await steered.accounts.active_keys(declaration) == [key]
        assert await steered.accounts.find("default", declaration.account) == declaration
        assert await steered.accounts.find("default", "payments") == declaration

    run(test)


def test_a_realm_that_is_not_there_is_made_closed(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await steered.accounts.put(account(realm="team-a", accountId="111111111111"))
        realm = await steered.index.realm("team-a")
        assert not realm.open
        await steered.accounts.put(account(accountId="111111111111"))
        with pytest.raises(Conflict, match="The account 111111111111 of this realm is that of payments"):
            await steered.accounts.put(account("other", accountId="111111111111"))

    run(test)


def test_changes_are_counted(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        first, _ = await steered.accounts.put(account())
        second, made = await steered.accounts.put(account(alias="more"))
        assert (second.generation, second.account, second.created, made) == (2, first.account, first.created, False)
        third, _ = await steered.accounts.put(account(alias="most"), 7)
        assert third.generation == 7
        with pytest.raises(Conflict, match="payments was declared by generation 7 already"):
            await steered.accounts.put(account(), 6)
        again, _ = await steered.accounts.put(account(alias="most"), 7)
        assert again == third

    run(test)


def test_what_may_not_change(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await steered.accounts.put(account(accountId="111111111111"))
        with pytest.raises(Invalid) as raised:
            await steered.accounts.put(account(accountId="222222222222"))
        assert raised.value.problems == (("spec.accountId", "'222222222222'", "cannot be changed: it is 111111111111"),)

    run(test)


def test_who_is_suspended_and_where(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        declaration, _ = await steered.accounts.put(account(regions=["us-east-1"], suspend=True))
        with pytest.raises(AwsError, match="is suspended"):
            steered.gate.check(caller(declaration.account))
        await steered.accounts.put(account(regions=["us-east-1"]))
        steered.gate.check(caller(declaration.account))
        with pytest.raises(NotAuthenticated):
            steered.gate.check(caller(declaration.account, "eu-west-1"))
        await steered.end()
        await steered.begin()
        with pytest.raises(NotAuthenticated):
            steered.gate.check(caller(declaration.account, "eu-west-1"))
        await steered.accounts.delete("default", "payments")
        assert not steered.gate.shut

    run(test)


def test_deleted_with_everything_in_it(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        declaration, _ = await steered.accounts.put(account())
        [key] = await steered.accounts.active_keys(declaration)
        tenant = TenantId("default", declaration.account, "us-east-1")
        other = TenantId("default", "999999999999", "us-east-1")
        for each in (tenant, other):
            await steered.sqs(each, "CreateQueue", QueueName="q")
        assert steered.accounts.tenants(declaration) == [tenant]
        await steered.accounts.delete("default", "payments")
        await steered.quiet()
        assert not steered.folder.path_of(tenant).parent.exists()
        assert (await steered.index.access_key(key.key_id)).status == "Revoked"
        assert [each.tenant for each in (await steered.index.resources("default")).resources] == [other]
        assert await steered.sqs(tenant, "ListQueues") == {}
        with pytest.raises(NotThere):
            await steered.accounts.get("default", "payments")
        anew, made = await steered.accounts.put(account(accountId=declaration.account))
        assert (made, anew.account) == (True, declaration.account)
        await steered.sqs(tenant, "CreateQueue", QueueName="q2")
        assert len((await steered.index.resources("default")).resources) == 2

    run(test)


def test_what_is_retained(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        declaration, _ = await steered.accounts.put(account(accountId="111111111111", deletionPolicy="Retain"))
        tenant = TenantId("default", declaration.account, "us-east-1")
        await steered.sqs(tenant, "CreateQueue", QueueName="q")
        await steered.accounts.delete("default", "payments")
        assert len((await steered.sqs(tenant, "ListQueues"))["QueueUrls"]) == 1
        await steered.accounts.put(account(accountId="111111111111"))
        assert len((await steered.sqs(tenant, "ListQueues"))["QueueUrls"]) == 1

    run(test)


def test_an_account_ends_when_its_time_has_come(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        declaration, _ = await steered.accounts.put(account(ttl="1h"))
        assert declaration.expires == declaration.created + 3600
        steered.clock.advance(1800)
        longer, _ = await steered.accounts.put(account(ttl="2h"))
        assert longer.expires == declaration.created + 7200
        steered.clock.advance(1801)
        await steered.quiet()
        assert await steered.accounts.get("default", "payments")
        await steered.end()
        await steered.begin()
        steered.clock.advance(3600)
        await steered.quiet()
        with pytest.raises(NotThere):
            await steered.accounts.get("default", "payments")

    run(test)


def test_more_time_that_is_given_while_an_ending_waits_for_its_turn(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await steered.accounts.put(account(ttl="1h"))
        make_account = steered.index.make_account

        async def slow(*args: Any, **options: Any) -> Any:
            # The old time comes while the new one is being declared.
            steered.clock.advance(3601)
            await asyncio.sleep(0)
            return await make_account(*args, **options)

        steered.index.make_account = slow
        await steered.accounts.put(account(ttl="3h"))
        await steered.quiet()
        assert await steered.accounts.get("default", "payments")
        steered.clock.advance(7200)
        await steered.quiet()
        with pytest.raises(NotThere):
            await steered.accounts.get("default", "payments")

    run(test)


def test_an_ending_that_fails_is_tried_again_unless_more_time_is_given(
    run: Run, account: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(steered: Any) -> None:
        await steered.accounts.put(account(ttl="1h"))
        undeclare = steered.index.undeclare

        async def fail(*args: Any) -> bool:
            raise OSError("the disk is full")

        steered.index.undeclare = fail
        steered.clock.advance(3600)
        await steered.quiet()
        assert "payments: the account could not be ended; tried again in 60 s" in caplog.text
        steered.index.undeclare = undeclare
        await steered.accounts.put(account(ttl="2h"))
        steered.clock.advance(3599)
        await steered.quiet()
        assert await steered.accounts.get("default", "payments")
        steered.index.undeclare = fail
        steered.clock.advance(1)
        await steered.quiet()
        steered.index.undeclare = undeclare
        steered.clock.advance(60)
        await steered.quiet()
        with pytest.raises(NotThere):
            await steered.accounts.get("default", "payments")

    run(test)


def test_keys_are_revoked_by_their_account_only(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        one, _ = await steered.accounts.put(account("one"))
        two, _ = await steered.accounts.put(account("two"))
        key = await steered.accounts.issue_key(one)
        with pytest.raises(NotThere, match=f"two has no key {key.key_id}"):
            await steered.accounts.revoke_key(two, key.key_id)
        assert (await steered.accounts.revoke_key(one, key.key_id)).status == "Revoked"
        assert len(await steered.accounts.active_keys(one)) == 1

    run(test)


async def statuses(steered: Any, account: str) -> list[str]:
    return [key.status for key in await steered.index.access_keys("default", account)]


def test_keys_are_replaced_and_overlap(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        async def later(seconds: float) -> list[str]:
            steered.clock.advance(seconds)
            await steered.quiet()
            return await statuses(steered, declaration.account)

        declaration, _ = await steered.accounts.put(account(credentials={"rotation": "1h"}))
        assert await later(3599) == ["Active"]
        assert await later(1) == ["Active", "Active"]
        assert await later(3599) == ["Active", "Active"]
        assert await later(1) == ["Revoked", "Active", "Active"]
        await steered.end()
        await steered.begin()
        assert await later(36_000) == ["Revoked", "Revoked", "Active", "Active"]
        assert await later(3600) == ["Revoked", "Revoked", "Revoked", "Active", "Active"]
        await steered.accounts.put(account())
        assert await later(36_000) == ["Revoked", "Revoked", "Revoked", "Revoked", "Active"]
        await steered.accounts.put(account(credentials={"rotation": "1h"}))
        await steered.accounts.delete("default", "payments")
        assert set(await later(36_000)) == {"Revoked"}

    run(test)


def test_keys_are_replaced_when_somebody_says_so(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        async def later(seconds: float) -> list[str]:
            steered.clock.advance(seconds)
            await steered.quiet()
            return await statuses(steered, declaration.account)

        declaration, _ = await steered.accounts.put(account())
        await later(1)
        new = await steered.accounts.rotate_keys(declaration, overlap=3600)
        assert (await steered.accounts.active_keys(declaration))[1] == new
        assert await later(3599) == ["Active", "Active"]
        await steered.end()
        await steered.begin()
        assert await later(1) == ["Revoked", "Active"]
        await steered.accounts.rotate_keys(declaration, overlap=0)
        assert await later(1) == ["Revoked", "Revoked", "Active"]
        await steered.accounts.rotate_keys(declaration, overlap=3600)
        await later(1)
        # What was said first is not put off, and a shorter time counts.
        await steered.accounts.rotate_keys(declaration, overlap=60)
        assert await later(60) == ["Revoked", "Revoked", "Revoked", "Revoked", "Active"]

    run(test)
