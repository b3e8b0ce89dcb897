"""What each of botocore's models says of its service in its first lines: the names that it goes by, and its protocols.

It is read without the rest of the model, since a request may mean any of some four hundred services, most of which
Atoll has not, and only has to name.
"""

from __future__ import annotations

import zlib
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson

from atoll.wire.model import Description, Service, describe
from atoll.wire.models import model_file, model_names

_HEAD = 2_048
"""Compressed bytes of a model that hold its metadata."""
_METADATA = b'"metadata":'
_BARE_ERRORS = frozenset({"s3"})
"""What botocore's models leave out: whose errors stand in no `ErrorResponse`. S3 Control's do."""


class Summary(NamedTuple):
    """`name` is that of botocore's folder; the others are its metadata's."""

    name: str
    protocols: tuple[str, ...]
    target_prefix: str
    signing_name: str
    endpoint_prefix: str
    api_version: str

    def speaks(self, *protocols: str) -> bool:
        return any(protocol in self.protocols for protocol in protocols)

    @property
    def rest_protocol(self) -> str | None:
        """None where its operations are not told by routes."""
        return next((protocol for protocol in self.protocols if protocol.startswith("rest-")), None)

    def answers_to(self, name: str) -> bool:
        """Whether a credential's scope or a host may call it so."""
        return name in (self.name, self.signing_name, self.endpoint_prefix)


@lru_cache(maxsize=1024)
def summary(name: str) -> Summary | None:
    """None where botocore has no such service."""
    metadata = _metadata(name)
    if metadata is None:
        return None
    protocols = metadata.get("protocols") or [metadata["protocol"]]
    if "awsQueryCompatible" in metadata and "query" not in protocols:
        protocols = [*protocols, "query"]
    endpoint_prefix: str = metadata.get("endpointPrefix", name)
    return Summary(
        name=name,
        protocols=tuple(protocols),
        target_prefix=metadata.get("targetPrefix", ""),
        signing_name=metadata.get("signingName", endpoint_prefix),
        endpoint_prefix=endpoint_prefix,
        api_version=metadata.get("apiVersion", ""),
    )


@cache
def summaries() -> tuple[Summary, ...]:
    """All of them. It takes some 100 ms, once."""
    found = (summary(name) for name in model_names())
    return tuple(each for each in found if each is not None)


@cache
def outline(name: str) -> Service:
    """The service without its operations and shapes: enough to answer in its protocol that Atoll has not got it."""
    metadata = {**(_metadata(name) or {"protocol": "json"}), "bareErrors": name in _BARE_ERRORS}
    return Service({"metadata": metadata, "operations": {}, "shapes": {}}, name)


@lru_cache(maxsize=32)
def sketch(name: str) -> Service:
    """The service with as much of its operations as tells them apart by their routes. KeyError where there is none."""
    description = describe(name)
    shapes = description["shapes"]
    inputs = {operation["input"]["shape"] for operation in description["operations"].values() if "input" in operation}
    return Service(
        {
            "metadata": description["metadata"],
            "operations": {
                operation: {trait: traits[trait] for trait in ("http", "input", "deprecated") if trait in traits}
                for operation, traits in description["operations"].items()
            },
            "shapes": {_ANY["shape"]: {"type": "string"}, **{shape: _sketch_of(shapes[shape]) for shape in inputs}},
        },
        name,
    )


_ANY = {"shape": "Any"}


def _sketch_of(shape: Description) -> Description:
    """An input, of which only what is required in query and headers tells operations apart."""
    required = shape.get("required", [])
    members = {
        member: {**_ANY, "location": traits["location"], "locationName": traits.get("locationName", member)}
        for member, traits in shape.get("members", {}).items()
        if member in required and traits.get("location") in ("querystring", "header")
    }
    return {"type": "structure", "required": list(members), "members": members}


def unheard_of(name: str, protocol: str) -> Service:
    """The outline of a service that botocore does not know."""
    return Service({"metadata": {"protocol": protocol}, "operations": {}, "shapes": {}}, name)


def _metadata(name: str) -> Description | None:
    path = model_file(name)
    if path is None:
        return None
    with open(path, "rb") as file:
        packed = file.read(_HEAD)
        unpack = zlib.decompressobj(wbits=31)
        text = unpack.decompress(packed)
        while (metadata := _first_object(text)) is None and (packed := file.read(_HEAD)):
            text += unpack.decompress(packed)
    return metadata


def _first_object(text: bytes) -> dict[str, Any] | None:
    """The metadata in what there is of a model yet; None where its end is not there."""
    start = text.find(_METADATA)
    depth, at = 0, start + len(_METADATA)
    while start >= 0:
        opening, closing = text.find(b"{", at), text.find(b"}", at)
        if closing < 0:
            return None
        inside = 0 <= opening < closing
        depth += 1 if inside else -1
        at = (opening if inside else closing) + 1
        if depth == 0:
            metadata: dict[str, Any] = orjson.loads(text[start + len(_METADATA) : at])
            return metadata
    return None
