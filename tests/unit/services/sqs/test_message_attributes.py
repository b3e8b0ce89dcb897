"""Message attributes: rules, digests, filters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def text(value: str, kind: str = "String") -> dict[str, Any]:
    return {"DataType": kind, "StringValue": value}


def binary(value: bytes, kind: str = "Binary") -> dict[str, Any]:
    return {"DataType": kind, "BinaryValue": value}


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        # As AWS answered.
        (
            {"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")},
            "4c360f3fdafd970e05fae2f149d997f5",
        ),
        ({"Foo": text("Bar")}, "ae7155c6026991b6d54b11589678bf9c"),
        (
            {"attr1": binary(b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")},
            "8cbe4db156db8a94db8b801b7addb984",
        ),
    ],
)
def test_digests(sqs: Any, attributes: dict[str, Any], digest: str) -> None:
    url = sqs.queue()
    assert sqs.send(url, MessageAttributes=attributes)["MD5OfMessageAttributes"] == digest
    [message] = sqs.receive(url, MessageAttributeNames=["All"])
    assert message["MD5OfMessageAttributes"] == digest
    assert message["MessageAttributes"] == attributes


@pytest.mark.parametrize(
    ("names", "chosen", "digest"),
    [
        ([], [], None),
        (["All"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"),
        ([".*"], ["General", "Hello", "Help.Me"], "4c360f3fdafd970e05fae2f149d997f5"),
        (["Foo", "Help"], [], None),
        (["Hello", "General"], ["General", "Hello"], "fca026605781cb4126a1e9044df24232"),
        (["Foo", "Hello"], ["Hello"], "a311262e065454b75da111d535b8dacd"),
        (["Hel.*"], ["Hello", "Help.Me"], "83fee93c1bcd8b9a5a923ffacdc636c7"),
        (["AWS."], [], None),
        (["..foo"], [], None),
    ],
)
def test_filters(sqs: Any, names: list[str], chosen: list[str], digest: str | None) -> None:
    url = sqs.queue()
    sqs.send(url, "msg", MessageAttributes={"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")})
    [message] = sqs.receive(url, MessageAttributeNames=names)
    assert sorted(message.get("MessageAttributes", {})) == chosen
    assert message.get("MD5OfMessageAttributes") == digest


@pytest.mark.parametrize("value", ["0", "-1", "+1.5", "1e10", "1.", ".5", "12345678901234567890123456789012345678"])
@pytest.mark.parametrize("kind", ["Number", "Number.int"])
def test_numbers(sqs: Any, value: str, kind: str) -> None:
    url = sqs.queue()
    sqs.send(url, MessageAttributes={"n": text(value, kind)})
    [message] = sqs.receive(url, MessageAttributeNames=["n"])
    assert message["MessageAttributes"] == {"n": text(value, kind)}


RULES = [
    ({"": text("x")}, "The request must contain non-empty message (user) attribute names."),
    ({"x" * 257: text("x")}, "Message (user) attribute name must be shorter than 256 bytes."),
    (
        {"AWS.x": text("x")},
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. "
        "These strings are reserved for internal use.",
    ),
    (
        {"amazon.x": text("x")},
        "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. "
        "These strings are reserved for internal use.",
    ),
    ({".x": text("x")}, "Message (user) attribute name must not begin with character '.'."),
    ({"x.": text("x")}, "Message (user) attribute name must not end with character '.'."),
    ({"a..b": text("x")}, "Message (user) attribute name must not have successive '.' characters."),
    (
        {"a b": text("x")},
        "The message attribute name 'a b' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
        "underscore (_), hyphen (-), and period (.) characters.",
    ),
    ({"x": {}}, "The message (user) attribute 'x' must contain a non-empty message attribute value."),
    ({"x": {"StringValue": "a"}}, "The message (user) attribute 'x' must contain a non-empty message attribute type."),
    (
        {"x": text("a", "string")},
        "The type of message (user) attribute 'x' is invalid. "
        "You must use only the following supported type prefixes: Binary, Number, String.",
    ),
    ({"x": text("a", "String." + "y" * 250)}, "Message (user) attribute type must be shorter than 256 bytes."),
    ({"x": text("")}, "Message (user) attribute 'x' must contain a non-empty value of type 'String'."),
    ({"x": binary(b"")}, "Message (user) attribute 'x' must contain a non-empty value of type 'Binary'."),
    ({"x": {"DataType": "Number"}}, "Message (user) attribute 'x' must contain a non-empty value of type 'Number'."),
    ({"x": text("a", "Number")}, "Can't cast the value of message (user) attribute 'x' to a number."),
    ({"x": text("1_0", "Number")}, "Can't cast the value of message (user) attribute 'x' to a number."),
    ({"x": {**text("a"), "BinaryValue": b"b"}}, "Message (user) attribute 'x' must have a single value."),
    (
        {"x": {"DataType": "String", "BinaryValue": b"b"}},
        "The message (user) attribute 'x' with type 'String' must use field 'String'.",
    ),
    (
        {"x": {"DataType": "Binary.png", "StringValue": "b"}},
        "The message (user) attribute 'x' with type 'Binary.png' must use field 'Binary'.",
    ),
    (
        {"x": {"DataType": "StringList", "StringListValues": ["a"]}},
        "Message attribute list values in SendMessage operation are not supported.",
    ),
    (
        {f"a{number}": text("x") for number in range(11)},
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    ),
]


@pytest.mark.parametrize(("attributes", "message"), RULES, ids=range(len(RULES)))
def test_what_is_refused(sqs: Any, attributes: dict[str, Any], message: str) -> None:
    url = sqs.queue()
    error = ("InvalidParameterValue", message)
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes=attributes) == error
    assert sqs.counts(url) == (0, 0, 0)


def test_characters_of_text(sqs: Any) -> None:
    url = sqs.queue()
    code, message = sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={"x": text("\x02")})
    assert code == "InvalidParameterValue"
    assert "Invalid binary character '#x2'" in message


def test_system_attributes(sqs: Any) -> None:
    url = sqs.queue()
    sent = sqs.send(url, MessageSystemAttributes={"AWSTraceHeader": text("some-trace-id")})
    assert sent["MD5OfMessageSystemAttributes"] == "fdce4f2818803f2f73becc09a54792c0"
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageSystemAttributes={"Hello": text("x")}) == (
        "InvalidParameterValue",
        "Message system attribute name 'Hello' is invalid.",
    )
    for bad in (text("1", "Number"), binary(b"x"), {}):
        code, _ = sqs.fails(
            "SendMessage", QueueUrl=url, MessageBody="x", MessageSystemAttributes={"AWSTraceHeader": bad}
        )
        assert code == "InvalidParameterValue"
    [message] = sqs.receive(url, MessageAttributeNames=["All"])
    assert "MessageAttributes" not in message


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,40}(\.[A-Za-z0-9_-]{1,10})?", fullmatch=True).filter(
    lambda name: not name.lower().startswith(("aws.", "amazon."))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
VALUES = st.one_of(
    TEXTS.map(text),
    st.integers().map(lambda number: text(str(number)[:200], "Number")),
    st.binary(min_size=1, max_size=50).map(lambda value: binary(value, "Binary.custom")),
)


@settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attributes=st.dictionaries(NAMES, VALUES, min_size=1, max_size=10))
def test_what_is_allowed_comes_back(make_sqs: Any, attributes: dict[str, Any]) -> None:
    sqs = make_sqs()
    url = sqs.queue()
    sent = sqs.send(url, MessageAttributes=attributes)
    [message] = sqs.receive(url, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    sqs.tenant.db.close()
