"""A request's way through the gateway, to a dispatcher that the test answers for."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from unittest import mock

import orjson
import pytest
from atoll.cell import NotMine, Reply
from atoll.core.access import Access, ByArn, ByName, ByUrl, Crossing, Here
from atoll.core.call import Call, Params
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError, internal_failure, service_unavailable
from atoll.core.service import Registry, Service
from atoll.core.tenant_id import TenantId
from atoll.gateway import app
from atoll.gateway.access_log import AccessLog
from atoll.gateway.app import Gateway
from atoll.gateway.faults import Scope
from atoll.gateway.gate import Restriction
from atoll.gateway.identify import Identifier
from atoll.gateway.inner import Inner
from atoll.gateway.locate import Locator
from atoll.gateway.metrics import Metrics
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.manifests.fault import Fault
from atoll.services.sqs.urls import place_of_url
from atoll.wire.http import BodyPlan, Pending, Request, Response
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = TenantId("default", "111111111111", "ap-south-1")
THERE = TenantId("default", "222222222222", "eu-central-1")
URL = "http://localhost/queue/eu-central-1/222222222222/q"
SCOPE = "AWS4-HMAC-SHA256 Credential={}/20231114/{}/{}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"


def toy() -> Service:
    """A service with SQS's model and a few of its operations, none of which is ever run here."""
    access = {
        "ListQueues": Access(Here()),
        "SendMessage": Access(ByUrl("QueueUrl", place_of_url)),
        "ReceiveMessage": Access(ByUrl("QueueUrl", place_of_url), here=Crossing.ACCOUNT),
        "GetQueueUrl": Access(ByName("queue", "QueueName")),
        "Inside": Access(ByArn("Arn")),
    }
    longest = {"SendMessage": 2_000_000}
    service = Service("sqs", access=access, model_constraints=False, longest_body=1000, longest_bodies=longest)
    for name in access:
        service.operation(name, internal=name == "Inside")(lambda call, tenant: {})
    return service


def sts() -> Service:
    access = {"GetCallerIdentity": Access(Here()), "AssumeRoleWithWebIdentity": Access(Here())}
    service = Service("sts", access=access)
    for name in access:
        service.operation(name)(lambda call, tenant: {})
    return service


class World:
    """Gateway and what is around it. `answer` says what comes of a call; None leaves it waiting."""

    gateway: Gateway

    def __init__(self, index: SqliteIndex, lines: list[str]) -> None:
        self.index = index
        self.lines = lines
        self.calls: list[Call] = []
        self.replies: list[Reply] = []
        self.answer: Callable[[Call], Params | Exception | None] = lambda call: {}

    def run(self, call: Call, reply: Reply) -> None:
        self.calls.append(call)
        self.replies.append(reply)
        answer = self.answer(call)
        if isinstance(answer, Exception):
            reply.done(None, answer)
        elif answer is not None:
            reply.done(answer, None)

    async def ask(self, request: Request) -> Response:
        answer = self.gateway.handle(request)
        return await answer if isinstance(answer, Awaitable) else answer


class Paper(list[str]):
    def write(self, text: str) -> None:
        self.extend(text.splitlines())


@asynccontextmanager
async def world(*, open: bool = True, enabled: Container[str] | None = None) -> AsyncIterator[World]:
    clock = ManualClock()
    index = SqliteIndex(":memory:", clock)
    await index.make_realm("default", open)
    directory = Directory(index)
    registry = Registry({"sqs": toy, "sts": sts})
    paper = Paper()
    log = AccessLog(paper, json=False)
    made = World(index, paper)
    dispatcher: Any = made
    made.gateway = Gateway(
        registry=registry,
        identifier=Identifier(directory, clock, services=frozenset(registry)),
        locator=Locator(directory),
        dispatcher=dispatcher,
        clock=clock,
        access_log=log,
        inner=Inner(directory, Metrics()),
        enabled=enabled,
    )
    try:
        yield made
    finally:
        log.flush()
        await index.close()


def run(test: Callable[[World], Awaitable[None]], **options: Any) -> list[str]:
    """Runs a test in a world of its own; returns the log's lines."""

    async def go() -> list[str]:
        async with asyncio.timeout(20):
            async with world(**options) as made:
                await test(made)
            return made.lines

    return asyncio.run(go())


