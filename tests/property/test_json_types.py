"""What msgspec reads at once is what would be read of it member by member; and it reads what clients usually send."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from atoll.wire import json_input
from atoll.wire.json_types import type_of
from atoll.wire.model import Shape, load
from hypothesis import given, settings
from hypothesis import strategies as st

OPERATIONS = [
    ("sqs", "SendMessageBatch"),
    ("sqs", "ReceiveMessage"),
    ("kms", "Encrypt"),
    ("kms", "CreateGrant"),
    ("secretsmanager", "ListSecrets"),
    ("secretsmanager", "ReplicateSecretToRegions"),
    ("lambda", "PublishLayerVersion"),
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "boolean": st.booleans(),
    "blob": st.binary(max_size=5).map(lambda value: base64.b64encode(value).decode()),
    "integer": st.integers(-(1 << 63), (1 << 63) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1),
}
NUMBERS = [0, -1, 1.0, 1.5, 1e300, 1 << 63, -(1 << 63) - 1, 1 << 70]
ODD = st.lists(st.none() | TEXT, max_size=2) | st.sampled_from(
    [None, True, *NUMBERS, "", "true", "a", "YQ", "YQ==", "Y Q==", {}]
)


def right(shape: Shape) -> st.SearchStrategy[Any]:
    if shape.type == "structure":
        return st.fixed_dictionaries(
            {}, optional={member.wire_name: right(member.shape) for member in shape.members.values()}
        )
    if shape.member is not None:
        return st.lists(right(shape.member.shape), max_size=2)
    if shape.value is not None:
        return st.dictionaries(TEXT, right(shape.value.shape), max_size=2)
    return RIGHT[shape.type]


def spoilt(value: Any, draw: st.DrawFn) -> Any:
    """With an odd value somewhere, perhaps."""
    if draw(st.integers(0, 7)) == 0:
        return draw(ODD)
    if isinstance(value, dict):
        changed = {key: spoilt(item, draw) for key, item in value.items()}
        return changed | ({"Unknown": draw(ODD)} if draw(st.booleans()) else {})
    return [spoilt(item, draw) for item in value] if isinstance(value, list) else value


def input_of(service: str, name: str) -> Shape:
    shape = load(service).operations[name].view("rest-json" if service == "lambda" else "json").input
    assert shape is not None
    return shape


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_it_reads_the_same(service: str, name: str) -> None:
    shape = input_of(service, name)
    decode, read = msgspec.json.Decoder(type_of(shape)).decode, json_input.structure(shape)

    @settings(max_examples=300, derandomize=True, deadline=None, database=None)
    @given(right(shape), st.data())
    def check(value: Any, data: st.DataObject) -> None:
        body = json.dumps(value).encode()
        assert decode(body) == read(json_input.loads(body))
        body = json.dumps(data.draw(st.composite(lambda draw: spoilt(value, draw))())).encode()
        try:
            params = decode(body)
        except ValueError:
            return
        assert json.dumps(params, default=repr) == json.dumps(read(json_input.loads(body)), default=repr)

    check()


@pytest.mark.parametrize(
    "body", [b'{"KeyId":"\xff"}', b'{"KeyId":"\\ud800"}', b'{"KeyId":"a\n"}', b"", b"{", b"[]", b"null", b"{}x"]
)
def test_what_is_no_text_is_left_to_the_other_way(body: bytes) -> None:
    with pytest.raises(ValueError):
        msgspec.json.decode(body, type=type_of(input_of("kms", "Encrypt")))


def test_what_nests_without_end_is_refused_in_both_ways() -> None:
    read = json_input.reader(input_of("kms", "Encrypt"))
    deep = b'{"Unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(json_input.Malformed):
        read(deep)
