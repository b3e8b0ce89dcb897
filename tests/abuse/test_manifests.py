"""Hostile manifests: through `atoll apply`, through `atoll up`, and as JSON to the control API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.abuse.drawn import DOCUMENTS, FIELDS
from tests.abuse.invariants import Guarded
from tests.abuse.wire import PATIENCE, ask, head

DEEP = 100_000
HEAD = "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {name: hostile}\nspec:\n"
REGION = "apiVersion: atoll.dev/v1alpha1\nkind: Region\nmetadata: {name: hostile}\nspec:\n  regionName: eu-west-3\n"
MOST_MEMORY = 1500 * 1024 * 1024
"""Bytes that reading a manifest may take, whatever is in it."""


def levels(number: int, width: int, form: str) -> str:
    """Lists of aliases of lists of aliases."""
    lines = [f"a0: &a0 {form % 'x'}" if "<<" not in form else "a0: &a0 {k: 1, l: 2}"]
    lines += [f"a{n}: &a{n} {form % ', '.join([f'*a{n - 1}'] * width)}" for n in range(1, number)]
    return "\n".join(lines)


def named(name: str) -> str:
    return HEAD.replace("hostile", name) + "  suspend: true\n"


TEXTS = {
    "laughs": levels(30, 10, "[%s]"),
    "wide laughs": levels(5, 1000, "[%s]"),
    "wider laughs": f"a: &a [{'x, ' * 30_000}]\nb: [{'*a, ' * 30_000}]",
    "merges": levels(30, 10, "{<<: [%s]}"),
    "itself": "a: &a [*a]",
    "merged with itself": "a: &a {<<: *a}",
    "lists": "[" * DEEP + "]" * DEEP,
    "never closed": "[" * 1_000_000,
    "maps": "{a: " * DEEP,
    "dashes": "- " * DEEP + "a",
    "questions": "? " * DEEP + "a",
    "quotes": "'" * DEEP,
    "deep JSON": '{"a":' * DEEP + "1" + "}" * DEEP,
    "an object": HEAD + "  alias: !!python/object/apply:os.system ['echo harmed']",
    "a module": HEAD + "  alias: !!python/module:os",
    "a name": HEAD + "  alias: !!python/name:os.system",
    "a tag": HEAD + "  alias: !<tag:example.com,2026:x> y",
    "a set": HEAD + "  regions: !!set {eu-west-3, eu-west-1}",
    "binary": HEAD + "  alias: !!binary YWJj",
    "a timestamp": HEAD + "  alias: !!timestamp nothing",
    "an empty number": HEAD + "  ttl: !!int ''",
    "a truth": HEAD + "  suspend: !!bool maybe",
    "sixties": HEAD + "  ttl: 1" + ":59" * 100_000,
    "digits": HEAD + "  accountId: " + "9" * DEEP,
    "hexadecimal digits": HEAD + "  accountId: 0x" + "f" * DEEP,
    "infinity": REGION + "  cells: {tolerations: [{tolerationSeconds: .inf}]}",
    "no number": REGION + "  cells: {resources: {limits: {cpu: .nan}}}",
    "out of range": HEAD + "  ttl: 1e999",
    "NUL": HEAD + "  alias: a\0b",
    "NUL, escaped": HEAD + '  alias: "a\\0b"',
    "half of a pair": HEAD + '  alias: "\\ud800"',
    "escapes": HEAD + '  "\\e[2J\\e]0;harmed\\a": 1',
    "a line": HEAD + '  "x\\natoll: account default/hostile applied": 1',
    "twice": HEAD + "  ttl: 1h\n  ttl: 2h",
    "twice by merging": HEAD.replace("spec:", "spec: &s") + "  <<: *s\n  ttl: 1h",
    "number as key": HEAD + "  5: 1",
    "list as key": HEAD + "  ? [a]\n  : 1",
    "map as key": HEAD + "  {a: b}: 1",
    "nothing as key": HEAD + "  ~: 1",
    "truth as key": "true: false",
    "name with dots": named("../../etc"),
    "name with slash": named("a/b"),
    "name with line": named('"a\\nb"'),
    "name with NUL": named('"a\\0"'),
    "name with a command": named('"$(touch harmed)"'),
    "name of blanks": named('" "'),
    "name of another script": named("раyments"),
    "name that is long": named("a" * 1_000_000),
    "name that is a map": named("{a: b}"),
    "no name": named("~"),
    "namespace with dots": HEAD.replace("hostile", "hostile, namespace: ../x") + "  suspend: true",
    "namespace that is a list": HEAD.replace("hostile", "hostile, namespace: [x]") + "  suspend: true",
    "generation that is a text": HEAD.replace("hostile", "hostile, generation: x") + "  suspend: true",
    "realm with dots": HEAD + "  realm: ../../x",
    "realm with a line": HEAD + '  realm: "vault\\n"',
    "kind that is a list": "apiVersion: atoll.dev/v1alpha1\nkind: [Account]",
    "kind that is a map": "apiVersion: atoll.dev/v1alpha1\nkind: {Account: 1}",
    "list of numbers": "kind: List\nitems: [1, 2]",
    "list in a list": "kind: List\nitems: " + "[{kind: List, items: " * DEEP,
    "spec that is a number": HEAD.replace("spec:", "spec: 5"),
    "metadata that is a list": "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: [1]\nspec: {}",
    "unknown fields": HEAD + "".join(f"  suspend{n}: 1\n" for n in range(10_000)),
    "regions": HEAD + f"  regions: [{', '.join(f'eu-west-{n}' for n in range(20_000))}]",
    "unlike regions": HEAD + f"  regions: [{', '.join(f'{{a: {n}}}, {n}' for n in range(10_000))}]",
    "faults": REGION + f"  faults: [{', '.join(['{latency: 1s}'] * 10_000)}]",
    "snapshot elsewhere": HEAD + "  from: {snapshot: ../../../etc/passwd}",
    "a moment": HEAD + "  credentials: {rotation: 1ns}",
    "long duration": HEAD + "  ttl: " + "1h" * DEEP,
    "endless duration": HEAD + '  ttl: "' + "9" * 30 + 'h"',
    "another version": "%YAML 3.0\n---\na: 1",
    "directives": "%TAG ! tag:x,2000:\n" * 10_000,
    "scalars": "a",
    "an alias of nothing": "a: *b",
    "anchors": "".join(f"- &a{n} x\n" for n in range(20_000)),
    "one line": "a: '" + "x" * 5_000_000,
}
CODES = (0, 1)
"""Of a command that has done it, or said why not. No traceback, no signal."""


class Ended:
    """A command that has ended, with what it said to standard error."""

    def __init__(self, code: int, said: str, memory: int) -> None:
        self.code = code
        self.said = said
        self.memory = memory

    def check_refused(self) -> None:
        assert self.code == 1, self.said[-2000:]
        assert "Traceback" not in self.said
        assert self.said.startswith("atoll: ")
        assert len(self.said) < 100_000
        # Nothing of the manifest's makes lines of its own, or speaks to the terminal.
        assert self.said.replace("\n", "").isprintable()
        assert not any(line.startswith("atoll: account") for line in self.said.splitlines())
        assert self.memory < MOST_MEMORY


def run(url: str, *arguments: str, text: bytes = b"") -> Ended:
    """A command, within a bound of time, and how much memory it took in all."""
    program = (
        "import resource, sys; from atoll.cli import main\n"
        "try: main()\n"
        "finally: print('\\nMEMORY', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=text,
        capture_output=True,
        timeout=PATIENCE,
        env={**os.environ, "ATOLL_ENDPOINT": url},
        check=False,
    )
    said, _, memory = ended.stderr.decode("utf-8", "replace").rpartition("\nMEMORY ")
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(ended.returncode, said, int(memory or "0") * unit)


@pytest.mark.parametrize("what", TEXTS)
def test_applied(atoll: Guarded, tmp_path: Path, what: str) -> None:
    """Each is refused by name, and nothing has come of it."""
    file = tmp_path / "hostile.yaml"
    file.write_bytes(TEXTS[what].encode("utf-8", "surrogatepass"))
    ended = run(atoll.atoll.url, "apply", "-f", str(file))
    ended.check_refused()
    assert "harmed" not in os.listdir(tmp_path)
    found = ask(atoll.port, head("GET", "/_atoll/v1/realms/default/accounts/hostile", {}))
    assert found is not None
    assert found.status == 404


STARTS = [
    "laughs",
    "merges",
    "lists",
    "an object",
    "kind that is a list",
    "namespace with dots",
    "unlike regions",
    "NUL",
]


@pytest.mark.parametrize("what", STARTS)
def test_started_with(tmp_path: Path, what: str) -> None:
    """Atoll does not come up, and says why."""
    file = tmp_path / "hostile.yaml"
    file.write_text(TEXTS[what])
    ended = run("", "up", "--port", "0", "--data", str(tmp_path / "data"), "-f", str(file))
    ended.check_refused()


@pytest.mark.parametrize("what", STARTS)
def test_given_as_standard_input(atoll: Guarded, what: str) -> None:
    ended = run(atoll.atoll.url, "apply", "-f", "-", text=TEXTS[what].encode())
    ended.check_refused()
    assert ended.said.startswith("atoll: standard input, ")


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.yaml")
    return str(folder / "pipe.yaml")


def loop(folder: Path) -> str:
    (folder / "a.yaml").symlink_to("b.yaml")
    (folder / "b.yaml").symlink_to("a.yaml")
    return str(folder / "a.yaml")


def dangling(folder: Path) -> str:
    (folder / "a.yaml").symlink_to("nowhere")
    return str(folder / "a.yaml")


def huge(folder: Path) -> str:
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(100 * 1024**3)
    return str(folder / "huge.yaml")


def bytes_of(text: bytes) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "bytes.yaml").write_bytes(text)
        return str(folder / "bytes.yaml")

    return write


def odd_name(folder: Path) -> str:
    path = os.path.join(os.fsencode(folder), b"\x1b[2Jharmed\n\xff.yaml")
    with open(path, "wb") as file:
        file.write(b"a: 1")
    return str(folder)


PATHS: dict[str, Callable[[Path], str]] = {
    "a pipe": pipe,
    "a loop": loop,
    "a link to nothing": dangling,
    "a huge file": huge,
    "zeros": lambda folder: "/dev/zero",
    "noise": lambda folder: "/dev/urandom",
    "a socket": lambda folder: "/proc/self/mem" if sys.platform == "linux" else "/dev/zero",
    "no UTF-8": bytes_of(HEAD.encode() + b"  alias: \xff\xfe"),
    "UTF-16": bytes_of(HEAD.encode("utf-16")),
    "UTF-32": bytes_of(HEAD.encode("utf-32")),
    "NUL": bytes_of(b"\0" * 100_000),
    "a name like a command": odd_name,
    "a long path": lambda folder: "x" * 5000,
    "nothing": lambda folder: "",
}


@pytest.mark.parametrize("what", PATHS)
def test_paths(atoll: Guarded, tmp_path: Path, what: str) -> None:
    """Nothing is waited for, and nothing is read on and on."""
    run(atoll.atoll.url, "apply", "-f", PATHS[what](tmp_path)).check_refused()


def test_a_folder_of_ten_thousand_files(atoll: Guarded, tmp_path: Path) -> None:
    """With folders, pipes and loops among them, which are no files; and one that is wrong, which is named."""
    for number in range(10_000):
        (tmp_path / f"{number:05}.yaml").write_text(f"---\n{HEAD.replace('hostile', f'a{number}')}  suspend: true\n")
    pipe(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "up.yaml").symlink_to(tmp_path)
    (tmp_path / "05000.yaml").write_text("kind: Nothing\n")
    ended = run(atoll.atoll.url, "apply", "-f", str(tmp_path))
    ended.check_refused()
    assert ended.said.count("\n") == 1
    assert "05000.yaml, document 1, kind: 'Nothing' is none of Atoll's" in ended.said


def test_text_that_anybody_may_have_written(atoll: Guarded, examples: Any) -> None:
    """As JSON, to the control API: whatever the spec is, it is taken, or refused with what is wrong with it."""
    specs = st.dictionaries(st.sampled_from(FIELDS.split()), DOCUMENTS, max_size=4)

    @examples(150)
    @given(specs, st.sampled_from(["/realms/default/accounts/hostile", "/regions/eu-west-3"]))
    def check(spec: dict[str, object], path: str) -> None:
        body = json.dumps({"spec": spec}).encode("utf-8", "surrogatepass")
        answer = ask(atoll.port, head("PUT", f"/_atoll/v1{path}", {"Content-Type": "application/json"}, body))
        atoll.check_answer(answer)
        assert answer is not None
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert json.loads(answer.body)["detail"]
        else:
            # What was taken is told again as it is.
            told = ask(atoll.port, head("GET", f"/_atoll/v1{path}", {}))
            assert told is not None
            assert told.status == 200
            json.loads(told.body)

    check()
    for path in ("/realms/default/accounts/hostile", "/regions/eu-west-3"):
        ask(atoll.port, head("DELETE", f"/_atoll/v1{path}", {}))
