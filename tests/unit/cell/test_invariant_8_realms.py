"""8. Nothing crosses realms."""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from atoll.core.authorization_messages import seal_message
from atoll.core.errors import AwsError
from atoll.core.sealing import Sealer
from atoll.core.tenant_id import TenantId
from atoll.gateway.identify import Identifier
from atoll.gateway.refusals import NotAuthenticated
from atoll.wire.http import Request
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
TWIN_A = TenantId("twin", *A[1:])
TWIN_B = TenantId("twin", *B[1:])


def data(cloud: Any, realm: str) -> dict[str, list[Any]]:
    """All rows of all tenants of the realm."""
    found = {}
    for hosted in cloud.cell.tenants.all():
        if hosted.tenant.id.realm == realm:
            db = hosted.tenant.db
            for (table,) in db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
                found[f"{hosted.tenant.id} {table}"] = db.rows(f'SELECT * FROM "{table}"')
    return found


def test_what_is_named_as_in_another_realm_is_found_in_the_callers_own(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            box, other = box_arn(A, "x"), box_arn(B, "in")
            await cloud.call(A, "Put", Box=box, Text="of default")
            await cloud.call(A, "Make", Box=box)
            await cloud.call(A, "Claim", Name="the-name")
            await cloud.call(A, "Send", Boxes=[other], Text="of default", Lane="lane")
            await cloud.call(A, "Later", Text="of default", Seconds=10)
            made = await cloud.call(A, "CreateQueue", service="sqs", QueueName="queue")
            await cloud.quiet()
            before = data(cloud, "default")
            resources = (await cloud.index.resources("default")).resources

            assert (await cloud.call(TWIN_B, "List", Box=box))["Notes"] == []
            assert await cloud.call(TWIN_B, "Take", Box=box, Wait=0) == {}
            assert (await cloud.call(TWIN_B, "Put", Box=box, Text="of twin"))["Owner"] == list(TWIN_A)
            assert (await cloud.call(TWIN_A, "Owner", Name="the-name"))["Owner"] == list(TWIN_A)
            for caller, owner in [(B, A), (TWIN_B, TWIN_B)]:
                assert (await cloud.call(caller, "Find", BoxId="x"))["Owner"] == list(owner)
                assert (await cloud.call(caller, "Open", Sealed=b"sealed:x:of default"))["Owner"] == list(owner)
            await cloud.call(TWIN_A, "Send", Boxes=[other], Text="of twin", Lane="lane", Awaited=True)
            route = [other, box, other]
            assert (await cloud.call(TWIN_A, "Relay", Box=box, Route=route, Text="r"))["Owner"] == list(TWIN_B)
            for name in ("GetQueueAttributes", "DeleteQueue", "SendMessage", "ReceiveMessage"):
                with pytest.raises(AwsError, match="QueueDoesNotExist"):
                    await cloud.call(TWIN_B, name, service="sqs", QueueUrl=made["QueueUrl"], MessageBody="of twin")
            await cloud.call(TWIN_B, "Drop", Box=box)
            await cloud.call(TWIN_A, "Release", Name="the-name")
            await cloud.quiet()

            assert data(cloud, "default") == before
            assert (await cloud.index.resources("default")).resources == resources
            assert await cloud.index.holder("default", "probe-name", "the-name") == A
            assert await cloud.notes(TWIN_A, "x") == ["of twin"]
            assert await cloud.notes(TWIN_B, "in") == ["of twin", "r"]
            cloud.clock.advance(20)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["of default"]
            assert await cloud.notes(TWIN_A, "due") == []
            assert (await cloud.call(A, "Find", BoxId="x"))["Owner"] == list(A)

    asyncio.run(scenario())


def test_who_waits_is_woken_by_its_own_realm_only(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(TWIN_A, "Put", Box=box_arn(A, "other"), Text="here")
            waiting = asyncio.create_task(cloud.call(TWIN_B, "Take", Box=box_arn(A, "x"), Wait=20))
            await cloud.waiting()
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="of default")
            await cloud.quiet_but(waiting)
            assert not waiting.done()
            await cloud.call(TWIN_A, "Put", Box=box_arn(A, "x"), Text="of twin")
            assert await waiting == {"Text": "of twin"}

    asyncio.run(scenario())


def test_effects_under_way_in_files_taken_to_another_realm_arrive_there(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            with cloud.effects_unanswered():
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
                await cloud.call(
                    A, "Send", Boxes=[box_arn(B, "refusing")], Text="2", Refused=box_arn(B, "dead"), Lane="other"
                )
                image = cloud.kill("one")
            shutil.copytree(image.joinpath(*A), image.joinpath(*TWIN_A))
            shutil.rmtree(image.joinpath(*A))
            await cloud.revive("one")
            await cloud.call(TWIN_A, "Put", Box=box_arn(A, "x"), Text="awake")
            await cloud.settle()
            assert await cloud.notes(TWIN_B, "in") == ["1"]
            assert await cloud.notes(TWIN_B, "dead") == ["2"]
            assert await cloud.notes(B, "in") == await cloud.notes(B, "dead") == []
            assert not cloud.path_of(B).exists()

    asyncio.run(scenario())


def signed(clock: Any, credentials: dict[str, str], host: str, token: str) -> Request:
    """As a client signs that has these credentials, and sends this token along."""
    aws = AWSRequest(method="POST", url=f"http://{host}/", data=b"")
    now = datetime.fromtimestamp(clock.now(), UTC).replace(tzinfo=None)
    with mock.patch.object(auth, "get_current_datetime", return_value=now):
        keys = Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], token)
        auth.SigV4Auth(keys, "sqs", A.region).add_auth(aws)
    headers = {name.lower(): str(value) for name, value in aws.prepare().headers.items()}
    return Request("POST", "/", "", headers | {"host": host}, b"")


