"""The control API, as it is asked on the data path's port."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from atoll.control.requests import LONGEST_BODY
from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId
from atoll.wire.http import Request

TOKEN = "the-token"
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.9"
SPEC = {"accountId": "111111111111"}

Run = Callable[[Callable[[Any], Any]], None]


def test_an_account_from_declared_to_deleted(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        status, made = await api("PUT", "/realms/default/accounts/payments", {"spec": {**SPEC, "ttl": "1h"}})
        assert status == 201
        assert made["status"]["accountId"] == "111111111111"
        assert made["status"]["endpoint"] == "http://localhost:4566"
        assert made["status"]["expiresAt"] == "2023-11-14T23:13:20Z"
        assert made["status"]["conditions"][0]["status"] == "True"
        again = await api("PUT", "/realms/default/accounts/payments", {"spec": {**SPEC, "ttl": "1h"}})
        assert again == (200, made)
        assert await api("GET", "/realms/default/accounts/111111111111") == (200, made)
        assert (await api("GET", "/accounts"))[1]["items"] == [made]
        status, keys = await api("GET", "/realms/default/accounts/payments/credentials")
        assert keys["secretAccessKey"]
        status, more = await api("POST", "/realms/default/accounts/payments/keys")
        assert status == 201
        status, revoked = await api("DELETE", f"/realms/default/accounts/payments/keys/{more['accessKeyId']}")
        assert revoked["status"] == "Revoked"
        status, listed = await api("GET", "/realms/default/accounts/payments/keys")
        assert {key["accessKeyId"]: key["status"] for key in listed["items"]} == {
            keys["accessKeyId"]: "Active",
            more["accessKeyId"]: "Revoked",
        }
        assert "secretAccessKey" not in listed["items"][0]
        assert await api("DELETE", "/realms/default/accounts/payments") == (204, None)
        assert (await api("DELETE", "/realms/default/accounts/payments"))[0] == 404

    ask(test)


def test_problems_say_what_is_wrong(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        answer = await api.raw("PUT", "/_atoll/v1/realms/default/accounts/x", {"spec": {"accountId": 1, "alia": "y"}})
        assert answer.status == 422
        assert ("content-type", "application/problem+json") in answer.headers
        assert isinstance(answer.body, bytes)
        problem = orjson.loads(answer.body)
        assert problem["problems"] == [
            {"path": "spec.alia", "value": "", "reason": "is no field of it: did you mean alias?"},
            {"path": "spec.accountId", "value": "1", "reason": "is a number and must be a string: quote it"},
        ]
        status, problem = await api("PUT", "/realms/default/accounts/X", {"spec": {}})
        assert (status, problem["title"]) == (400, "The request is not valid")
        await api("PUT", "/realms/default/accounts/x", {"spec": SPEC, "generation": 5})
        status, problem = await api("PUT", "/realms/default/accounts/x", {"spec": SPEC, "generation": 4})
        assert (status, problem["detail"]) == (409, "x was declared by generation 5 already, which is newer")
        status, problem = await api("PUT", "/realms/default/accounts/y", {"spec": {"realm": "twin"}})
        assert status == 409
        assert (await api("GET", "/resources?token=x"))[0] == 400

    ask(test)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"spec":{"alias":"\\ud800"}}', 400),
        (b'{"spec":{"\\ud800":1}}', 400),
        (b'{"spec":{"ttl":NaN}}', 400),
        (b'{"spec":{"ttl":1e999}}', 400),
        (b'{"spec":{},"generation":' + b"9" * 5000 + b"}", 400),
        (b'{"spec":{},"generation":9223372036854775808}', 400),
        (b'{"spec":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"spec":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", 422),
        (b'{"spec":{}}'.decode().encode("utf-16"), 400),
        (b'{"spec":{"alias":"' + b"a" * LONGEST_BODY + b'"}}', 413),
        (b'{"spec":{"regions":[' + b"1," * 100_000 + b"1]}}", 422),
        (b"{" + b",".join(b'"%d":1' % number for number in range(10_000)) + b"}", 400),
        (b"[" + b"1," * 100_000 + b"1]", 400),
        (b"", 400),
    ],
)
def test_bodies_that_nobody_means(ask: Any, body: bytes, status: int) -> None:
    async def test(api: Any, steered: Any) -> None:
        headers = {"host": "localhost:4566", "content-type": "application/json"}
        path = "/_atoll/v1/realms/default/accounts/x"
        answer = await api.adapter(Request("PUT", path, "", headers, body, peer=HERE))
        assert answer.status == status
        assert ("content-type", "application/problem+json") in answer.headers
        assert isinstance(answer.body, bytes)
        assert len(orjson.loads(answer.body)["problems"]) <= 101
        assert len(answer.body) < 50_000
        assert (await api("GET", "/accounts"))[1]["items"] == []

    ask(test)


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PATCH", "/realms"), ("GET", "/realms/")])
def test_what_is_not_there_is_a_problem_too(ask: Any, method: str, path: str) -> None:
    async def test(api: Any, steered: Any) -> None:
        answer = await api.raw(method, f"/_atoll/v1{path}")
        assert answer.status in (404, 405)
        assert ("content-type", "application/problem+json") in answer.headers

    ask(test)


def test_a_host_that_is_none(ask: Any) -> None:
    """As a server of another kind hands it on."""

    async def test(api: Any, steered: Any) -> None:
        body, headers = b'{"spec":{}}', {"host": "[", "content-type": "application/json"}
        for method, path, sent in (("PUT", "/realms/default/accounts/x", body), ("GET", "/accounts", b"")):
            answer = await api.adapter(Request(method, f"/_atoll/v1{path}", "", headers, sent, peer=HERE))
            assert answer.status == 401

    ask(test)


def test_regions_and_faults(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        status, made = await api("PUT", "/regions/frankfurt", {"spec": {"regionName": "eu-central-1"}})
        assert (status, made["generation"]) == (201, 1)
        assert (await api("GET", "/regions"))[1]["items"] == [made]
        assert await api("GET", "/regions/frankfurt") == (200, made)
        fault = {"region": "eu-central-1", "faults": [{"latency": "200ms", "errorRate": "5%"}]}
        assert (await api("PUT", "/faults", fault))[0] == 200
        assert steered.faults.active
        status, listed = await api("GET", "/faults")
        assert listed["items"][0]["region"] == "eu-central-1"
        assert listed["items"][0]["faults"][0]["latency"] == "200ms"
        status, problem = await api("PUT", "/faults", {"faults": [{"latency": "soon"}]})
        assert (status, problem["problems"][0]["path"]) == (422, "spec.faults[0].latency")
        await api("PUT", "/faults", {"region": "eu-central-1", "faults": []})
        assert not steered.faults.active
        assert await api("DELETE", "/regions/frankfurt") == (204, None)

    ask(test)


def test_what_is_there(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        for region in ("eu-central-1", "us-east-1"):
            tenant = TenantId("default", "111111111111", region)
            for name in ("a", "b"):
                await steered.sqs(tenant, "CreateQueue", QueueName=name, tags={"team": name})
        _, tenants = await api("GET", "/tenants")
        assert [each["region"] for each in tenants["items"]] == ["eu-central-1", "us-east-1"]
        _status, page = await api("GET", "/resources?limit=3")
        assert len(page["items"]) == 3
        _, rest = await api("GET", f"/resources?limit=3&token={page['nextToken']}")
        assert [each["arn"] for each in rest["items"]] == ["arn:aws:sqs:us-east-1:111111111111:b"]
        assert rest["nextToken"] is None
        _, found = await api("GET", "/resources?region=us-east-1&tag=team=a&service=sqs&type=queue&text=sqs")
        assert [each["id"] for each in found["items"]] == ["a"]
        _, missing = await api("GET", "/missing")
        assert missing["items"] == [{"name": "sns.Publish", "calls": 5}, {"name": "sns", "calls": 2}]

    ask(test)


def test_the_last_calls(ask: Any) -> None:
    here = Caller("default", "111111111111", "eu-central-1", "arn:aws:iam::111111111111:root", "111111111111")
    hidden = Caller("secret", "111111111111", "eu-central-1", "arn:aws:iam::111111111111:root", "111111111111")
    there = TenantId("default", "222222222222", "us-east-1")

    async def test(api: Any, steered: Any) -> None:
        await steered.index.make_realm("secret", False)
        api.calls.take(
            [
                (1.0, "one", here, "sqs", "ListQueues", TenantId(*here_place(here)), 200, 0.001, ""),
                (2.0, "two", here, "sqs", "SendMessage", there, 400, 0.0021, "QueueDoesNotExist"),
                (3.0, "three", hidden, "sts", "GetCallerIdentity", None, 200, 0.001, ""),
                (4.0, "four", None, "-", "-", None, 403, 0.001, ""),
            ]
        )

        async def ids(query: str = "", **options: Any) -> list[str]:
            status, page = await api("GET", f"/calls{query}", **options)
            assert status == 200
            return [call["requestId"] for call in page["items"]]

        assert await ids() == ["four", "two", "one"]
        assert await ids(token=TOKEN) == ["four", "three", "two", "one"]
        assert (
            await ids("?crossing=both") == await ids("?failed=true&service=sqs") == await ids("?account=222222222222")
        )
        assert await ids("?crossing=both") == ["two"]
        assert await ids("?limit=1&realm=default") == ["two"]
        _, page = await api("GET", "/calls?crossing=both")
        assert page["items"][0]["target"] == "222222222222/us-east-1"
        assert (page["items"][0]["code"], page["items"][0]["ms"]) == ("QueueDoesNotExist", 2.1)

    ask(test)


def here_place(caller: Caller) -> tuple[str, str, str]:
    return caller.realm, caller.account, caller.region


def test_calls_as_they_come(ask: Any) -> None:
    here = Caller("default", "111111111111", "eu-central-1", "arn:aws:iam::111111111111:root", "111111111111")
    hidden = Caller("secret", "111111111111", "eu-central-1", "arn:aws:iam::111111111111:root", "111111111111")

    async def test(api: Any, steered: Any) -> None:
        answer = await api.raw("GET", "/_atoll/v1/calls/stream")
        body: Any = answer.body
        assert (await anext(body)).startswith(b": ")
        coming = asyncio.ensure_future(anext(body))
        for _ in range(20):
            await asyncio.sleep(0)
        assert api.calls._watchers
        api.calls.take([(1.0, "secret", hidden, "sqs", "ListQueues", None, 200, 0.0, "")])
        api.calls.take([(1.0, "one", here, "sqs", "ListQueues", None, 200, 0.0, "")])
        assert orjson.loads((await coming).removeprefix(b"data: "))["requestId"] == "one"
        await body.aclose()
        assert not api.calls._watchers

    ask(test)


def test_snapshots_and_reset(ask: Any) -> None:
    here = TenantId("default", "111111111111", "eu-central-1")
    path = "/_atoll/v1/realms/default/accounts/{}/snapshot"

    async def test(api: Any, steered: Any) -> None:
        await steered.sqs(here, "CreateQueue", QueueName="q")
        answer = await api.raw("GET", path.format("111111111111"))
        assert answer.status == 200
        stream: Any = answer.body
        content = stream if isinstance(stream, bytes) else b"".join([piece async for piece in stream])
        assert dict(answer.headers)["content-length"] == str(len(content))
        loaded = await api.adapter(Request("POST", path.format("333333333333"), "", {}, content, peer=HERE))
        assert loaded.status == 200
        _, found = await api("GET", "/resources?account=333333333333")
        assert [each["arn"] for each in found["items"]] == ["arn:aws:sqs:eu-central-1:333333333333:q"]
        bad = await api.adapter(Request("POST", path.format("333333333333"), "", {}, b"PK" * 100, peer=HERE))
        assert bad.status == 422
        assert (await api("GET", "/realms/default/accounts/444444444444/snapshot"))[0] == 404
        status, kept = await api("PUT", "/realms/default/snapshots/seeded", {"account": "111111111111"})
        assert (status, kept["regions"]) == (200, ["eu-central-1"])
        assert (await api("GET", "/realms/default/snapshots"))[1]["items"] == [kept]
        assert (await api("PUT", "/realms/default/snapshots/..%2fx", {"account": "111111111111"}))[0] in (404, 422)
        assert (await api("POST", "/reset", {}))[0] == 400
        assert (await api("POST", "/reset", {"everything": True, "service": "sqs"}))[0] == 400
        status, erased = await api("POST", "/reset", {"realm": "default", "account": "333333333333"})
        assert [each["account"] for each in erased["items"]] == ["333333333333"]
        assert await api("DELETE", "/realms/default/snapshots/seeded") == (204, None)
        assert (await api("DELETE", "/realms/default/snapshots/seeded"))[0] == 404

    ask(test)


def test_what_was_saved_in_a_closed_realm_starts_no_account_elsewhere(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        await steered.index.make_realm("secret", False)
        await steered.sqs(TenantId("secret", "111111111111", "eu-central-1"), "CreateQueue", QueueName="q")
        status, _ = await api("PUT", "/realms/secret/snapshots/seeded", {"account": "111111111111"}, token=TOKEN)
        assert status == 200
        spec = {"spec": {**SPEC, "from": {"snapshot": "seeded"}}}
        assert (await api("PUT", "/realms/default/accounts/payments", spec))[0] == 401
        assert (await api("PUT", "/realms/default/accounts/payments", spec, token=TOKEN))[0] == 201
        # It is there now, and declaring it again changes nothing.
        assert (await api("PUT", "/realms/default/accounts/payments", spec))[0] == 200

    ask(test)


def test_keys_are_replaced(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        await api("PUT", "/realms/default/accounts/payments", {"spec": SPEC})
        steered.clock.advance(1)
        path = "/realms/default/accounts/payments/keys"
        status, new = await api("POST", f"{path}/rotate", {"overlap": "90m"})
        assert status == 201
        _, listed = await api("GET", path)
        assert [(key["status"], key["expires"]) for key in listed["items"]] == [
            ("Active", "2023-11-14T23:43:21Z"),
            ("Active", None),
        ]
        assert (await api("GET", "/realms/default/accounts/payments/credentials"))[1] == new
        status, problem = await api("POST", f"{path}/rotate", {"overlap": "soon"})
        assert (status, problem["problems"][0]["path"]) == (422, "overlap")
        assert (await api("POST", f"{path}/rotate"))[0] == 201

    ask(test)


# ---- who may


def filled(path: str, realm: str) -> str:
    names = {"realm": realm, "name": "payments", "key_id": "LKIAQAAAAAAAQAAAAAAA", "snapshot": "seeded"}
    return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], path)


def test_who_is_elsewhere_needs_the_token_on_every_route(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        routes = list(api.routes())
        assert len(routes) > 15
        for method, path in routes:
            body = bodies(path) if method in ("PUT", "POST") else None
            for token in (None, "", "wrong", TOKEN[:-1]):
                answer = await api.raw(method, filled(path, "default"), body, peer=ELSEWHERE, token=token)
                assert answer.status == 401, (method, path)
                assert ("www-authenticate", "Bearer") in answer.headers
        assert not await steered.index.declarations("Account")
        assert [realm.name for realm in await steered.index.realms()] == ["default"]
        assert (await api("GET", "/accounts", peer=ELSEWHERE, token=TOKEN))[0] == 200
        assert (await api("GET", "/accounts", peer="::ffff:127.0.0.1"))[0] == 200
        assert (await api("GET", "/accounts", peer="::1"))[0] == 200
        assert (await api("GET", "/accounts", peer=""))[0] == 401

    ask(test)


def bodies(path: str) -> dict[str, Any]:
    if path.endswith("/realms/{realm}"):
        return {"open": True}
    if path.endswith("/faults"):
        return {"region": "eu-central-1", "faults": [{"unavailable": True}]}
    if path.endswith("/snapshots/{snapshot}"):
        return {"account": "payments"}
    if path.endswith("/reset"):
        return {"everything": True}
    if path.endswith("/rotate"):
        return {}
    return {"spec": {"regionName": "eu-central-1"} if "/regions/" in path else SPEC}


def test_a_closed_realm_needs_the_token_on_every_route(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        await steered.index.make_realm("secret", False)
        status, _ = await api("PUT", "/realms/secret/accounts/payments", {"spec": SPEC}, token=TOKEN)
        assert status == 201
        for method, path in api.routes():
            body = bodies(path) if method in ("PUT", "POST") else None
            answer = await api.raw(method, filled(path, "secret"), body)
            if (
                "{realm}" in path
                or path.endswith(("/reset", "/reindex", "/doctor"))
                or (method in ("PUT", "DELETE") and ("regions" in path or "faults" in path))
            ):
                assert answer.status == 401, (method, path)
            elif isinstance(answer.body, bytes):
                assert b"secret" not in answer.body, (method, path)
            else:
                await answer.body.aclose()  # type: ignore[attr-defined]
        for path in ("/resources", "/accounts", "/tenants", "/calls"):
            assert (await api("GET", f"{path}?realm=secret"))[0] == 401
            # Whether there is such a realm is not told either.
            assert (await api("GET", f"{path}?realm=none"))[0] == 401
        assert (await api("GET", "/accounts", token=TOKEN))[1]["items"][0]["realm"] == "secret"
        assert (await api("GET", "/accounts?realm=none", token=TOKEN))[0] == 404

    ask(test)


def test_a_declared_account_brings_its_realm(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        assert (await api("PUT", "/realms/team-a/accounts/payments", {"spec": SPEC}))[0] == 401
        assert (await api("PUT", "/realms/team-a/accounts/payments", {"spec": SPEC}, token=TOKEN))[0] == 201
        assert not (await steered.index.realm("team-a")).open

    ask(test)


def test_realms(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        assert (await api("PUT", "/realms/mine", {"open": True})) == (200, {"name": "mine", "open": True})
        assert (await api("PUT", "/realms/shut", {"open": False}))[0] == 401
        assert (await api("PUT", "/realms/shut", {"open": False}, token=TOKEN))[0] == 200
        assert (await api("PUT", "/realms/shut", {"open": True}))[0] == 401
        names = [realm["name"] for realm in (await api("GET", "/realms"))[1]["items"]]
        assert names == ["default", "mine"]

    ask(test)


def test_its_page_loads_nothing_from_elsewhere(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        described = await api.raw("GET", "/_atoll/openapi.json")
        assert {path for _, path in api.routes()} == set(orjson.loads(described.body)["paths"])
        page = await api.raw("GET", "/_atoll/docs")
        assert page.status == 200
        links = re.findall(r"""(?:src|href|url)(?:=|: )["']([^"']+)["']""", page.body.decode())
        assert len(links) == 4
        for link in links:
            assert link.startswith("/_atoll/")
            answer = await api.raw("GET", link)
            assert answer.status == 200
            body = answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])
            assert body

    ask(test)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("app.localhost:4566", 200),
        ("sqs.eu-central-1.localhost.localstack.cloud:4566", 200),
        ("LOCALHOST:4566", 200),
        ("127.0.0.1:4566", 200),
        ("[::1]:4566", 200),
        ("192.0.2.1:4566", 200),
        ("evil.example:4566", 401),
        ("localhost.evil.example", 401),
        ("", 401),
    ],
)
def test_a_page_of_elsewhere_cannot_pass_for_this_machine(ask: Any, host: str, status: int) -> None:
    """Its host's name may lead to this machine by now: it is called by that name all the same."""

    async def test(api: Any, steered: Any) -> None:
        assert (await api("GET", "/accounts", host=host))[0] == status
        assert (await api("GET", "/accounts", host=host, token=TOKEN))[0] == 200

    ask(test)


