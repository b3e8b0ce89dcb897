"""A Region manifest as a plain value, and what its schema cannot say of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from atoll.manifests.account import Found, metadata_problems
from atoll.manifests.durations import parse_duration
from atoll.manifests.fault import Fault, parse_share
from atoll.manifests.problems import shown


class Region(msgspec.Struct, frozen=True):
    """What a region is to be."""

    name: str
    region: str
    description: str
    faults: tuple[Fault, ...]
    spec: dict[str, Any]
    generation: int = 0

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Region:
        """Of a document that was checked, and has its defaults."""
        metadata, spec = body["metadata"], body["spec"]
        return cls(
            name=metadata["name"],
            region=spec["regionName"],
            description=spec.get("description", ""),
            faults=tuple(map(Fault.parse, spec.get("faults", ()))),
            spec=spec,
            generation=metadata.get("generation", 0),
        )


def region_problems(body: dict[str, Any]) -> Iterator[Found]:
    """Of a document that fits its schema."""
    yield from metadata_problems(body["metadata"])
    for number, fault in enumerate(body["spec"].get("faults", ())):
        path = f"spec.faults[{number}]"
        if parse_share(fault.get("errorRate", "0%")) > 1:
            yield f"{path}.errorRate", shown(fault["errorRate"]), "is more than all calls"
        if fault["unavailable"] and "errorRate" in fault:
            yield f"{path}.errorRate", shown(fault["errorRate"]), "goes not together with unavailable"
        if "spread" in fault and parse_duration(fault["spread"]) > parse_duration(fault.get("latency", "0s")):
            yield f"{path}.spread", shown(fault["spread"]), "is more than the latency that it varies"
