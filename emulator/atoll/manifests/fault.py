"""What goes wrong with calls, as a Region's manifest and the control API say it."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.manifests.durations import parse_duration


class Fault(msgspec.Struct, frozen=True):
    """What goes wrong with calls. `services` are botocore's names, none being all. `latency` and `spread` are seconds,
    `error_rate` is the share, 0 to 1, of calls that fail with `code`, `message` and HTTP `status`; without a code
    it is InternalFailure, with AWS's message."""

    services: frozenset[str] = frozenset()
    latency: float = 0.0
    spread: float = 0.0
    error_rate: float = 0.0
    code: str = ""
    message: str = ""
    status: int = 500
    unavailable: bool = False

    @classmethod
    def parse(cls, spec: dict[str, Any]) -> Fault:
        """Of an item of `spec.faults` that was checked, and has its defaults."""
        error = spec.get("error", {})
        return cls(
            services=frozenset(spec.get("services", ())),
            latency=parse_duration(spec.get("latency", "0s")),
            spread=parse_duration(spec.get("spread", "0s")),
            error_rate=parse_share(spec.get("errorRate", "0%")),
            code=error.get("code", ""),
            message=error.get("message", ""),
            status=error.get("status", 500),
            unavailable=spec.get("unavailable", False),
        )


def parse_share(text: str) -> float:
    """`5%` as 0.05."""
    return float(text.removesuffix("%")) / 100
