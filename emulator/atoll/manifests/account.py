"""An Account manifest as a plain value, and what its schema cannot say of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from atoll.core.access_keys import is_account_id
from atoll.core.tenant_id import DEFAULT_REALM
from atoll.manifests.durations import parse_duration, render_duration
from atoll.manifests.problems import nearest, plain, shown

_LONGEST_NAME = 57
_LONGEST_NAMESPACE = 63
LEAST_ROTATION = 60.0
"""Seconds. Every key that there ever was stays known, so that none comes again."""

_METADATA = (
    "name",
    "namespace",
    "labels",
    "annotations",
    "generateName",
    "finalizers",
    "ownerReferences",
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)
"""What Kubernetes has there."""

Found = tuple[str, str, str]
"""Path, value, reason."""


class Credentials(msgspec.Struct, frozen=True):
    """`rotation` is in seconds; None is never."""

    secret_name: str = ""
    rotation: float | None = None
    allow_account_id_keys: bool = False


class Account(msgspec.Struct, frozen=True):
    """What an account is to be. `account_id` is empty where one is to be given; `ttl` is in seconds, None is for ever;
    `spec` is what this was read from, defaults filled in."""

    name: str
    realm: str
    account_id: str
    alias: str
    regions: tuple[str, ...]
    default_region: str
    credentials: Credentials
    ttl: float | None
    deletion_policy: Literal["Delete", "Retain"]
    suspend: bool
    from_snapshot: str
    from_account: str
    spec: dict[str, Any]
    namespace: str = ""
    generation: int = 0

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Account:
        """Of a document that was checked, and has its defaults."""
        metadata, spec = body["metadata"], body["spec"]
        credentials = spec.get("credentials", {})
        source = spec.get("from", {})
        namespace = metadata.get("namespace", "")
        return cls(
            name=metadata["name"],
            namespace=namespace,
            generation=metadata.get("generation", 0),
            realm=spec.get("realm") or namespace or DEFAULT_REALM,
            account_id=spec.get("accountId", ""),
            alias=spec.get("alias", ""),
            regions=tuple(spec.get("regions", ())),
            default_region=spec["defaultRegion"],
            credentials=Credentials(
                credentials.get("secretName", ""),
                _seconds(credentials.get("rotation")),
                credentials.get("allowAccountIdKeys", False),
            ),
            ttl=_seconds(spec.get("ttl")),
            deletion_policy=spec["deletionPolicy"],
            suspend=spec["suspend"],
            from_snapshot=source.get("snapshot", ""),
            from_account=source.get("account", ""),
            spec=spec,
        )


def _seconds(text: str | None) -> float | None:
    return None if text is None else parse_duration(text)


def account_problems(body: dict[str, Any]) -> Iterator[Found]:
    """Of a document that fits its schema."""
    metadata, spec = body["metadata"], body["spec"]
    yield from metadata_problems(metadata)
    if spec["rules"] == "Strict":
        yield "spec.rules", "Strict", "is not there yet: leave it out, or write Relaxed"
    regions = spec.get("regions", [])
    if regions and spec["defaultRegion"] not in regions:
        yield "spec.defaultRegion", shown(spec["defaultRegion"]), "is none of spec.regions"
    source = spec.get("from", {})
    if "snapshot" in source and "account" in source:
        yield "spec.from", "", "has both a snapshot and an account, and can start with one only"
    if source.get("account") == metadata["name"]:
        yield "spec.from.account", shown(metadata["name"]), "is the account itself"
    yield from _duration_problems("spec.ttl", spec.get("ttl"), 0)
    yield from _duration_problems("spec.credentials.rotation", _rotation(spec), LEAST_ROTATION)


def _rotation(spec: dict[str, Any]) -> str | None:
    rotation: str | None = spec.get("credentials", {}).get("rotation")
    return rotation


def _duration_problems(path: str, text: str | None, least: float) -> Iterator[Found]:
    if text is None:
        return
    try:
        seconds = parse_duration(text)
        if seconds <= 0:
            yield path, shown(text), "must be longer than nothing"
        elif seconds < least:
            yield path, shown(text), f"must be at least {render_duration(least)}"
    except ValueError as error:
        yield path, "", str(error)


def metadata_problems(metadata: dict[str, Any]) -> Iterator[Found]:
    """https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
    """
    for field in metadata:
        if field not in _METADATA:
            yield f"metadata.{plain(field)}", "", f"is no field of it{nearest(field, _METADATA)}"
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        if values is not None and not (isinstance(values, dict) and all(isinstance(v, str) for v in values.values())):
            yield f"metadata.{field}", shown(values), "is no object whose values are strings: quote them"
    name, namespace, generation = metadata["name"], metadata.get("namespace", ""), metadata.get("generation", 0)
    if not _is_label(name):
        yield "metadata.name", shown(name), "is no name: lower-case letters, digits and, between them, hyphens"
    elif is_account_id(name):
        yield "metadata.name", shown(name), "is an account id, and would be taken for one: take another name"
    elif len(name) > _LONGEST_NAME:
        yield "metadata.name", shown(name), f"has {len(name)} characters, and may have at most {_LONGEST_NAME}"
    if namespace != "" and not (_is_label(namespace) and len(namespace) <= _LONGEST_NAMESPACE):
        yield "metadata.namespace", shown(namespace), "is no namespace's name"
    if not isinstance(generation, int):
        yield "metadata.generation", shown(generation), "is not an integer"


def _is_label(name: object) -> bool:
    allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
    return isinstance(name, str) and set(name) <= set(allowed) and name[:1] not in ("", "-") and name[-1:] != "-"


def forbidden_changes(old: Account, new: Account) -> Iterator[Found]:
    """What may not change once the account is there."""
    if new.account_id and new.account_id != old.account_id:
        yield "spec.accountId", shown(new.account_id), f"cannot be changed: it is {old.account_id}"
    if new.realm != old.realm:
        yield "spec.realm", shown(new.realm), f"cannot be changed: it is {old.realm}"
    if (new.from_snapshot, new.from_account) != (old.from_snapshot, old.from_account):
        yield "spec.from", "", "cannot be changed: it counted when the account was made"
