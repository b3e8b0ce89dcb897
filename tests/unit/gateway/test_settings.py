"""The settings: addresses to listen on, and what means nothing."""

from __future__ import annotations

import pytest
from atoll.gateway.settings import Address, BadSetting, Listen, Settings, read_list, read_listen


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:4566", "0.0.0.0", 4566),
        ("localhost", "localhost", None),
        (":80", "", 80),
        ("[::1]:0", "::1", 0),
        ("[fe80::1%eth0]", "fe80::1%eth0", None),
        ("a-b.example:65535", "a-b.example", 65535),
    ],
)
def test_addresses_are_read(text: str, host: str, port: int | None) -> None:
    assert read_listen(text) == Listen(host, port)


@pytest.mark.parametrize(
    "text", ["", ":", "4566", "::1", "a:b", "a:1:2", "[::1", "::1]:1", "http://a", "a:65536", "a:-1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        read_listen(text)


def test_lists() -> None:
    assert read_list(" a, b,c d ,") == ("a", "b", "c", "d")
    with pytest.raises(ValueError, match="empty"):
        read_list(" , ")


@pytest.mark.parametrize(
    ("listen", "addresses"),
    [
        ("", [("h", 1)]),
        (":2", [("h", 2)]),
        ("a,[::1]:3", [("a", 1), ("::1", 3)]),
        ("a:2,a:2,a:3", [("a", 2), ("a", 3)]),
        ("127.0.0.1:2,0.0.0.0:2,[::1]:2,127.0.0.1:3", [("0.0.0.0", 2), ("::1", 2), ("127.0.0.1", 3)]),
        ("127.0.0.1:2,0.0.0.0:2,[::1]:2,[::]:2,a:3", [("::", 2), ("a", 3)]),
    ],
)
def test_what_is_listened_on(listen: str, addresses: list[tuple[str, int]]) -> None:
    read = tuple(map(read_listen, read_list(listen))) if listen else ()
    assert Settings(host="h", port=1, listen=read).addresses == tuple(Address(*each) for each in addresses)


@pytest.mark.parametrize(
    ("host", "name", "near"),
    [
        ("0.0.0.0", "0.0.0.0", "localhost"),
        ("::", "[::]", "localhost"),
        ("::1", "[::1]", "localhost"),
        ("fe80::1", "[fe80::1]", "[fe80::1]"),
        ("a.example", "a.example", "a.example"),
    ],
)
def test_hosts_as_urls_have_them(host: str, name: str, near: str) -> None:
    assert (Address(host, 1).name, Address(host, 1).near) == (name, near)


@pytest.mark.parametrize(("public", "name"), [("", ""), ("a:1", "a"), ("[::1]:1", "::1"), ("a", "a")])
def test_the_public_host_s_name(public: str, name: str) -> None:
    settings = Settings(public_host=public)
    settings.check()
    assert settings.public_name == name


@pytest.mark.parametrize(
    ("option", "settings"),
    [
        ("--service", Settings(service=("sqs", "sqss"))),
        ("--cors-origin", Settings(cors_origin=("localhost",))),
        ("--cors-origin", Settings(cors_origin=("http://localhost/",))),
        ("--cors-header", Settings(cors_header=("a b",))),
        ("--cors-expose-header", Settings(cors_expose_header=("",))),
    ],
)
def test_what_means_nothing(option: str, settings: Settings) -> None:
    with pytest.raises(BadSetting) as caught:
        settings.check()
    assert caught.value.option == option


def test_what_means_something() -> None:
    Settings(
        service=("sqs", "s3"),
        cors_origin=("*", "null", "file://", "http://localhost:3000", "chrome-extension://abc"),
        cors_header=("x-a",),
    ).check()
