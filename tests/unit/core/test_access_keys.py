"""Keys carry their account, both ways, by the rule that AWS's own keys follow."""

from __future__ import annotations

import base64

import pytest
from atoll.core.access_keys import account_of, is_account_id, is_issued_form, make_key_id, make_secret
from hypothesis import given
from hypothesis import strategies as st

ACCOUNTS = st.integers(min_value=0, max_value=10**12 - 1).map(lambda number: f"{number:012d}")
PREFIXES = st.sampled_from(("LKIA", "LSIA", "AKIA", "ASIA"))


@given(PREFIXES, ACCOUNTS)
def test_a_key_carries_its_account(prefix: str, account: str) -> None:
    key = make_key_id(prefix, account)
    assert len(key) == 20
    assert key.startswith(prefix)
    assert account_of(key) == account
    assert is_issued_form(key) == (prefix[0] == "L")


@given(ACCOUNTS)
def test_the_account_stands_where_aws_puts_it(account: str) -> None:
    """The known way to read AWS's keys: 40 bits of the first six decoded bytes, after the top one and before the last
    seven."""
    decoded = base64.b32decode(make_key_id("AKIA", account)[4:])
    assert (int.from_bytes(decoded[:6], "big") & 0x7FFFFFFFFF80) >> 7 == int(account)


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("LKIAQAAAAAAAAAAAAAAA", "000000000000"),
        ("LKIAQAAAAAAAP7777777", "000000000000"),
        ("LKIAQAAAAAAAQAAAAAAA", "000000000001"),
        ("LSIAQAAAAAAAGAAAAAAA", "000000000000"),
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("LKIAQAAAAAAA!AAAAAAA", "000000000000"),
        ("LKIAQAAAAAAAAAAAAAAAAAAAAAAAA", "000000000000"),
        ("LKIAQAAAAAAAAAAAAAA", None),
        ("LKIAAAAAAAAAAAAAAAAA", None),
        ("LKIA7777777777777777", None),
        ("LKIAqaaaaaaaaaaaaaaa", None),
        ("LKIAQAAAAAA1AAAAAAAA", None),
        ("", None),
    ],
)
def test_account_of(key: str, account: str | None) -> None:
    assert account_of(key) == account


@given(st.text(max_size=24))
def test_any_text_is_read(text: str) -> None:
    account = account_of(text)
    assert account is None or is_account_id(account)


@pytest.mark.parametrize("text", ["", "11111111111", "1111111111111", "11111111111x", "١٢٣٤٥٦٧٨٩٠١٢", "111111111111\n"])
def test_what_is_no_account(text: str) -> None:
    assert not is_account_id(text)
    with pytest.raises(ValueError):
        make_key_id("LKIA", text)


def test_secrets_are_forty_characters_and_differ() -> None:
    secrets = {make_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {40}
