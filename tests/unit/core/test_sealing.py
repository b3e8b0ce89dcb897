"""What one realm sealed opens there, for its purpose, unchanged, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from atoll.core.caller import Session
from atoll.core.sealing import NotSealedHere, Sealer, sealing_realm
from atoll.core.session_tokens import issue_session, open_session
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Sealer("team-a", b"a" * 32)


@given(st.binary(max_size=300))
@settings(max_examples=40)
def test_what_was_sealed_opens(content: bytes) -> None:
    text = HERE.seal("x", content)
    assert HERE.open("x", text) == content
    assert sealing_realm(text) == "team-a"


def test_the_same_content_never_looks_the_same() -> None:
    assert HERE.seal("x", b"content") != HERE.seal("x", b"content")


@pytest.mark.parametrize(
    "other",
    [Sealer("team-b", b"a" * 32), Sealer("team-a", b"b" * 32), Sealer("team-", b"a" * 32)],
    ids=["other realm", "other key", "prefix of the realm"],
)
def test_it_opens_nowhere_else(other: Sealer) -> None:
    text = HERE.seal("x", b"content")
    with pytest.raises(NotSealedHere):
        other.open("x", text)


def test_it_opens_for_no_other_purpose() -> None:
    with pytest.raises(NotSealedHere):
        HERE.open("y", HERE.seal("x", b"content"))


@given(st.data())
@settings(max_examples=60)
def test_a_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(base64.b64decode(HERE.seal("x", b"content")))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotSealedHere):
        HERE.open("x", base64.b64encode(sealed).decode())


@given(st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda data: base64.b64encode(data).decode())))
@settings(max_examples=60)
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(NotSealedHere):
        HERE.open("x", text)
    assert sealing_realm(text) is None


@given(st.integers(0, 40))
def test_a_cut_text_is_refused(length: int) -> None:
    sealed = base64.b64decode(HERE.seal("x", b"content"))
    with pytest.raises(NotSealedHere):
        HERE.open("x", base64.b64encode(sealed[:length]).decode())


def test_a_session_travels_in_its_token() -> None:
    session = Session(name="s", issued=1.0, expires=2.0, tags={"a": "b"}, transitive_tags=("a",), policy="{}" * 500)
    key, token = issue_session(HERE, "111111111111", "arn:aws:sts::111111111111:assumed-role/r/s", "AROA:s", session)
    assert key.key_id.startswith("LSIA")
    assert open_session(HERE, token) == key
    assert key.session == session
    assert len(token) < 800


@given(st.integers(0, 4096))
@settings(max_examples=40)
def test_a_token_may_be_made_longer(size: int) -> None:
    key, token = issue_session(HERE, "111111111111", "p", "u", Session(), minimum_size=size)
    assert size <= len(token) <= max(size + 8, 400)
    assert open_session(HERE, token) == key


def test_what_is_sealed_but_no_session_is_refused() -> None:
    with pytest.raises(NotSealedHere):
        open_session(HERE, HERE.seal("session token", b"something else"))
