"""Who may do what with the control API: from this machine everybody may do everything in open realms, since there
anyone may be anyone. Whoever is elsewhere, and whoever means a closed realm, shows a token."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from fastapi import Request

from atoll.control.errors import NeedsToken, NotThere
from atoll.control.parts import Parts
from atoll.index import Realm

LOCALSTACK = "localhost.localstack.cloud"
"""A public name of 127.0.0.1, with all below it."""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class Guard:
    """Lets through who may see and change a realm."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def trusted(self, request: Request) -> bool:
        """Whether the caller shows the token. https://www.rfc-editor.org/rfc/rfc6750#section-2.1"""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        same = compare_digest(given.strip().encode(), self._parts.token.encode())
        return scheme.lower() == "bearer" and bool(self._parts.token) and same

    def here(self, request: Request) -> bool:
        """Whether the caller is on this machine, and means it: a page that a browser has from elsewhere calls by the
        name of its own host, whatever address that has by now."""
        peer = _address(request.client.host.partition("%")[0] if request.client is not None else "")
        host = request.headers.get("host")
        return peer is not None and peer.is_loopback and (host is None or self._is_own(host))

    def _is_own(self, host: str) -> bool:
        """Whether it is a name of this endpoint, or an address, which nobody else can make a name of."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        settings = self._parts.settings
        own = ("localhost", LOCALSTACK, settings.public_name, *(address.host for address in settings.addresses))
        if not name:
            return False
        return name in own or name.endswith((".localhost", f".{LOCALSTACK}")) or _address(name) is not None

    def demand(self, request: Request) -> None:
        """For what is of no one realm. Raises NeedsToken."""
        if not (self.here(request) or self.trusted(request)):
            raise NeedsToken("This is not called from the machine that Atoll runs on: show its token as a bearer")

    async def allow(self, request: Request, name: str) -> Realm | None:
        """The realm, where there is one. Raises NeedsToken."""
        self.demand(request)
        realm = await self._parts.index.realm(name)
        if not self.trusted(request) and (realm is None or not realm.open):
            # Whether there is such a realm is nothing to tell either.
            raise NeedsToken(f"The realm {name} is not open: show Atoll's token as a bearer")
        return realm

    async def all_realms(self, request: Request) -> None:
        """For what is of all realms, closed ones too. Raises NeedsToken."""
        self.demand(request)
        if not self.trusted(request) and any(not realm.open for realm in await self._parts.index.realms()):
            raise NeedsToken("This concerns closed realms too: show Atoll's token as a bearer")

    async def realm(self, request: Request, name: str) -> Realm:
        """Raises NeedsToken, NotThere."""
        realm = await self.allow(request, name)
        if realm is None:
            raise NotThere(f"There is no realm {name}")
        return realm

    async def realms(self, request: Request, name: str | None) -> list[str]:
        """The realm that is asked for; else all that the caller may see. Raises NeedsToken, NotThere."""
        if name is not None:
            return [(await self.realm(request, name)).name]
        self.demand(request)
        trusted = self.trusted(request)
        return [realm.name for realm in await self._parts.index.realms() if trusted or realm.open]
