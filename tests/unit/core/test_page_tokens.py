from __future__ import annotations

from base64 import b64encode

import pytest
from atoll.core.page_tokens import Listing
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_token_says_where_to_go_on_in_its_list_alone(place: str) -> None:
    token = Listing("ListTopics", "a", 1).token(place)
    assert Listing("ListTopics", "a", 1).place(token) == place
    for other in (Listing("ListTopics", "a"), Listing("ListTopics", "a", 2), Listing("ListQueues", "a", 1)):
        assert other.place(token) is None


@pytest.mark.parametrize("token", ["", "?", "é", "YQ", "YQ==", b64encode(b"a:b").decode(), b64encode(b"\xff").decode()])
def test_what_is_no_token(token: str) -> None:
    assert Listing("ListTopics").place(token) is None


def test_a_token_without_a_place() -> None:
    assert Listing("ListTopics").place(Listing("ListTopics").token("")) is None