def json_call(operation: str, account: str = HERE.account, region: str = HERE.region, **params: Any) -> Request:
    headers = {
        "host": "localhost:4566",
        "x-amz-target": f"AmazonSQS.{operation}",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-date": "20231114T221320Z",
        "authorization": SCOPE.format(account, region, "sqs"),
    }
    return Request("POST", "/", "", headers, orjson.dumps(params))


def query_call(body: str, **headers: str) -> Request:
    form = {"host": "localhost", "content-type": "application/x-www-form-urlencoded", **headers}
    return Request("POST", "/", "", form, body.encode())


def body_of(response: Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body


def json_of(response: Response) -> Any:
    return orjson.loads(body_of(response))


def test_a_call_comes_with_all_that_was_found_out() -> None:
    async def test(world: World) -> None:
        world.answer = lambda call: {"MessageId": "id", "MD5OfMessageBody": "md5"}
        response = await world.ask(json_call("SendMessage", QueueUrl=URL, MessageBody="x", DelaySeconds=3))
        assert response.status == 200
        assert json_of(response) == {"MessageId": "id", "MD5OfMessageBody": "md5"}
        [call] = world.calls
        assert (call.service, call.operation) == ("sqs", "SendMessage")
        assert call.params == {"QueueUrl": URL, "MessageBody": "x", "DelaySeconds": 3}
        assert call.owner == THERE
        assert (call.caller.realm, call.caller.account, call.caller.region) == HERE
        assert (call.origin.scheme, call.origin.host) == ("http", "localhost:4566")
        assert dict(response.headers)["x-amzn-RequestId"] == call.request_id

    [line] = run(test)
    assert " default 111111111111/ap-south-1 sqs.SendMessage -> 222222222222/eu-central-1 200 " in line


def test_it_answers_in_the_protocol_that_it_was_asked_in() -> None:
    async def test(world: World) -> None:
        world.answer = lambda call: {"QueueUrls": ["u"]}
        answer = await world.ask(query_call("Action=ListQueues&Version=2012-11-05"))
        assert b"<QueueUrl>u</QueueUrl>" in body_of(answer)
        world.answer = lambda call: AwsError("QueueDoesNotExist", "The specified queue does not exist.")
        answer = await world.ask(query_call("Action=ListQueues&Version=2012-11-05"))
        assert answer.status == 400
        assert b"<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in body_of(answer)
        answer = await world.ask(json_call("ListQueues"))
        assert json_of(answer)["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"

    run(test)


def test_a_service_that_is_not_served() -> None:
    async def test(world: World) -> None:
        served = await world.ask(query_call("Action=GetCallerIdentity&Version=2011-06-15"))
        assert served.status == 200
        for request in (
            json_call("ListQueues"),
            json_call("NoSuch"),
            query_call("Action=ListQueues&Version=2012-11-05"),
        ):
            answer = await world.ask(request)
            assert answer.status == 501
            assert b"InternalFailure" in body_of(answer)
            assert b"Service 'sqs' is not enabled. Please check your 'SERVICES' configuration variable." in body_of(
                answer
            ).replace(b"&apos;", b"'")
        assert [call.service for call in world.calls] == ["sts"]
        assert world.gateway.missing == {}

    run(test, enabled={"sts"})


def test_an_answer_may_be_waited_for() -> None:
    async def test(world: World) -> None:
        world.answer = lambda call: None
        answer = world.gateway.handle(json_call("ListQueues"))
        assert not isinstance(answer, Response)
        waiting = asyncio.ensure_future(answer)
        await asyncio.sleep(0)
        assert not waiting.done()
        world.replies[0].done({}, None)
        assert (await waiting).status == 200

    run(test)


def test_a_client_that_goes_away_gives_up_its_call() -> None:
    async def test(world: World) -> None:
        world.answer = lambda call: None
        for request in (json_call("ListQueues"), json_call("ListQueues")):
            if world.calls:
                # The same by way of a page's call, whose answer is still to be given headers.
                request.headers["origin"] = "https://app.localstack.cloud"
            answer = world.gateway.handle(request)
            assert not isinstance(answer, Response)
            waiting = asyncio.ensure_future(answer)
            await asyncio.sleep(0)
            ended = asyncio.Event()
            task = asyncio.ensure_future(ended.wait())
            world.replies[-1].goes_on(task)
            waiting.cancel()
            await asyncio.wait([waiting, task])
            assert task.cancelled()
            assert world.replies[-1].gone

    run(test)


def test_a_failure_of_ours_says_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    ids: list[str] = []

    async def test(world: World) -> None:
        for failure in (ValueError("secret"), {"QueueUrls": object()}):
            world.answer = lambda call, failure=failure: failure
            response = await world.ask(json_call("ListQueues"))
            assert response.status == 500
            assert json_of(response)["__type"].endswith("InternalFailure")
            assert b"secret" not in body_of(response)
            assert b"Error'" not in body_of(response)
            ids.append(dict(response.headers)["x-amzn-RequestId"])

    with caplog.at_level(logging.ERROR):
        lines = run(test)
    assert [line.split()[1] for line in lines] == ids
    for id in ids:
        [record] = [record for record in caplog.records if id in record.getMessage()]
        assert record.exc_info is not None


def test_a_tenant_that_is_elsewhere_is_asked_for_again_later() -> None:
    async def test(world: World) -> None:
        world.answer = lambda call: NotMine(THERE, "another cell")
        response = await world.ask(json_call("ListQueues"))
        assert response.status == 503
        assert json_of(response)["__type"].endswith("ServiceUnavailable")

    run(test)


def test_what_is_absent_is_named_and_counted() -> None:
    async def test(world: World) -> None:
        for operation in ("Fly", "CreateQueue", "Inside"):
            response = await world.ask(json_call(operation))
            assert response.status == 501
            assert json_of(response)["message"] == (
                f"Atoll has no sqs.{operation}. The operations of sqs that it has: "
                "GetQueueUrl, ListQueues, ReceiveMessage, SendMessage."
            )
        for _ in range(2):
            answer = await world.ask(query_call("Action=ListTopics&Version=2010-03-31"))
            assert answer.status == 501
            assert b"Atoll has no sns.ListTopics. The services that it has: sqs, sts." in body_of(answer)
        assert world.gateway.missing == {"sqs.Fly": 1, "sqs.CreateQueue": 1, "sqs.Inside": 1, "sns.ListTopics": 2}
        assert world.calls == []

    run(test)


def test_a_protocol_that_the_service_does_not_speak() -> None:
    async def test(world: World) -> None:
        request = json_call("ListQueues")
        request.headers["x-amz-target"] = "AWSSecurityTokenServiceV20110615.GetCallerIdentity"
        request.headers["authorization"] = SCOPE.format(*HERE[1:], "sts")
        response = await world.ask(request)
        assert response.status == 501
        assert json_of(response)["message"].startswith("Atoll has no sts.GetCallerIdentity in the protocol json.")

    run(test)


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_MOST_MISSING", 3)

    async def test(world: World) -> None:
        for number in range(5):
            await world.ask(json_call(f"Fly{number % 4}"))
        assert world.gateway.missing == {"sqs.Fly0": 2, "sqs.Fly1": 1, "sqs.Fly2": 1}

    run(test)


def test_crossing_where_it_may_not() -> None:
    async def test(world: World) -> None:
        response = await world.ask(json_call("ReceiveMessage", QueueUrl=URL))
        assert response.status == 403
        assert world.calls == []

    run(test)


def test_what_only_the_index_knows() -> None:
    async def test(world: World) -> None:
        await world.index.claim("default", "queue", "named", THERE, "generation", world.gateway.clock.now() + 60)
        assert await world.index.confirm("default", "queue", "named", "generation")
        for name, owner in (("named", THERE), ("nobodys", HERE), ("named", THERE)):
            response = await world.ask(json_call("GetQueueUrl", QueueName=name))
            assert response.status == 200
            assert world.calls[-1].owner == owner

    run(test)


def test_a_closed_realm() -> None:
    async def test(world: World) -> None:
        assert (await world.ask(json_call("ListQueues"))).status == 403
        assert (await world.ask(query_call("Action=GetCallerIdentity&Version=2011-06-15"))).status == 403
        assert world.calls == []
        # AWS takes these unsigned, since they are how one comes by credentials.
        body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=name"
        body += "&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fr&WebIdentityToken=tokn"
        assert (await world.ask(query_call(body))).status == 200
        assert world.calls[0].caller.principal == "anonymous"

    lines = run(test, open=False)
    assert [line.split()[-3] for line in lines] == ["403", "403", "200"]


def test_model_constraints_are_checked_where_they_are_awss() -> None:
    async def test(world: World) -> None:
        answer = await world.ask(query_call("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"))
        assert answer.status == 400
        assert b"<Code>ValidationError</Code>" in body_of(answer)
        assert (await world.ask(json_call("SendMessage"))).status == 200

    run(test)


def test_bodies_as_long_as_the_operation_takes() -> None:
    async def test(world: World) -> None:
        # A form's operation is in its body, which is not there yet.
        form = query_call("", authorization=SCOPE.format(*HERE[1:], "sqs"))
        sent, listed = json_call("SendMessage"), json_call("ListQueues")
        for request, limit in ((sent, 2_000_000), (listed, 1000), (form, 2_000_000)):
            request.headers["content-length"] = str(limit)
            plan = world.gateway.admit(request)
            assert isinstance(plan, BodyPlan)
            assert (plan.limit, plan.stream) == (limit, False)
            request.headers["content-length"] = str(limit + 1)
            refused = world.gateway.admit(request)
            assert isinstance(refused, Response)
            assert refused.status == 413
            assert b"RequestEntityTooLarge" in body_of(refused)
            assert (b"<Code>" in body_of(refused)) == (request is form)
        nobodys = Request("POST", "/", "", {"host": "localhost", "content-length": str(1 << 30)})
        assert not isinstance(world.gateway.admit(nobodys), BodyPlan)

    lines = run(test)
    assert [line.split()[-4] for line in lines] == ["sqs.SendMessage", "sqs.ListQueues", "sqs.-", "-.-"]
    assert [line.split()[-3] for line in lines] == ["413"] * 4


def test_what_the_server_refuses_is_told_as_aws_would_and_logged() -> None:
    async def test(world: World) -> None:
        refuse = world.gateway.refuse
        told = refuse(json_call("SendMessage"), 413, "a body of more than 5 bytes")
        assert told.status == 413
        assert json_of(told)["__type"].endswith("RequestEntityTooLarge")
        assert json_of(told)["message"] == "The request was refused: a body of more than 5 bytes."
        form = query_call("", authorization=SCOPE.format(*HERE[1:], "sqs"))
        assert b"<Code>RequestTimeout</Code>" in body_of(refuse(form, 408, "too slow"))
        assert b"<Code>BadRequest</Code>" in body_of(refuse(form, 400, "no chunks"))
        own = refuse(Request("PUT", "/_atoll/v1/realms/default", "", {}), 413, "too long")
        assert json_of(own) == {"title": HTTPStatus(413).phrase, "status": 413, "detail": "too long"}
        assert body_of(refuse(None, 400, "no head")) == b"no head\n"

    lines = run(test)
    assert [line.split()[-4] for line in lines] == ["sqs.SendMessage", "sqs.-", "sqs.-", "-.-", "-.-"]
    assert [line.split()[-3] for line in lines] == ["413", "408", "400", "413", "400"]


def test_a_body_that_is_there_is_no_longer_either() -> None:
    async def test(world: World) -> None:
        for length, status in ((1000, 200), (1001, 413)):
            request = json_call("ListQueues")
            request.body = b"{}".ljust(length)
            assert (await world.ask(request)).status == status
            assert (
                await world.ask(query_call("Action=ListQueues&Version=2012-11-05&x=".ljust(length, "x")))
            ).status == status
        assert (await world.ask(json_call("SendMessage", QueueUrl=URL, MessageBody="x" * 2000))).status == 200
        assert len(world.calls) == 3

    run(test)


async def signed_for(world: World, service: str) -> Request:
    """A call that is signed by an issued key."""
    key = await world.index.issue_access_key("default", HERE.account, "arn:aws:iam::111111111111:user/u", "AIDAU")
    aws = AWSRequest("POST", "http://localhost/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}")
    now = datetime.datetime.fromtimestamp(world.gateway.clock.now(), datetime.UTC).replace(tzinfo=None)
    with mock.patch.object(auth, "get_current_datetime", return_value=now):
        auth.SigV4Auth(Credentials(key.key_id, key.secret), service, HERE.region).add_auth(aws)
    headers = {name.lower(): str(value) for name, value in aws.headers.items()}
    return Request("POST", "/", "", {"host": "localhost", **headers}, b"{}")


def test_a_signature_is_good_for_its_service_only() -> None:
    async def test(world: World) -> None:
        assert (await world.ask(await signed_for(world, "sqs"))).status == 200
        response = await world.ask(await signed_for(world, "ec2"))
        assert response.status == 403
        assert json_of(response)["__type"].endswith("#InvalidSignatureException")
        assert json_of(response)["message"] == "Credential should be scoped to correct service: 'sqs'."
        # Who is taken at its word is so for its scope too.
        request = json_call("ListQueues")
        request.headers["authorization"] = SCOPE.format(*HERE[1:], "ec2")
        assert (await world.ask(request)).status == 200
        assert len(world.calls) == 2

    run(test)


def test_a_version_that_the_service_has_not() -> None:
    async def test(world: World) -> None:
        for version, told in (("&Version=1999-01-01", "1999-01-01"), ("", "NO_VERSION_SPECIFIED")):
            request = query_call("Action=GetCallerIdentity" + version, authorization=SCOPE.format(*HERE[1:], "sts"))
            response = await world.ask(request)
            assert response.status == 400
            assert b"<Code>InvalidAction</Code>" in body_of(response)
            message = f"Could not find operation GetCallerIdentity for version {told}"
            assert f"<Message>{message}</Message>" in body_of(response).decode()
        assert world.calls == []
        scope = SCOPE.format(*HERE[1:], "sqs")
        assert (await world.ask(query_call("Action=ListQueues", authorization=scope))).status == 200

    run(test)


def test_what_is_refused_early_and_pages_of_our_own_are_logged_too() -> None:
    async def test(world: World) -> None:
        evil = json_call("ListQueues")
        evil.headers["origin"] = "https://evil.example"
        preflight = Request("OPTIONS", "/", "", {"host": "localhost", "origin": "https://app.localstack.cloud"})
        document = "/_atoll/realms/{}/.well-known/openid-configuration"
        found = Request("GET", document.format("default"), "", {"host": "localhost"})
        absent = Request("GET", document.format("none"), "", {"host": "localhost"})
        statuses = [(await world.ask(request)).status for request in (evil, preflight, found, absent)]
        assert statuses == [403, 204, 200, 404]

    words = [line.split() for line in run(test)]
    assert [line[2:6] for line in words] == [
        ["-", "-", "-.-", "403"],
        ["-", "-", "-.-", "204"],
        ["-", "-", "atoll.-", "200"],
        ["-", "-", "atoll.-", "404"],
    ]
    assert len({line[1] for line in words}) == 4


def test_a_call_that_is_given_up_is_no_failure_of_ours() -> None:
    async def test(world: World) -> None:
        answers: list[AwsError | Params] = [service_unavailable(), internal_failure(), {}]
        await world.ask(json_call("ListQueues"))
        for answer in answers:
            world.answer = lambda call: None
            pending = world.gateway.handle(json_call("ListQueues"))
            assert isinstance(pending, Pending)
            pending.cancel()
            given = (None, answer) if isinstance(answer, AwsError) else (answer, None)
            world.replies[-1].done(*given)
        world.answer = lambda call: service_unavailable()
        assert (await world.ask(json_call("ListQueues"))).status == 503

    lines = run(test)
    assert sorted(line.split()[-3] for line in lines) == ["200", "200", "499", "500", "503"]


def test_a_call_that_is_given_up_while_the_index_is_asked_is_logged() -> None:
    async def test(world: World) -> None:
        asked = asyncio.Event()

        async def never(*question: str) -> None:
            asked.set()
            await asyncio.Event().wait()

        assert (await world.ask(json_call("ListQueues"))).status == 200
        for name, request in (
            ("get_holder", json_call("GetQueueUrl", QueueName="q")),
            ("get_access_key", json_call("ListQueues", account="LKIAQAAAAAAAQAAAAAAA")),
        ):
            with mock.patch.object(Directory, name, side_effect=never):
                asked.clear()
                answer = world.gateway.handle(request)
                assert not isinstance(answer, Response)
                waiting = asyncio.ensure_future(answer)
                await asked.wait()
                waiting.cancel()
                await asyncio.wait([waiting])
                await asyncio.sleep(0)

    assert [line.split()[-3] for line in run(test)] == ["200", "499", "499"]


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from(["localhost", "sqs.eu-central-1.localhost", "aws.none.localhost", "", "\xff.s3.\x7f"]),
        "x-amz-target": st.sampled_from(["AmazonSQS.SendMessage", "AmazonSQS.", ".", "x" * 300, "TrentService.\xe9"]),
        "content-type": st.sampled_from(
            ["application/x-www-form-urlencoded", "application/x-amz-json-1.0", "text/xml"]
        ),
        "authorization": st.one_of(
            st.sampled_from([SCOPE.format("1" * 12, "eu-west-1", name) for name in ("sqs", "sts", "s3", "ec2", "x y")]),
            st.text(st.characters(max_codepoint=255), max_size=60),
        ),
        "origin": st.sampled_from(["http://localhost", "null", "https://[", "https://evil.example"]),
        "smithy-protocol": st.just("rpc-v2-cbor"),
    },
)
PATHS = st.one_of(
    st.sampled_from(["/", "/111111111111/q", "/queue/eu-west-1/111111111111/q", "/bucket/key", "/_atoll/x", "*", ""]),
    st.text(st.characters(max_codepoint=255), max_size=40).map(lambda text: f"/{text}"),
)
BODIES = st.one_of(
    st.sampled_from([b"", b"{}", b"[", b"Action=SendMessage&Version=2012-11-05", b"Action=", b"Action=%ff&Version=x"]),
    st.binary(max_size=80),
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"]),
    path=PATHS,
    query=st.one_of(st.sampled_from(["", "Action=ListQueues", "X-Amz-Credential=a%2Fb"]), st.text(max_size=40)),
    headers=HEADERS,
    body=BODIES,
)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_nothing_that_is_sent_is_a_failure_of_ours(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    async def test(world: World) -> None:
        plan = world.gateway.admit(Request(method, path, query, dict(headers)))
        assert isinstance(plan, BodyPlan)
        response = await world.ask(Request(method, path, query, dict(headers), body))
        assert response.status != 500
        assert response.status < 500 or response.status == 501

    run(test)


def test_accounts_that_may_not_call_now() -> None:
    async def test(world: World) -> None:
        world.gateway.gate.restrict("default", HERE.account, Restriction(suspended=True))
        response = await world.ask(json_call("ListQueues"))
        assert response.status == 403
        assert json_of(response)["message"] == f"The account {HERE.account} is suspended."
        world.gateway.gate.restrict("default", HERE.account, Restriction(regions=frozenset({"us-east-1"})))
        response = await world.ask(json_call("ListQueues"))
        assert response.status == 403
        assert json_of(response)["__type"].endswith("UnrecognizedClientException")
        response = await world.ask(query_call("Action=GetCallerIdentity&Version=2011-06-15", **claimed(HERE)))
        assert b"<Code>InvalidClientTokenId</Code>" in body_of(response)
        assert not world.calls
        assert (await world.ask(json_call("ListQueues", region="us-east-1"))).status == 200

    run(test)


def claimed(tenant: TenantId) -> dict[str, str]:
    return {"x-amz-date": "20231114T221320Z", "authorization": SCOPE.format(tenant.account, tenant.region, "sts")}


def test_faults_of_the_owners_region() -> None:
    async def test(world: World) -> None:
        faults = world.gateway.faults
        faults.put(Scope(region=THERE.region), [Fault(latency=0.001, unavailable=True)])
        assert (await world.ask(json_call("ListQueues"))).status == 200
        response = await world.ask(json_call("SendMessage", QueueUrl=URL, MessageBody="x"))
        assert (response.status, len(world.calls)) == (503, 1)
        assert json_of(response)["__type"].endswith("ServiceUnavailable")
        faults.put(Scope(region=THERE.region), [Fault(latency=0.001)])
        assert (await world.ask(json_call("SendMessage", QueueUrl=URL, MessageBody="x"))).status == 200
        faults.put(Scope(region=THERE.region), [Fault(latency=1000.0)])
        answer = world.gateway.handle(json_call("SendMessage", QueueUrl=URL, MessageBody="x"))
        assert not isinstance(answer, Response)
        waiting = asyncio.ensure_future(answer)
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert len(world.calls) == 2

    lines = run(test)
    assert [line.split()[-3] for line in lines] == ["200", "503", "200", "499"]
