"""GetRandomPassword and its switches."""

from __future__ import annotations

from string import ascii_letters, ascii_lowercase, digits, punctuation
from typing import Any


def test_passwords(play_once: Any) -> None:
    async def password(cloud: Any, **params: Any) -> str:
        return str((await cloud.call("GetRandomPassword", **params))["RandomPassword"])

    async def scenario(cloud: Any) -> None:
        found = await password(cloud)
        assert len(found) == 32
        assert set(found) <= set(ascii_letters + digits + punctuation)
        for kind in (ascii_lowercase, ascii_lowercase.upper(), digits, punctuation):
            assert set(await password(cloud, PasswordLength=4)) & set(kind)
        only = {"ExcludePunctuation": True, "ExcludeNumbers": True, "ExcludeUppercase": True}
        assert set(await password(cloud, PasswordLength=1000, **only)) == set(ascii_lowercase)
        spaced = await password(cloud, PasswordLength=1000, IncludeSpace=True, **only)
        assert set(spaced) == set(ascii_lowercase + " ")
        assert "a" not in await password(cloud, PasswordLength=1000, ExcludeCharacters="abc")
        assert len(await password(cloud, PasswordLength=1, RequireEachIncludedType=False)) == 1
        assert await cloud.fails("GetRandomPassword", PasswordLength=3) == (
            "InvalidParameterException",
            "Password length is too short based on the required types.",
        )
        assert (await cloud.fails("GetRandomPassword", ExcludeCharacters=digits))[1] == (
            "All characters of the desired type have been excluded."
        )
        assert set(await password(cloud, ExcludeCharacters=digits, RequireEachIncludedType=False)).isdisjoint(digits)
        assert (await cloud.fails("GetRandomPassword", ExcludeLowercase=True, **only))[0] == "InvalidRequestException"

    play_once(scenario)
