"""What can be set of an Atoll in one process: the options of `atoll up`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atoll.services.sqs.settings import UrlStyle

DEFAULT_DATA = Path("data")

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


class BadSetting(ValueError):
    """`option` is the one to blame, as it stands on the command line; the message says what is wrong."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class Settings:
    """Each is an option of `atoll up`, which describes it."""

    host: str = "127.0.0.1"
    port: int = 4566
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
    parity_access_keys: bool = False
    sqs_delay_recently_deleted: bool = False
    sqs_delay_purge_retry: bool = False
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def check(self) -> None:
        """Raises BadSetting for values that do not go together or mean nothing."""
        if not self.host:
            raise BadSetting("--host", "it is empty; 0.0.0.0 stands for all of this machine's addresses")
        if not 0 <= self.port <= 65535:
            raise BadSetting("--port", "ports go from 0 to 65535")
        if self.temporary and self.data is not None:
            raise BadSetting("--temporary", "it excludes --data")
        if not re.fullmatch(r"[0-9]{12}", self.default_account):
            raise BadSetting("--default-account", "an account id has 12 digits")
        if self.tls_key is not None and self.tls_certificate is None:
            raise BadSetting("--tls-key", "it goes together with --tls-certificate")
        if self.public_host and not _HOST.fullmatch(self.public_host):
            raise BadSetting("--public-host", "it is HOST or HOST:PORT, without a scheme or a path")

    @property
    def folder(self) -> Path | None:
        """That keeps all data; None where it goes with the process."""
        return None if self.temporary else self.data or DEFAULT_DATA

    @property
    def scheme(self) -> str:
        return "https" if self.tls or self.tls_certificate is not None else "http"
