"""The json protocols: AWS's words for what does not fit, and what is taken although it does not quite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import Service, load

DESCRIPTION = {
    "metadata": {"protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Things", "serviceId": "Things"},
    "operations": {
        "Put": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "All"}, "output": {"shape": "All"}},
        "Ping": {"http": {"method": "POST", "requestUri": "/"}},
    },
    "shapes": {
        "All": {
            "type": "structure",
            "members": {
                "String": {"shape": "String"},
                "Integer": {"shape": "Integer"},
                "Long": {"shape": "Long"},
                "Double": {"shape": "Double"},
                "Boolean": {"shape": "Boolean"},
                "Blob": {"shape": "Blob"},
                "Moment": {"shape": "Moment"},
                "Iso": {"shape": "Moment", "timestampFormat": "iso8601"},
                "List": {"shape": "List"},
                "Sparse": {"shape": "Sparse"},
                "Map": {"shape": "Map"},
                "Inner": {"shape": "Inner"},
                "Document": {"shape": "Document"},
                "Renamed": {"shape": "String", "locationName": "renamed"},
                "Token": {"shape": "String", "idempotencyToken": True},
            },
        },
        "Inner": {"type": "structure", "members": {"Name": {"shape": "String"}}},
        "Document": {"type": "structure", "members": {}, "document": True},
        "List": {"type": "list", "member": {"shape": "String"}},
        "Sparse": {"type": "list", "member": {"shape": "String"}, "sparse": True},
        "Map": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Integer"}},
        "String": {"type": "string"},
        "Integer": {"type": "integer"},
        "Long": {"type": "long"},
        "Double": {"type": "double"},
        "Boolean": {"type": "boolean"},
        "Blob": {"type": "blob"},
        "Moment": {"type": "timestamp"},
        "Broken": {
            "type": "structure",
            "members": {"Message": {"shape": "String"}, "Pieces": {"shape": "Integer"}},
            "exception": True,
            "fault": True,
        },
        "Gone": {
            "type": "structure",
            "members": {"message": {"shape": "String"}},
            "exception": True,
            "error": {"httpStatusCode": 410},
        },
    },
}
SERVICE = Service.from_description(DESCRIPTION, "things")
PUT = SERVICE.operations["Put"]


def parse(body: bytes) -> dict[str, Any]:
    params = codec("json").parse(Request("POST", "/", "", {}, body), PUT)
    params.pop("Token", None)
    return params


def render(**result: Any) -> Any:
    body = codec("json").render(PUT, result, "id").body
    assert isinstance(body, bytes)
    return orjson.loads(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"String":1}', "NUMBER_VALUE can not be converted to a String"),
        ('{"String":1.5}', "NUMBER_VALUE can not be converted to a String"),
        ('{"String":true}', "TRUE_VALUE can not be converted to a String"),
        ('{"String":[]}', "Start of list found where not expected"),
        ('{"String":{}}', "Start of structure or map found where not expected."),
        ('{"Integer":"1"}', "STRING_VALUE can not be converted to an Integer"),
        ('{"Integer":true}', "TRUE_VALUE can not be converted to an Integer"),
        ('{"Integer":false}', "FALSE_VALUE can not be converted to an Integer"),
        ('{"Integer":[]}', "Start of list found where not expected"),
        ('{"Long":"1"}', "STRING_VALUE can not be converted to a Long"),
        ('{"Double":"x"}', "STRING_VALUE can not be converted to a Double"),
        ('{"Boolean":1}', "NUMBER_VALUE can not be converted to a Boolean"),
        ('{"Boolean":"x"}', "STRING_VALUE can not be converted to an Boolean"),
        ('{"Blob":"#"}', "only base-64-encoded strings are convertible to bytes"),
        ('{"Blob":"QQ"}', "only base-64-encoded strings are convertible to bytes"),
        ('{"Blob":1}', "only base-64-encoded strings are convertible to bytes"),
        ('{"Moment":"yesterday"}', "Unable to parse date: yesterday"),
        ('{"Moment":1e300}', "Unable to parse date: 1e+300"),
        ('{"List":"a"}', "Expected list or null"),
        ('{"List":{}}', "Start of structure or map found where not expected."),
        ('{"List":[1]}', "NUMBER_VALUE can not be converted to a String"),
        ('{"Map":[]}', "Start of list found where not expected"),
        ('{"Map":{"a":"b"}}', "STRING_VALUE can not be converted to an Integer"),
        ('{"Inner":"a"}', "Expected null"),
        ('{"Inner":7}', "Expected null"),
        ("[]", "Start of list found where not expected"),
        ("", ""),
        ("{", ""),
        ('{"String":"a",}', ""),
        ('{"String":"\\ud800"}', ""),
    ],
)
def test_what_does_not_fit(body: str, words: str) -> None:
    with pytest.raises(AwsError) as caught:
        parse(body.encode())
    assert (caught.value.code, caught.value.message) == ("SerializationException", words)


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ('{"Unknown":1,"String":null,"Inner":{"Name":null}}', {"Inner": {}}),
        ('{"Integer":1.9}', {"Integer": 1}),
        ('{"Integer":99999999999}', {"Integer": 99999999999}),
        ('{"Boolean":"TRUE"}', {"Boolean": True}),
        ('{"Double":"NaN","Long":-9223372036854775808}', {"Double": "nan", "Long": -(2**63)}),
        ('{"List":["a",null,"b"],"Sparse":["a",null]}', {"List": ["a", "b"], "Sparse": ["a", None]}),
        ('{"Map":{"a":1,"b":null}}', {"Map": {"a": 1}}),
        ('{"Blob":"AAE="}', {"Blob": b"\0\1"}),
        ('{"Document":{"a":[null,{"b":1.5}]}}', {"Document": {"a": [None, {"b": 1.5}]}}),
        ('{"renamed":"a","Renamed":"b"}', {"Renamed": "a"}),
        ('{"Moment":1767323045.25}', {"Moment": datetime(2026, 1, 2, 3, 4, 5, 250000, UTC)}),
        ('{"Moment":"2026-01-02T03:04:05Z"}', {"Moment": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}),
    ],
)
def test_what_is_taken(body: str, params: dict[str, Any]) -> None:
    found = parse(body.encode())
    assert {name: str(value) if value != value else value for name, value in found.items()} == params


def test_idempotency_tokens_are_filled_in() -> None:
    first, second = (codec("json").parse(Request("POST", "/", "", {}, b"{}"), PUT)["Token"] for _ in range(2))
    assert len(first) == 36
    assert first != second
    given = codec("json").parse(Request("POST", "/", "", {}, b'{"Token":"mine"}'), PUT)
    assert given["Token"] == "mine"


def test_what_is_written() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 250000, UTC)
    assert render(
        String=None,
        Double=float("inf"),
        Blob=b"\0\1",
        Moment=moment,
        Iso=moment,
        List=["a", None],
        Sparse=["a", None],
        Map={"a": 1, "b": None},
        Inner={"Name": None},
        Document={"a": None},
        Renamed="r",
    ) == {
        "Double": "Infinity",
        "Blob": "AAE=",
        "Moment": 1767323045.25,
        "Iso": "2026-01-02T03:04:05.250Z",
        "List": ["a"],
        "Sparse": ["a", None],
        "Map": {"a": 1},
        "Inner": {},
        "Document": {"a": None},
        "renamed": "r",
    }
    assert render(Moment=1767323045) == {"Moment": 1767323045}


def test_what_is_written_as_it_is() -> None:
    """A shape without renamed members goes to orjson without a conversion."""
    kms = load("kms").operations["GetPublicKey"]
    response = codec("json").render(kms, {"KeyId": "k", "PublicKey": b"\0\1", "KeyUsage": None}, "id")
    assert response.body == b'{"KeyId":"k","PublicKey":"AAE="}'
    described = load("kms").operations["DescribeKey"]
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    response = codec("json").render(described, {"KeyMetadata": {"KeyId": "null", "CreationDate": moment}}, "id")
    assert response.body == b'{"KeyMetadata":{"KeyId":"null","CreationDate":1767323045}}'


def test_an_operation_without_input_and_output() -> None:
    ping = SERVICE.operations["Ping"]
    assert codec("json").parse(Request("POST", "/", "", {}, b""), ping) == {}
    response = codec("json").render(ping, {}, "id")
    assert (response.status, response.body) == (200, b"{}")
    assert response.headers == [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "id")]


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            AwsError("Broken", "words", members={"Pieces": 3, "Message": "other"}),
            500,
            {"Message": "words", "Pieces": 3},
        ),
        (AwsError("Gone", "words"), 410, {"message": "words"}),
        (AwsError("Gone", status=409), 409, {}),
        (AwsError("Unmodelled", "words"), 400, {"message": "words"}),
        (AwsError("Unmodelled", "words", fault="Receiver"), 500, {"message": "words"}),
    ],
)
def test_errors(error: AwsError, status: int, body: dict[str, Any]) -> None:
    response = codec("json").render_error(SERVICE, PUT, error, "id")
    assert isinstance(response.body, bytes)
    assert (response.status, orjson.loads(response.body)) == (status, {"__type": error.code, **body})
    assert ("x-amzn-RequestId", "id") in response.headers
    assert "x-amzn-query-error" not in dict(response.headers)