@pytest.mark.parametrize(
    ("shown", "status"),
    [(f"bearer {TOKEN}", 200), (f"BEARER  {TOKEN}", 200), (TOKEN, 401), (f"Basic {TOKEN}", 401), ("Bearer", 401)],
)
def test_how_the_token_is_shown(ask: Any, shown: str, status: int) -> None:
    async def test(api: Any, steered: Any) -> None:
        headers = {"host": "localhost", "authorization": shown}
        answer = await api.adapter(Request("GET", "/_atoll/v1/accounts", "", headers, peer=ELSEWHERE))
        assert answer.status == status

    ask(test)


def test_a_realm_ends_with_everything_in_it(ask: Any) -> None:
    tenant = TenantId("preview", "111111111111", "eu-central-1")

    async def test(api: Any, steered: Any) -> None:
        spec = {**SPEC, "deletionPolicy": "Retain", "ttl": "1h"}
        await api("PUT", "/realms/preview/accounts/payments", {"spec": spec}, token=TOKEN)
        _, key = await api("GET", "/realms/preview/accounts/payments/credentials", token=TOKEN)
        await steered.sqs(tenant, "CreateQueue", QueueName="q")
        assert (await api("DELETE", "/realms/preview"))[0] == 401
        assert (await api("GET", "/realms/preview", token=TOKEN)) == (200, {"name": "preview", "open": False})
        assert (await api("DELETE", "/realms/preview", token=TOKEN))[0] == 204
        assert (await api("GET", "/realms/preview", token=TOKEN))[0] == 404
        assert (await api("GET", "/accounts", token=TOKEN))[1]["items"] == []
        assert not steered.folder.path_of(tenant).exists()
        # Else it would be taken at its word in an open realm.
        assert (await steered.index.access_key(key["accessKeyId"])).status == "Revoked"
        steered.clock.advance(3601)
        await steered.quiet()

    ask(test)


