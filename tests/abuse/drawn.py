"""Values that hypothesis draws: of all types, of a model's shapes, and of what the control API knows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "abused",
            "http://localhost/333333333333/abused",
            "http://localhost/333333333333/abused.fifo",
            "arn:aws:sqs:us-east-1:333333333333:abused",
            "arn:aws:iam::333333333333:role/r",
            '{"maxReceiveCount":"5","deadLetterTargetArn":"arn:aws:sqs:us-east-1:333333333333:abused"}',
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
            "[" * 500,
            "String.x",
            "-1",
            "1e400",
            "\0",
            "\U0001f41a",
            "../../x",
            "%",
        ]
    ),
    st.text(max_size=20),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def fitting(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that fit a shape of the model as far as JSON goes, and sometimes do not."""
    if shape is None or depth > 4:
        return VALUES
    kind = shape.type
    if kind == "structure":
        members = {name: fitting(member.shape, depth + 1) for name, member in shape.members.items()}
        return st.fixed_dictionaries({}, optional=members)
    if kind == "list":
        return st.lists(fitting(shape.member.shape, depth + 1), max_size=3) | VALUES
    if kind == "map":
        return st.dictionaries(WORDS, fitting(shape.value.shape, depth + 1), max_size=3) | VALUES
    if kind in ("integer", "long"):
        return st.integers(-5, 1000) | st.integers() | VALUES
    if kind == "boolean":
        return st.booleans() | VALUES
    return WORDS | VALUES


FIELDS = """
    spec generation open account realm region service everything faults accountId alias regions defaultRegion ttl
    credentials rotation suspend from snapshot unavailable latency spread errorRate error code status regionName cells
    nodeSelector tolerations resources replicas description action QueueUrl
"""
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.sampled_from(["kill ", "1h", "5%", "eu-west-3"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS.split()) | WORDS, inner, max_size=4)
    ),
    max_leaves=8,
)
