"""Where botocore's data files lie: the models of AWS's services. botocore itself is never imported."""

from __future__ import annotations

import importlib.util
import os
import re
from functools import cache
from pathlib import Path

import orjson

_NAME = re.compile(r"[a-z0-9-]{1,64}")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}$")


def model_file(name: str) -> str | None:
    """The newest version of the model in botocore's folder `name`; None where there is none."""
    if not _NAME.fullmatch(name):
        return None
    folder = f"{_folder()}/{name}"
    try:
        versions = [version for version in os.listdir(folder) if _VERSION.match(version)]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return f"{folder}/{max(versions)}/service-2.json.gz" if versions else None


def model_names() -> list[str]:
    """The names of botocore's folders, in order."""
    with os.scandir(_folder()) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def region_names() -> list[str]:
    """AWS's regions, of all partitions."""
    partitions = orjson.loads(Path(_folder(), "partitions.json").read_bytes())["partitions"]
    return [name for partition in partitions for name in partition["regions"] if not name.endswith("-global")]


@cache
def _folder() -> str:
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("botocore, whose data files hold AWS's service models, is not installed")
    return str(Path(spec.origin).parent / "data")
