"""Posting a message to an HTTP(S) endpoint: one request, no redirects followed, its answer's status.

Certificates are not checked, since endpoints of tests sign their own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, unquote, urlsplit

TIMEOUT = 15.0
"""Seconds for all of it."""
LONGEST_LINE = 64 * 1024
_NAT64 = ip_network("64:ff9b::/96")
_NOT_PUBLIC = [ip_network(text) for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32", "fec0::/10")]
"""What `ipaddress` takes for public, or does from some version of Python on only: what once stood for IPv4 addresses,
what translators make of them, a site's own NAT64, Teredo's tunnels, and what once was a site's own.

https://www.iana.org/assignments/iana-ipv6-special-registry
"""
_IN_PATHS = "/%?:@!$&'()*+,;=~-._[]"
"""Characters that stay as they are."""


class PrivateNetwork(Exception):
    """The endpoint's addresses are private ones, and these are not to be reached."""


class BadAnswer(Exception):
    """What came was no HTTP."""


async def post(url: str, headers: Mapping[str, str], body: bytes, *, deny_private: bool = False) -> int:
    """The status. Raises PrivateNetwork, BadAnswer, OSError, TimeoutError."""
    async with asyncio.timeout(TIMEOUT):
        return await _post(url, headers, body, deny_private)


async def _post(url: str, headers: Mapping[str, str], body: bytes, deny_private: bool) -> int:
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    host = parts.hostname or ""
    address, port = await _resolve(host, parts.port or (443 if secure else 80), deny_private)
    reader, writer = await asyncio.open_connection(
        address,
        port,
        ssl=_context() if secure else None,
        server_hostname=host if secure else None,
        limit=LONGEST_LINE,
    )
    try:
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), _IN_PATHS)
        lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
        if parts.username is not None:
            lines.append(f"Authorization: Basic {_credentials(parts.username, parts.password or '')}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode("latin-1", "replace") + body)
        await writer.drain()
        return await _status(reader)
    finally:
        writer.close()


def _credentials(user: str, password: str) -> str:
    return b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


async def _status(reader: asyncio.StreamReader) -> int:
    """Of the final answer."""
    while True:
        try:
            line = await reader.readline()
        except ValueError as error:
            raise BadAnswer("a line is too long") from error
        version, _, rest = line.partition(b" ")
        code = rest[:3]
        if not version.startswith(b"HTTP/1.") or not code.isdigit():
            raise BadAnswer("no HTTP/1.1 answer")
        if not code.startswith(b"1"):
            return int(code)
        while (await reader.readline()).strip():
            pass


async def _resolve(host: str, port: int, deny_private: bool) -> tuple[str, int]:
    """An address to connect to: the one that was judged, whatever the name means a moment later."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if deny_private:
        addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise PrivateNetwork(f"{host} is in a private network")
    return addresses[0], port


def is_public(text: str) -> bool:
    """An IPv6 address that stands for an IPv4 address, which some router makes of it, is as public as that."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if any(address in network for network in _NOT_PUBLIC):
            return False
        if address in _NAT64:
            return is_public(str(IPv4Address(address.packed[-4:])))
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is not None:
            return is_public(str(embedded))
    return address.is_global and not address.is_multicast


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
