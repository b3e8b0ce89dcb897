"""What can be set of an Atoll in one process: the options of `atoll up`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atoll.services.sqs.settings import UrlStyle


@dataclass(frozen=True)
class Settings:
    """Each is an option of `atoll up`, which describes it."""

    host: str = "127.0.0.1"
    port: int = 4566
    data: Path | None = None
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
