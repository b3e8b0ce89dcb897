"""What of SQS is configured, once, when the process starts.

This module imports nothing of the service, so that it can be configured without being loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UrlStyle = Literal["standard", "domain", "path", "dynamic", "off"]


@dataclass(frozen=True)
class SqsSettings:
    """`queue_url_style` is the form of issued queue URLs (`urls.py`), `public_host` what stands in them for the host
    (with its port) that the caller used; a port of 0 is the caller's. The delays are AWS's 60 seconds after DeleteQueue
    and PurgeQueue.
    """

    queue_url_style: UrlStyle = "dynamic"
    public_host: str = ""
    delay_recently_deleted: bool = False
    delay_purge_retry: bool = False


_configured = SqsSettings()


def configure(settings: SqsSettings) -> None:
    """To be called before the first call."""
    global _configured
    _configured = settings


def configured() -> SqsSettings:
    return _configured
