"""Random bytes from a pool: as many as are asked for, none twice, in no two processes the same."""

from __future__ import annotations

import subprocess
import sys

from atoll.core import ids


def test_none_is_given_twice() -> None:
    drawn = [ids.random_bytes(12) for _ in range(5000)]
    assert {len(each) for each in drawn} == {12}
    assert len(set(drawn)) == len(drawn)
    assert len(ids.random_bytes(4096)) == 4096


def test_a_forked_child_draws_others() -> None:
    program = (
        "import os\n"
        "from atoll.core.ids import random_bytes\n"
        "random_bytes(1)\n"
        "reading, writing = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.write(writing, random_bytes(16))\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(os.read(reading, 16) == random_bytes(16))\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "False"
