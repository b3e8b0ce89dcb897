"""Documents made to hurt who reads them: deep ones, bombs, references to elsewhere, a hundred thousand keys."""

from __future__ import annotations

import base64
import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.abuse.calls import FORM, SAMPLES, Sample, is_error, is_error_of, json_call, query_call, signed
from tests.abuse.invariants import Guarded
from tests.abuse.wire import ask, head

KEYS = 100_000
DEEP = 100_000
CANARY = "what stands in the canary's file"
QUEUE = "http://localhost/333333333333/abused"


class Canary:
    """A file, and a port, that nothing has a reason to look at."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.visits = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._watch = threading.Thread(target=self._wait)
        self._watch.start()

    def _wait(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if connection.recv(4) == b"stop":
                    return
            self.visits += 1

    def stop(self) -> None:
        with socket.create_connection(self._listener.getsockname()) as connection:
            connection.sendall(b"stop")
        self._watch.join()
        self._listener.close()


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    file = tmp_path_factory.mktemp("canary") / "canary"
    file.write_text(CANARY)
    found = Canary(file)
    yield found
    found.stop()
    assert found.visits == 0


def test_the_canary_sings(tmp_path: Path) -> None:
    found = Canary(tmp_path / "canary")
    with socket.create_connection(found._listener.getsockname()) as connection:
        connection.sendall(b"GET ")
    found.stop()
    assert found.visits == 1


# ---- XML

ENTITIES = b"".join(b'<!ENTITY b%d "%b">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 12))
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b0 "xxxxxxxxxx">' + ENTITIES + b"]><ROOT>&b11;</ROOT>"
QUADRATIC = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 30_000 + b'">]><ROOT>' + b"&b;" * 9_000 + b"</ROOT>"
ELSEWHERE = {
    "entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "URL">]><ROOT>&b;</ROOT>',
    "public entity": b'<!DOCTYPE a [<!ENTITY b PUBLIC "x" "URL">]><ROOT>&b;</ROOT>',
    "parameter": b'<!DOCTYPE a [<!ENTITY % b SYSTEM "URL"> %b;]><ROOT/>',
    "subset": b'<!DOCTYPE a SYSTEM "URL"><ROOT/>',
    "include": b'<ROOT xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="URL" parse="text"/></ROOT>',
    "style": b'<?xml-stylesheet href="URL"?><ROOT/>',
    "schema": b'<ROOT xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="URL"/>',
}


def documents(root: bytes, canary: Canary) -> dict[str, bytes]:
    """Hostile ones, whose root has the given name."""
    found = {"laughs": LAUGHS, "quadratic": QUADRATIC}
    for kind, text in ELSEWHERE.items():
        for name, url in (("file", canary.file.as_uri()), ("port", canary.url), ("path", str(canary.file))):
            found[f"{kind} by {name}"] = text.replace(b"URL", url.encode())
    found = {name: body.replace(b"ROOT", root) for name, body in found.items()}
    for name, body in list(found.items()):
        found[f"{name} in UTF-16"] = body.decode().encode("utf-16")
    found["deep"] = b"<%b>" % root + b"<a>" * DEEP + b"</a>" * DEEP + b"</%b>" % root
    found["never closed"] = b"<a>" * DEEP
    found["attributes"] = b"<%b %b/>" % (root, b" ".join(b'a%d="x"' % n for n in range(KEYS)))
    found["namespaces"] = b"<%b %b/>" % (root, b" ".join(b'xmlns:a%d="x"' % n for n in range(KEYS // 4)))
    found["one attribute"] = b'<%b a="%b"/>' % (root, b"x" * 3_000_000)
    found["comment"] = b"<!--" + b"- " * 1_000_000
    found["instructions"] = b"<?a b?>" * 300_000
    found["children"] = b"<%b>" % root + b"<a/>" * 500_000 + b"</%b>" % root
    return found


XML = {"s3-rest-xml": b"LifecycleConfiguration", "route53-rest-xml": b"CreateHostedZoneRequest"}


@pytest.mark.parametrize("name", XML)
def test_xml(atoll: Guarded, canary: Canary, name: str) -> None:
    sample = SAMPLES[name]
    for what, body in documents(XML[name], canary).items():
        answer = ask(atoll.port, sample.request(body))
        atoll.check_answer(answer)
        assert answer is not None
        assert is_error_of(sample.kind, answer), what
        assert CANARY.encode() not in answer.body
    atoll.check_prompt()


@pytest.mark.parametrize("root", [b"Response", b"samlp:Response"])
def test_assertions(atoll: Guarded, canary: Canary, root: bytes) -> None:
    """SAML's are XML that is read here."""
    for what, body in documents(root, canary).items():
        assertion = urllib.parse.quote_plus(base64.b64encode(body[:70_000]))
        sample = query_call(
            "sts",
            b"Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A333333333333%3Arole%2Fr"
            b"&PrincipalArn=arn%3Aaws%3Aiam%3A%3A333333333333%3Asaml-provider%2Fp&SAMLAssertion=" + assertion.encode(),
        )
        answer = ask(atoll.port, sample.request())
        atoll.check_answer(answer)
        assert answer is not None
        assert answer.status < 500, what
        assert is_error_of("query", answer), what
        assert CANARY.encode() not in answer.body
    atoll.check_prompt()


