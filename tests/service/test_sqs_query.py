"""SQS by its query protocol, to the last client that spoke it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-botocore-1.31" / "bin" / "python"


@pytest.mark.skipif(not PYTHON.exists(), reason="`make setup` makes the environment with botocore 1.31.80")
def test_every_operation_by_the_query_protocol(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        every = atoll.client("sqs").meta.service_model.operation_names
        # Without what a user's own settings or this environment's packages would bring in.
        command = [str(PYTHON), "-I", str(ROOT / "tests" / "clients" / "sqs_query.py"), atoll.url]
        played = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert played.returncode == 0, played.stderr
        assert json.loads(played.stdout) == sorted(every)
