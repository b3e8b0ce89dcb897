"""A page that does not hold is told so, by its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import BadPage, LeftOut, Run, Start, Write, read
from play import holds, play


def page(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "page.md"
    path.write_text(text)
    return path


def played(tmp_path: Path, text: str) -> str:
    said: list[str] = []
    play(page(tmp_path, text), said.append)
    return "\n".join(said)


# ---- reading


def test_what_a_page_is_made_of(tmp_path: Path) -> None:
    steps = read(
        page(
            tmp_path,
            """# Title

```sh
.venv/bin/atoll up -f accounts.yaml     # stays
```

```text
Ready.
```

A picture:

```text
a -> b
```

```yaml title="accounts.yaml"
kind: Account
```

<!-- fails -->
```sh
one \\
  two
# A remark.
cat <<END
three
END
for each in a b; do
  echo $each
done
```
```json
{}
```

<!-- not run: needs a cluster -->

```sh
kubectl get pods
```
""",
        ),
        "page.md",
    )
    start, write, run, left_out = steps
    assert isinstance(start, Start)
    assert (start.line, start.shown is not None and start.shown.text) == (4, "Ready.")
    assert write == Write(18, "accounts.yaml", "kind: Account\n")
    assert isinstance(run, Run)
    assert run.fails
    assert [(command.line, command.text.partition("\n")[0]) for command in run.commands] == [
        (23, "one \\"),
        (26, "cat <<END"),
        (29, "for each in a b; do"),
    ]
    assert run.shown is not None
    assert run.shown.text == "{}"
    assert left_out == LeftOut(40, "kubectl get pods", "needs a cluster")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```ruby\nputs 1\n```\n", "page.md:1: what is done with a block of ruby?"),
        ("```\nls\n```\n", "page.md:1: what is done with a block of no language?"),
        ("```yaml\na: 1\n```\n", "page.md:1: what is done with a block of yaml?"),
        ("```sh\nls\n", "page.md:1: this block has no end"),
        ("```sh linenums\nls\n```\n", "page.md:1: ```sh linenums begins no block that is known"),
        ("Say\n\n    atoll get accounts\n", "page.md:3: a command that is not run: put it into a ```sh block"),
        ("```sh\nls\natoll up\n```\n", "page.md:3: what starts Atoll stays in front: give it a block of its own"),
    ],
)
def test_a_page_that_is_not_understood(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadPage, match=re.escape(words)):
        read(page(tmp_path, text), "page.md")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a", "a", True),
        ("a", "a\n", True),
        ("a", "b", False),
        ("a", "a\nb", False),
        ("id ... here", "id 12 here", True),
        ("id ... here", "id 1\n2 here", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...\nd", "a\nb", False),
        ("a.c", "abc", False),
        ("a   \n", "a", True),
    ],
)
def test_what_varies(shown: str, printed: str, same: bool) -> None:
    assert holds(shown, printed) is same


# ---- playing


def test_one_shell_for_a_page(tmp_path: Path) -> None:
    said = played(
        tmp_path,
        """
```sh
name=value
greet() { echo "hello $1"; }
export BOTH=seen
```
```text title="file.txt"
in the file
```
```sh
true # nothing
greet "$name"; cat file.txt; ls examples
```
```text
hello value
in the file
accounts.yaml
```
```python
import os
print(os.environ["BOTH"])
```
```text
seen
```
<!-- fails -->
```sh
grep nothing file.txt
```
```sh
echo on
```
""",
    )
    assert said.endswith("$ echo on\non")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```sh\ntrue\nfalse\ntrue\n```\n", r"page\.md:3: this ended with 1: false"),
        ("```sh\necho $nobody\n```\n", r"page\.md:2: this ended with 1(.|\n)*page\.md: line 2: nobody: unbound"),
        ("```sh\nfalse | true\n```\n", r"page\.md:2: this ended with 1"),
        ("```sh\nif\n```\n", r"page\.md:2: (.|\n)*page\.md: line 3: syntax error"),
        ("\n```python\n\nprint(1 / 0)\n```\n", r"page\.md:3: this ended with 1(.|\n)*page\.md\", line 4"),
        ("```sh\necho a\n```\n```text\nb\n```\n", r"page\.md:5: it says\nb\n\nand there came\na"),
        ("```sh\necho a # nothing\n```\n", r"page\.md:2: this should have printed nothing, and printed\na"),
        ("<!-- fails -->\n```sh\nfalse\ntrue\n```\n", r"page\.md:3: this ended with 1"),
        ("<!-- fails -->\n```sh\ntrue\n```\n", r"page\.md:3: this should have failed: true"),
        ("```sh\ncurl http://localhost:4566\n```\n", r"page\.md:2: no Atoll is there yet"),
        ("```sh\natoll up --port x\n```\n", r"page\.md:2: Atoll did not start:\n(.|\n)*--port"),
    ],
)
def test_a_page_that_does_not_hold(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadPage, match=words):
        played(tmp_path, text)


def test_a_command_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("play.LONGEST", 0.2)
    with pytest.raises(BadPage, match=r"page\.md:2: this did not end within 0\.2 s: tail -f /dev/null"):
        played(tmp_path, "```sh\ntail -f /dev/null\n```\n")


def test_an_atoll_of_the_pages_own(tmp_path: Path) -> None:
    said = played(
        tmp_path,
        """
```sh
make up
```
```text
Atoll ... listens on http://127.0.0.1:4566 and keeps its data in ...
...
Ready.
```
```python
import boto3

where = {"endpoint_url": "http://localhost:4566", "region_name": "us-east-1"}
keys = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}
print(boto3.client("sqs", **where, **keys).create_queue(QueueName="q")["QueueUrl"])
```
```text
http://localhost:4566/queue/us-east-1/111111111111/q
```
```sh
atoll up -f examples/accounts.yaml     # in its place, with the same data
```
```sh
atoll get resources -o name
```
```text
arn:aws:sqs:us-east-1:111111111111:q
```
""",
    )
    assert "$ atoll up -f examples/accounts.yaml     # in its place" in said