def token(header: object, claims: object) -> str:
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims, b"signature")]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_tokens(atoll: Guarded, canary: Canary) -> None:
    """Web identity's, which name where their keys are to be had."""
    claims = {"iss": canary.url, "sub": "s", "aud": "sts.amazonaws.com", "exp": 1e300, "iat": -1e300}
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    tokens = [
        token({"alg": "RS256", "kid": "k", "jku": canary.url, "x5u": canary.file.as_uri()}, claims),
        token({"alg": "none"}, claims),
        token({"alg": "HS256", "kid": "../../x"}, claims),
        token(deep, claims),
        token({"alg": "RS256"}, deep),
        token({"alg": ["RS256"], "kid": {"a": 1}}, [claims]),
        token({"alg": "RS256"}, {**claims, "exp": "never", "aud": [[]] * 100, "sub": {"a": "b"}}),
        token({"alg": "RS256"}, b'{"exp":NaN,"iss":"\\ud800"}'),
        token(b"\xff", b"\xff"),
        "." * 15_000,
        "e30.e30.",
        "a.b.c",
    ]
    for sent in tokens:
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": "arn:aws:iam::333333333333:role/r",
            "RoleSessionName": "s",
            "WebIdentityToken": sent,
        }
        answer = ask(atoll.port, query_call("sts", urllib.parse.urlencode(form).encode()).request())
        atoll.check_answer(answer)
        assert answer is not None
        if answer.status != 200:
            assert is_error_of("query", answer), sent[:80]
    atoll.check_prompt()


# ---- JSON