def relabelled(token: str) -> str:
    """The token, made to say that the twin has sealed it."""
    of_default, of_twin = b"\x07default", b"\x04twin"
    data = b64decode(token)
    assert data.count(of_default) == 1
    return b64encode(data.replace(of_default, of_twin)).decode()


@pytest.mark.parametrize("first", [A, TWIN_A])
def test_a_session_token_is_good_in_the_realm_that_issued_it_only(
    first: TenantId, tmp_path: Path, cloud_at: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            identifier = Identifier(cloud.directory, cloud.clock)

            async def caller(credentials: dict[str, str], host: str, token: str) -> TenantId:
                request = signed(cloud.clock, credentials, host, token)
                caller = (identifier.identify(request) or await identifier.identify_slowly(request)).caller
                return TenantId(caller.realm, caller.account, caller.region)

            # In the same cell, the one after the other: what it keeps of the first must not serve the other.
            issued = {}
            for tenant in (first, TWIN_A if first == A else A):
                answer = await cloud.call(tenant, "GetSessionToken", service="sts")
                issued[tenant] = answer["Credentials"]
            for tenant, credentials in issued.items():
                for host in ("localhost", f"aws.{tenant.realm}.svc"):
                    assert await caller(credentials, host, credentials["SessionToken"]) == tenant
            ours, theirs = issued[A], issued[TWIN_A]
            for credentials, host, token in [
                (ours, "aws.twin.svc", ours["SessionToken"]),
                (theirs, "aws.default.svc", theirs["SessionToken"]),
                (ours, "localhost", relabelled(ours["SessionToken"])),
                (ours, "aws.twin.svc", relabelled(ours["SessionToken"])),
                (ours, "localhost", theirs["SessionToken"]),
            ]:
                with pytest.raises(NotAuthenticated):
                    await caller(credentials, host, token)

    asyncio.run(scenario())


def test_what_a_realm_has_sealed_its_twin_cannot_open(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for tenant, other in [(A, TWIN_A), (TWIN_A, A)]:
                realm = await cloud.index.realm(tenant.realm)
                message = seal_message(Sealer(realm.name, realm.sealing_key), tenant.account, "{}")
                decode = {"service": "sts", "EncodedMessage": message}
                assert await cloud.call(tenant, "DecodeAuthorizationMessage", **decode) == {"DecodedMessage": "{}"}
                with pytest.raises(AwsError, match="InvalidAuthorizationMessage"):
                    await cloud.call(other, "DecodeAuthorizationMessage", **decode)

    asyncio.run(scenario())


def test_a_realm_that_there_is_not_has_no_tenants(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            nowhere = TenantId("nowhere", *A[1:])
            for operation in ("Put", "List", "Add"):
                with pytest.raises(AwsError, match="InvalidClientTokenId"):
                    await cloud.call(nowhere, operation, Box=box_arn(A, "x"), Text="1")
            assert not cloud.path_of(nowhere).exists()

    asyncio.run(scenario())
