"""Random and mutated requests of every protocol, of the control API and of LocalStack's paths."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.abuse.calls import FORM, SAMPLES, Sample, is_error, is_error_of, json_call, query_call, signed
from tests.abuse.drawn import DOCUMENTS, fitting
from tests.abuse.invariants import Guarded
from tests.abuse.wire import ask, head

LATIN = st.characters(max_codepoint=255, blacklist_categories=("Cc",))
"""What a header's value may have."""
PATH = st.characters(min_codepoint=33, max_codepoint=126)
HEADERS = """
    Authorization X-Amz-Target Content-Type smithy-protocol X-Amz-Date X-Amz-Security-Token X-Amz-Content-Sha256 Host
    Origin Expect Accept Accept-Encoding Content-Encoding Content-MD5 Range Cookie Upgrade X-Forwarded-For
    Access-Control-Request-Method x-amz-query-mode X-Amz-Decoded-Content-Length
"""
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"]


def mangled(body: bytes) -> st.SearchStrategy[bytes]:
    """The body cut, stuffed, with pieces of it anywhere, repeated, or something else altogether."""
    place, piece = st.integers(0, len(body)), st.binary(max_size=12)
    return st.one_of(
        st.builds(lambda at: body[:at], place),
        st.builds(lambda at, less, more: body[:at] + more + body[at + less :], place, st.integers(0, 12), piece),
        st.builds(lambda a, b, c: body[:a] + body[b:c] + body[a:], place, place, place),
        st.builds(lambda times: body * times, st.integers(2, 5)),
        st.binary(max_size=60),
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_bodies(atoll: Guarded, examples: Any, name: str) -> None:
    """With the head as it should be: whatever is wrong with the body is told in the caller's protocol."""
    sample = SAMPLES[name]

    @examples(60)
    @given(mangled(sample.body))
    def check(body: bytes) -> None:
        answer = ask(atoll.port, sample.request(body))
        atoll.check_answer(answer)
        assert answer is not None
        if answer.status >= 400:
            # A form without its Action is what anybody may have meant.
            assert is_error_of(sample.kind, answer) or (b"Action=" not in body and is_error(answer)), answer

    check()


@pytest.mark.parametrize("name", SAMPLES)
def test_heads(atoll: Guarded, examples: Any, name: str) -> None:
    """With other headers, paths and methods than the body belongs to."""
    sample = SAMPLES[name]
    values = st.one_of(
        st.text(LATIN, max_size=40),
        st.sampled_from(["", "0", "*", "AmazonSQS.SendMessage", "AmazonSQS.", ".", FORM, "text/xml", "rpc-v2-cbor"]),
        st.sampled_from([value for each in SAMPLES.values() for value in each.headers.values()]),
    )
    names = st.sampled_from(HEADERS.split())

    @examples(60)
    @given(
        method=st.one_of(st.just(sample.method), st.sampled_from(METHODS)),
        path=st.one_of(
            st.just(sample.path),
            st.text(PATH, max_size=40).map("/{}".format),
            st.sampled_from([f"{each.path}?{each.body.decode('latin-1')}" for each in SAMPLES.values()]).map(
                lambda text: urllib.parse.quote(text, safe="/?&=%")
            ),
        ),
        headers=st.dictionaries(names, values, max_size=4),
        keep=st.booleans(),
    )
    def check(method: str, path: str, headers: dict[str, str], keep: bool) -> None:
        sent = {**(sample.headers if keep else {}), **headers}
        answer = ask(atoll.port, head(method, path, sent, sample.body), bodiless=method == "HEAD")
        atoll.check_answer(answer)
        assert answer is not None
        if answer.status >= 400 and method != "HEAD":
            assert is_error(answer), answer

    check()


def without_waiting(name: str, params: Any) -> Any:
    """A long poll would be answered too, in twenty seconds."""
    if name == "ReceiveMessage" and isinstance(params, dict):
        params["WaitTimeSeconds"] = 0
    return params


def operations(service: str) -> list[str]:
    from atoll.services import REGISTRY

    return sorted(name for name, each in REGISTRY[service].operations.items() if not each.internal)


@pytest.mark.parametrize("name", operations("sqs"))
def test_parameters_of_sqs(atoll: Guarded, examples: Any, name: str) -> None:
    """Values of all types, and those that fit, in both protocols of SQS."""
    from atoll.wire.model import load

    shape = load("sqs").operations[name].input
    atoll.abuser().create_queue(QueueName="abused")

    @examples(30)
    @given(fitting(shape), st.booleans())
    def check(params: Any, form: bool) -> None:
        params = without_waiting(name, params)
        body = json.dumps(params).encode("utf-8", "surrogatepass")
        sample = query_call("sqs", flat(name, params)) if form else json_call("sqs", name, body)
        told(atoll, sample)

    check()


@pytest.mark.parametrize("name", operations("sts"))
def test_parameters_of_sts(atoll: Guarded, examples: Any, name: str) -> None:
    from atoll.wire.model import load

    shape = load("sts").operations[name].input

    @examples(20)
    @given(fitting(shape))
    def check(params: Any) -> None:
        told(atoll, query_call("sts", flat(name, params, "2011-06-15")))

    check()


def told(atoll: Guarded, sample: Sample) -> None:
    answer = ask(atoll.port, sample.request())
    atoll.check_answer(answer)
    assert answer is not None
    if answer.status >= 400:
        assert is_error_of(sample.kind, answer), answer


def flat(action: str, params: Any, version: str = "2012-11-05") -> bytes:
    """A form of parameters, by the names that most of the query protocol has."""
    fields = [("Action", action), ("Version", version)]

    def add(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for number, (key, each) in enumerate(value.items(), 1):
                add(f"{name}.{key}" if name else str(key), each)
                add(f"{name}.{number}.Name", key)
                add(f"{name}.{number}.Value", each)
        elif isinstance(value, list):
            for number, each in enumerate(value, 1):
                add(f"{name}.{number}", each)
                add(f"{name}.member.{number}", each)
        elif len(fields) < 200:
            fields.append((name, str(value)))

    add("", params)
    return urllib.parse.urlencode(fields, errors="surrogatepass").encode()


CONTROL = [
    "/_atoll/v1/realms",
    "/_atoll/v1/realms/twin",
    "/_atoll/v1/realms/vault",
    "/_atoll/v1/realms/default/accounts/abused",
    "/_atoll/v1/realms/vault/accounts/keeper",
    "/_atoll/v1/realms/vault/accounts/keeper/keys",
    "/_atoll/v1/realms/vault/accounts/keeper/credentials",
    "/_atoll/v1/realms/vault/accounts/keeper/snapshot",
    "/_atoll/v1/realms/vault/snapshots/s",
    "/_atoll/v1/realms/default/accounts/abused/keys",
    "/_atoll/v1/realms/default/accounts/abused/keys/x",
    "/_atoll/v1/realms/default/accounts/abused/snapshot",
    "/_atoll/v1/realms/default/snapshots/s",
    "/_atoll/v1/regions",
    "/_atoll/v1/regions/eu-west-3",
    "/_atoll/v1/faults",
    "/_atoll/v1/tenants",
    "/_atoll/v1/resources",
    "/_atoll/v1/missing",
    "/_atoll/v1/calls",
    "/_atoll/docs",
    "/_atoll/openapi.json",
    "/_atoll/health",
    "/_atoll/metrics",
    "/_atoll/realms/default/.well-known/jwks.json",
    "/_localstack/health",
    "/_localstack/info",
    "/_localstack/init",
    "/_localstack/init/boot",
    "/_aws/sqs/messages",
    "/_aws/sqs/messages/us-east-1/333333333333/abused",
]
"""Not among them: what erases the open realm, as anybody there may, and the stream that never ends."""


@pytest.mark.parametrize("path", CONTROL)
def test_paths_of_our_own(atoll: Guarded, examples: Any, path: str) -> None:
    @examples(40)
    @given(
        method=st.sampled_from(METHODS),
        more=st.sampled_from(["", "/", "/%00", "/..%2f..", "%0a", "%ff", "//x", "?realm=vault", "?realm=%00&limit=x"])
        | st.text(PATH, max_size=12).map("?{}".format),
        host=st.sampled_from(["localhost", "[::1]:1", "vault.localhost", "x.vault.atoll.localhost:99", "evil.example"]),
        kind=st.sampled_from(["application/json", FORM, "text/plain", "multipart/form-data; boundary=x", ""]),
        key=st.sampled_from(["", "Bearer x", "Bearer ", "Basic eDp5", signed("sqs")["Authorization"]]),
        body=DOCUMENTS.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")) | st.binary(max_size=40),
    )
    def check(method: str, more: str, host: str, kind: str, key: str, body: bytes) -> None:
        headers = {"Host": host, "Content-Type": kind, **({"Authorization": key} if key else {})}
        answer = ask(atoll.port, head(method, path + more, headers, body), bodiless=method == "HEAD")
        atoll.check_answer(answer)
        assert answer is not None
        if answer.status >= 400 and method != "HEAD":
            assert is_error(answer), answer

    check()
