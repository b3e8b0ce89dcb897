"""Manifests as they are read: YAML as Kubernetes takes it, from wherever it comes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from atoll.manifests.documents import read_documents, read_text
from atoll.manifests.problems import BadManifests
from hypothesis import given, settings
from hypothesis import strategies as st


def reasons(text: str) -> str:
    with pytest.raises(BadManifests) as raised:
        read_text("f.yaml", text)
    return str(raised.value)


def test_several_documents_keep_their_numbers() -> None:
    documents = read_text("f.yaml", 'a: 1\n---\n---\n{"b": "2026-01-02"}\n')
    assert [(each.number, each.body) for each in documents] == [(1, {"a": 1}), (3, {"b": "2026-01-02"})]


def test_a_list_is_its_items() -> None:
    text = "kind: List\nitems:\n- kind: Account\n- kind: AccountList\n  items: [{kind: Account, x: y}]\n"
    assert [each.body for each in read_text("f.yaml", text)] == [{"kind": "Account"}, {"kind": "Account", "x": "y"}]


def test_files_folders_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("b.yaml", "a.yml", "c.json", "d.txt"):
        (tmp_path / "folder" / name).write_text(f'{{"name": "{name}"}}')
    (tmp_path / "one.txt").write_text("name: one")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name: given")))
    documents = read_documents([str(tmp_path / "one.txt"), str(tmp_path / "folder"), "-"])
    assert [each.body["name"] for each in documents] == ["one", "a.yml", "b.yaml", "c.json", "given"]
    assert documents[-1].source == "standard input"


def test_all_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [\n")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(BadManifests) as raised:
        read_documents([str(tmp_path), str(tmp_path / "none.yaml")])
    told = [(Path(problem.source).name, problem.reason) for problem in raised.value.problems]
    assert [name for name, _ in told] == ["bad.yaml", "latin.yaml", "none.yaml"]
    assert told[0][1].startswith("line 2: ")
    assert told[2][1] == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2\n", "f.yaml, document 1: line 2: a is there twice"),
        ("x: {b: 1, b: 2}", "f.yaml, document 1: line 1: b is there twice"),
        ("{1: 2, [3]: 4}", "f.yaml, document 1: line 1: a field's name is no text"),
        ("a: 1\n---\n- 1\n", "f.yaml, document 2: it is no object: a manifest has apiVersion, kind, metadata and spec"),
        ("a: !!python/object:os.system x", "f.yaml, document 1: line 1: could not determine a constructor"),
        ("[" * 3000, "f.yaml, document 1: "),
        ("a: " + "[" * 100 + "]" * 100, "f.yaml, document 1: line 1: it nests too deep"),
        ("a: &a [*a]", "f.yaml, document 1: it nests too deep"),
        ("a: &a {<<: *a}", "f.yaml, document 1: line 1: it merges itself"),
        ("a: &a {<<: {<<: [{b: 1}, *a]}}", "f.yaml, document 1: line 1: it merges itself"),
        ("a: .nan", "f.yaml, document 1: line 1: '.nan' is no number of 64 bits"),
        ("a: 1.0e+999", "f.yaml, document 1: line 1: '1.0e+999' is no number of 64 bits"),
        ("a: 99999999999999999999", "f.yaml, document 1: line 1: '99999999999999999999' is no integer of 64 bits"),
        ("a: 0x" + "f" * 5000, "f.yaml, document 1: line 1: '0xfff"),
        ("a: !!int ''", "f.yaml, document 1: line 1: '' is no integer of 64 bits"),
        ("a: !!float x", "f.yaml, document 1: line 1: 'x' is no number of 64 bits"),
        ("a: !!bool x", "f.yaml, document 1: line 1: 'x' is no truth value"),
        ("a: !!map x", "f.yaml, document 1: line 1: it is no mapping"),
        ("a: !!timestamp x", "f.yaml, document 1: line 1: could not determine a constructor"),
        ("a: !!set {b}", "f.yaml, document 1: line 1: could not determine a constructor"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    assert reasons(text).startswith(reason)


def test_a_few_lines_that_stand_for_billions() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert reasons("\n".join(lines)) == "f.yaml, document 1: it stands for too much"


@pytest.mark.parametrize(
    "text",
    [
        f"a: &a [{'x, ' * 1000}]\nb: &b [{'*a, ' * 1000}]\nc: [{'*b, ' * 1000}]",
        "a0: &a0 {k: 1, l: 2}\n"
        + "\n".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 30)),
        "a: [" + ",".join(["x"] * 1_000_001) + "]",
    ],
    ids=["wide", "merges", "long"],
)
def test_what_grows_at_once_is_refused_before_it_has(text: str) -> None:
    assert reasons(text).endswith("it stands for too much")


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 50_000 + "a", "? " * 50_000 + "a"])
def test_nesting_that_would_be_deeper_than_the_stack(text: str) -> None:
    assert reasons(text).endswith("it nests too deep")


def test_merges_and_names_as_kubernetes_reads_them() -> None:
    [document] = read_text(
        "f.yaml",
        "a: {b: {c: &c {<<: &d {k: 1, l: 2}, k: 3}}}\ne: {<<: [*c, *d], m: 4}\ntrue: 1:20\n5: 0x10\n6: 010\n7: 1e3",
    )
    assert document.body == {
        "a": {"b": {"c": {"k": 3, "l": 2}}},
        "e": {"k": 3, "l": 2, "m": 4},
        "true": "1:20",
        "5": 16,
        "6": 8,
        "7": 1000.0,
    }


def test_pipes_and_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for, and no more is read than a file may have."""
    monkeypatch.setattr("atoll.manifests.documents.LARGEST", 2**20)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n" * 2**20)))
    with pytest.raises(BadManifests) as raised:
        read_documents([str(tmp_path / "pipe"), "/dev/zero", str(tmp_path / "loop.yaml"), "-", ""])
    assert [problem.reason for problem in raised.value.problems] == [
        "cannot be read: it is a pipe that nobody writes to: pipe into -f - instead",
        "cannot be read: it is larger than 1 MiB",
        "cannot be read: Too many levels of symbolic links",
        "cannot be read: it is larger than 1 MiB",
        "cannot be read: it is no path",
    ]
    ends = os.pipe()
    os.write(ends[1], b"a: 1")
    os.close(ends[1])
    [document] = read_documents([f"/dev/fd/{ends[0]}"])
    os.close(ends[0])
    assert document.body == {"a": 1}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#,? \n\t%@`1.")), max_size=60))
def test_any_text_is_documents_or_is_refused(text: str) -> None:
    try:
        documents = read_text("f.yaml", text)
    except BadManifests:
        return
    assert all(isinstance(each.body, dict) for each in documents)