DEEP_JSON = {
    "lists": b"[" * DEEP + b"]" * DEEP,
    "never closed": b"[" * DEEP,
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "within a member": b'{"QueueUrl":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "just not too deep": b'{"QueueUrl":' + b"[" * 900 + b"]" * 900 + b"}",
    "keys": b"{" + b",".join(b'"k%d":1' % n for n in range(KEYS)) + b"}",
    "one key": b"{" + b",".join([b'"k":1'] * KEYS) + b"}",
    "known key": b"{" + b",".join([b'"QueueUrl":"x"'] * KEYS) + b"}",
    "digits": b'{"MaxNumberOfMessages":' + b"9" * DEEP + b"}",
    "exponent": b'{"MaxNumberOfMessages":1e' + b"9" * 1000 + b"}",
    "digits after the point": b'{"MaxNumberOfMessages":0.' + b"1" * DEEP + b"}",
    "halves of pairs": b'{"QueueUrl":"' + b"\\ud800" * 10_000 + b'"}',
    "NUL": b'{"QueueUrl":"\\u0000"}',
    "no UTF-8": b'{"QueueUrl":"\xff\xfe"}',
    "UTF-16": '{"QueueUrl":"x"}'.encode("utf-16"),
    "NaN": b'{"MaxNumberOfMessages":NaN}',
    "text after it": b"{} {}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "strings": b"[" + b",".join([b'""'] * 500_000) + b"]",
    "blanks": b" " * 900_000 + b"{}",
}
CONTROL = {
    "PUT": ["/_atoll/v1/realms/x", "/_atoll/v1/realms/default/accounts/x", "/_atoll/v1/regions/x", "/_atoll/v1/faults"],
    "POST": ["/_atoll/v1/realms/default/accounts/abused/keys/x", "/_localstack/health", "/_aws/sqs/messages"],
}


@pytest.mark.parametrize("what", DEEP_JSON)
def test_json(atoll: Guarded, what: str) -> None:
    body = DEEP_JSON[what]
    atoll.abuser().create_queue(QueueName="abused")
    samples = [
        json_call("sqs", "ReceiveMessage", body),
        json_call("sqs", "SetQueueAttributes", body),
        json_call("dynamodb", "PutItem", body),
        SAMPLES["kms-json-1.1"]._replace(body=body),
        SAMPLES["lambda-rest-json"]._replace(body=body),
    ]
    for sample in samples:
        answer = ask(atoll.port, sample.request())
        atoll.check_answer(answer)
        assert answer is not None
        assert is_error_of(sample.kind, answer), answer
    for method, paths in CONTROL.items():
        for path in paths:
            answer = ask(atoll.port, head(method, path, {"Content-Type": "application/json"}, body))
            atoll.check_answer(answer)
            assert answer is not None
            assert 400 <= answer.status < 500
            assert is_error(answer), answer
    atoll.check_prompt()


@pytest.mark.parametrize("attribute", ["Policy", "RedrivePolicy", "RedriveAllowPolicy"])
def test_json_within_json(atoll: Guarded, attribute: str) -> None:
    """Attributes that are documents themselves."""
    atoll.abuser().create_queue(QueueName="abused")
    texts = [body.decode("utf-8", "replace")[:200_000] for body in DEEP_JSON.values()]
    statement = '{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}'
    texts += [
        '{"Version":"2012-10-17","Statement":[' + ",".join([statement] * 2_000) + "]}",
        '{"Version":"2012-10-17","Statement":{"Condition":' + '{"a":' * 900 + "1" + "}" * 900 + "}}",
        '{"maxReceiveCount":1e999,"deadLetterTargetArn":["arn"]}',
        '{"maxReceiveCount":"' + "9" * 5_000 + '","deadLetterTargetArn":"' + "arn:" * 10_000 + '"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":' + json.dumps(["arn:aws:sqs:us-east-1:1:q"] * 5_000) + "}",
    ]
    for text in texts:
        body = json.dumps({"QueueUrl": QUEUE, "Attributes": {attribute: text}}).encode()
        answer = ask(atoll.port, json_call("sqs", "SetQueueAttributes", body).request())
        atoll.check_answer(answer)
        assert answer is not None
        assert answer.status == 200 or is_error_of("json", answer), answer
    atoll.check_prompt()


# ---- forms

DEPTH = 64
FORMS = {
    "keys": b"&".join(b"k%d=v" % n for n in range(KEYS)),
    "one key": b"&".join([b"k=v"] * KEYS),
    "no keys": b"&" * KEYS,
    "no values": b"&".join(b"k%d" % n for n in range(KEYS)),
    "empty names": b"&".join([b"=v"] * KEYS),
    "filters": b"&".join(b"Filter.%d.Value.%d=v" % (n // 200, n % 200) for n in range(20_000)),
    "filters of high numbers": b"&".join(b"Filter.%d.Value.999999999=v" % (n * 99_991) for n in range(20_000)),
    "deep filter": b"Filter" + b".1" * DEEP + b"=v",
    "deep filters": b"&".join(b"Filter.%d" % n + b".1" * DEPTH + b"=v" for n in range(5_000)),
    "deep and leaf": b"Filter=v&Filter.1=v&Filter.1.Value=v&Filter.1.Value.1=v&Filter..=v&Filter...1=v&.=v&..=v",
    "dots": b"." * DEEP + b"=v",
    "one long name": b"k" * 900_000 + b"=v",
    "percent signs": b"k=" + b"%" * 300_000,
    "percent-encoded": b"k=" + b"%41" * 150_000,
    "no UTF-8": b"k=%ff%fe&%ff=v",
    "blanks": b"+" * 300_000,
    "numbers": b"&".join(b"AttributeName.%b=All" % (b"9" * n) for n in range(1, 600)),
}
ACTIONS = {
    "sqs": b"Action=ReceiveMessage&Version=2012-11-05&QueueUrl=%b&" % QUEUE.encode(),
    "sts": b"Action=GetCallerIdentity&Version=2011-06-15&",
    "ec2": b"Action=DescribeInstances&Version=2016-11-15&",
}


@pytest.mark.parametrize("what", FORMS)
def test_forms(atoll: Guarded, what: str) -> None:
    """As body, and as much of it in the query string as that takes; with the action first, and last."""
    form = FORMS[what]
    atoll.abuser().create_queue(QueueName="abused")
    for service, action in ACTIONS.items():
        sample = query_call(service, action + form)
        for request in (sample.request(), sample.request(form + b"&" + action[:-1])):
            answer = ask(atoll.port, request)
            atoll.check_answer(answer)
            assert answer is not None
            assert answer.status == 200 or is_error_of(sample.kind, answer), answer
        query = (action + form)[:12_000].decode()
        answer = ask(atoll.port, head("GET", f"/?{query}", signed(service)))
        atoll.check_answer(answer)
        assert answer is not None
        assert answer.status == 200 or is_error_of(sample.kind, answer), answer
    answer = ask(atoll.port, head("POST", "/_aws/sqs/messages", {"Content-Type": FORM}, form))
    atoll.check_answer(answer)
    atoll.check_prompt()


# ---- CBOR

CBOR = {
    "lists": b"\x81" * DEEP,
    "endless lists": b"\x9f" * DEEP,
    "maps": b"\xa1\x61a" * DEEP,
    "tags": b"\xc0" * DEEP,
    "a list of 2^64": b"\x9b" + b"\xff" * 8,
    "a text of 2^64": b"\x7b" + b"\xff" * 8,
    "keys": b"\xba\x00\x01\x86\xa0" + b"".join(b"\x1a" + n.to_bytes(4, "big") + b"\x00" for n in range(KEYS)),
    "breaks": b"\xff" * DEEP,
    "nothing": b"",
}


@pytest.mark.parametrize("what", CBOR)
def test_cbor(atoll: Guarded, what: str) -> None:
    services = {"GraniteServiceVersion20100801": "ListMetrics", "AmazonSQS": "SendMessage", "x": "y", "AWSEvents": "A"}
    for service, operation in services.items():
        path = f"/service/{service}/operation/{operation}"
        sample = Sample("cbor", "POST", path, SAMPLES["cloudwatch-cbor"].headers, CBOR[what])
        answer = ask(atoll.port, sample.request())
        atoll.check_answer(answer)
        assert answer is not None
        assert is_error_of("cbor", answer), answer
    atoll.check_prompt()
