"""What can be set of an Atoll in one process: the options of `atoll up`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from atoll.services.sqs.settings import UrlStyle

DEFAULT_DATA = Path("data")

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.%\w-]+\]|[^\[\]:]*)(?::([0-9]{1,5}))?", re.ASCII)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
_EVERYWHERE = ("::", "0.0.0.0")
_HERE = ("127.0.0.1", "::1", "localhost")


class BadSetting(ValueError):
    """`option` is the one to blame, as it stands on the command line; the message says what is wrong."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


class Listen(NamedTuple):
    """An address to listen on, as it is given: an empty host, or None as port, is that of `--host`, `--port`."""

    host: str = ""
    port: int | None = None


class Address(NamedTuple):
    """Where to listen. `host` is a name or an address, IPv6 without brackets."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as URLs have it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def near(self) -> str:
        """The host by which this machine reaches what listens there, as URLs have it."""
        return "localhost" if self.host in _EVERYWHERE or self.host in _HERE else self.name


def read_listen(text: str) -> Listen:
    """`HOST:PORT`, `HOST` or `:PORT`, IPv6 in brackets. Raises ValueError."""
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is not HOST:PORT, HOST or :PORT (an IPv6 address stands in brackets: [::1]:4566)")
    host, port = match[1].strip("[]"), match[2]
    if not host and port is None:
        raise ValueError("it is empty")
    if host.isdecimal():
        raise ValueError(f"{text} is no host; a port alone is :{host}")
    if port is not None and int(port) > 65535:
        raise ValueError("ports go from 0 to 65535")
    return Listen(host, None if port is None else int(port))


def read_list(text: str) -> tuple[str, ...]:
    """What commas or spaces part. Raises ValueError for nothing."""
    words = tuple(text.replace(",", " ").split())
    if not words:
        raise ValueError("it is empty")
    return words


@dataclass(frozen=True)
class Settings:
    """Each is an option of `atoll up`, which describes it."""

    host: str = "127.0.0.1"
    port: int = 4566
    listen: tuple[Listen, ...] = ()
    """In place of `host` and `port`; `addresses` says what comes of all of them."""
    control_port: int | None = None
    """None: the control API is on the same ports as all else."""
    data: Path | None = None
    """None is `DEFAULT_DATA`."""
    temporary: bool = False
    durability: Literal["normal", "full"] = "normal"
    default_account: str = "000000000000"
    closed: bool = False
    tls: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    queue_url_style: UrlStyle = "dynamic"
    public_host: str = ""
    """Port 0 stands for the one that the caller used."""
    parity_access_keys: bool = False
    sqs_delay_recently_deleted: bool = False
    sqs_delay_purge_retry: bool = False
    deny_private_networks: bool = False
    service: tuple[str, ...] = ()
    """None named are all."""
    eager: bool = False
    cors_origin: tuple[str, ...] = ()
    cors_header: tuple[str, ...] = ()
    cors_expose_header: tuple[str, ...] = ()
    no_cors_checks: bool = False
    no_cors_headers: bool = False
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def check(self) -> None:
        """Raises BadSetting for values that do not go together or mean nothing."""
        if not self.host:
            raise BadSetting("--host", "it is empty; 0.0.0.0 stands for all of this machine's addresses")
        if not 0 <= self.port <= 65535:
            raise BadSetting("--port", "ports go from 0 to 65535")
        if self.control_port is not None and not 0 <= self.control_port <= 65535:
            raise BadSetting("--control-port", "ports go from 0 to 65535")
        if self.temporary and self.data is not None:
            raise BadSetting("--temporary", "it excludes --data")
        if not re.fullmatch(r"[0-9]{12}", self.default_account):
            raise BadSetting("--default-account", "an account id has 12 digits")
        if self.tls_key is not None and self.tls_certificate is None:
            raise BadSetting("--tls-key", "it goes together with --tls-certificate")
        if self.public_host and not _HOST.fullmatch(self.public_host):
            raise BadSetting("--public-host", "it is HOST or HOST:PORT, without a scheme or a path")
        if self.service and (unknown := _unknown(self.service)):
            raise BadSetting("--service", f"AWS has no service {unknown}: names are as in sqs,sts,s3")
        for origin in self.cors_origin:
            if origin not in ("*", "null") and not _ORIGIN.fullmatch(origin):
                raise BadSetting("--cors-origin", f"{origin} is no origin: that is SCHEME://HOST[:PORT], or *")
        for option, names in (("--cors-header", self.cors_header), ("--cors-expose-header", self.cors_expose_header)):
            for name in names:
                if not _HEADER.fullmatch(name):
                    raise BadSetting(option, f"{name} is no header's name")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where to listen, whole, and what another one covers left out."""
        whole = [
            Address(each.host or self.host, self.port if each.port is None else each.port)
            for each in self.listen or (Listen(),)
        ]
        return tuple(each for each in dict.fromkeys(whole) if not any(_covers(other, each) for other in whole))

    @property
    def public_name(self) -> str:
        """`public_host` without its port and brackets; empty where there is none."""
        return urlsplit(f"//{self.public_host}").hostname or ""

    @property
    def folder(self) -> Path | None:
        """That keeps all data; None where it goes with the process."""
        return None if self.temporary else self.data or DEFAULT_DATA

    @property
    def scheme(self) -> str:
        return "https" if self.tls or self.tls_certificate is not None else "http"


def _covers(wide: Address, other: Address) -> bool:
    """Whether who listens on `wide` listens on `other` with it."""
    if wide == other or wide.port != other.port:
        return False
    return wide.host == "::" or (wide.host == "0.0.0.0" and ":" not in other.host)


def _unknown(services: Sequence[str]) -> str:
    """The first of them that AWS has not; empty where it has all."""
    # Imported here, since few name any.
    from atoll.wire.models import model_names

    known = frozenset(model_names())
    return next((name for name in services if name not in known), "")
