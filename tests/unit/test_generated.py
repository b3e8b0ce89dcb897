"""What `make generate` makes is as it would be made now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_nothing_was_forgotten() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tools" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.made().items():
        if not path.is_file() or path.read_text() != text:
            pytest.fail(f"{path.relative_to(ROOT)} is not what follows from its source: run `make generate`")
