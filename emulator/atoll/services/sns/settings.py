"""What of SNS is configured, once, when the process starts.

This module imports nothing of the service, so that it can be configured without being loaded.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SnsSettings:
    """`deny_private_networks` refuses HTTP(S) endpoints whose addresses are private, loopback or link-local.
    `public_host` stands in the URLs of messages for the host that the publisher used; a port of 0 is the publisher's.
    """

    deny_private_networks: bool = False
    public_host: str = ""


_configured = SnsSettings()


def configure(settings: SnsSettings) -> None:
    """To be called before the first call."""
    global _configured
    _configured = settings


def configured() -> SnsSettings:
    return _configured
