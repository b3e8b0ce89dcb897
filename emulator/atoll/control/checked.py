"""What is sent to the control API, checked as manifests are."""

from __future__ import annotations

from typing import Any

from atoll.control.errors import Invalid
from atoll.manifests.account import Account
from atoll.manifests.check import check
from atoll.manifests.crds import API_VERSION
from atoll.manifests.documents import Document
from atoll.manifests.loader import check_size
from atoll.manifests.problems import BadManifests
from atoll.manifests.region import Region


def checked(kind: str, name: str, spec: dict[str, Any], realm: str = "") -> Account | Region:
    """Raises Invalid."""
    metadata = {"name": name, **({"namespace": realm} if realm else {})}
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    try:
        check_size(body)
    except ValueError as error:
        raise Invalid(f"spec: {error}") from None
    try:
        [manifest] = check([Document("the request", 1, body)])
    except BadManifests as bad:
        raise Invalid.because((each.path, each.value, each.reason) for each in bad.problems) from None
    return manifest
