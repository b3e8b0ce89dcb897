"""Manifests as they are read: YAML as Kubernetes takes it, from wherever it comes."""

from __future__ import annotations

import io
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
    monkeypatch.setattr("sys.stdin", io.StringIO("name: given"))
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
        ("a: " + "[" * 100 + "]" * 100, "f.yaml, document 1: it nests too deep"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    assert reasons(text).startswith(reason)


def test_a_few_lines_that_stand_for_billions() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert reasons("\n".join(lines)) == "f.yaml, document 1: it stands for too much"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#,? \n\t%@`1.")), max_size=60))
def test_any_text_is_documents_or_is_refused(text: str) -> None:
    try:
        documents = read_text("f.yaml", text)
    except BadManifests:
        return
    assert all(isinstance(each.body, dict) for each in documents)