def test_the_default_realm_stays_as_it_is(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        for token in (None, TOKEN):
            assert (await api("PUT", "/realms/default", {"open": False}, token=token))[0] == 409
            assert (await api("DELETE", "/realms/default", token=token))[0] == 409

    ask(test)


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({"account": "a/b", "region": "eu-central-1", "realm": "default"}, 404),
        ({"account": "nobody", "region": "eu-central-1", "realm": "default"}, 404),
        ({"account": "payments", "region": "eu-central-1"}, 404),
        ({"region": "../x"}, 400),
        ({"realm": "a/b"}, 400),
        ({"region": "eu-central-1", "faults": [{"services": ["nope"], "unavailable": True}]}, 422),
    ],
)
def test_faults_of_nobody(ask: Any, scope: dict[str, Any], status: int) -> None:
    async def test(api: Any, steered: Any) -> None:
        await api("PUT", "/realms/default/accounts/payments", {"spec": SPEC})
        body = {"faults": [{"unavailable": True}], **scope}
        assert (await api("PUT", "/faults", body))[0] == status
        assert (await api("GET", "/faults"))[1]["items"] == []
        await steered.end()
        await steered.begin()

    ask(test)


def test_a_fault_of_an_account_by_its_name(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        await api("PUT", "/realms/default/accounts/payments", {"spec": SPEC})
        body = {"realm": "default", "account": "payments", "region": "eu-central-1", "faults": [{"unavailable": True}]}
        assert (await api("PUT", "/faults", body))[1]["account"] == "111111111111"

    ask(test)


def test_changes_that_are_counted_here_leave_a_declarers_numbers_alone(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        async def put(alias: str, **generation: int) -> tuple[int, int]:
            path = "/realms/default/accounts/payments"
            status, view = await api("PUT", path, {"spec": {**SPEC, "alias": alias}, **generation})
            return status, view.get("status", {}).get("observedGeneration") if status < 300 else 0

        assert await put("one", generation=3) == (201, 3)
        assert await put("two") == (200, 4)
        assert await put("three") == (200, 5)
        assert await put("four", generation=4) == (200, 4)
        assert (await put("five", generation=3))[0] == 409

    ask(test)


def test_a_condition_says_since_when(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        async def ready(**spec: Any) -> tuple[str, str]:
            _, view = await api("PUT", "/realms/default/accounts/payments", {"spec": {**SPEC, **spec}})
            [condition] = view["status"]["conditions"]
            return condition["status"], condition["lastTransitionTime"]

        _, made = await ready()
        steered.clock.advance(60)
        assert await ready(alias="other") == ("True", made)
        status, suspended = await ready(suspend=True)
        assert (status, suspended > made) == ("False", True)
        steered.clock.advance(60)
        assert await ready(suspend=True, alias="more") == ("False", suspended)
        _, region = await api("PUT", "/regions/frankfurt", {"spec": {"regionName": "eu-central-1"}})
        assert region["status"]["conditions"][0]["status"] == "True"

    ask(test)


def test_an_account_is_deleted_by_its_id_too(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        await api("PUT", "/realms/default/accounts/payments", {"spec": SPEC})
        assert (await api("DELETE", "/realms/default/accounts/111111111111"))[0] == 204
        assert (await api("GET", "/accounts"))[1]["items"] == []

    ask(test)


def test_keys_of_an_account_that_had_the_id_before_are_not_shown(ask: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        path = "/realms/default/accounts/payments"
        await api("PUT", path, {"spec": SPEC})
        await api("DELETE", path)
        steered.clock.advance(1)
        await api("PUT", path, {"spec": SPEC})
        [key] = (await api("GET", f"{path}/keys"))[1]["items"]
        assert key["status"] == "Active"

    ask(test)


def test_what_a_file_declared_and_the_api_declares_again_is_the_same(ask: Any, account: Any) -> None:
    async def test(api: Any, steered: Any) -> None:
        declaration, _ = await steered.accounts.put(account(accountId="111111111111"))
        status, view = await api("PUT", "/realms/default/accounts/payments", {"spec": SPEC})
        assert (status, view["status"]["observedGeneration"]) == (200, 1)
        assert await steered.accounts.get("default", "payments") == declaration

    ask(test)
