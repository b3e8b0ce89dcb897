"""What manifests may say, and the words for what they may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from atoll.manifests.account import Account, forbidden_changes
from atoll.manifests.check import MOST_PROBLEMS, check, read_manifests
from atoll.manifests.documents import Document
from atoll.manifests.fault import Fault
from atoll.manifests.problems import BadManifests
from atoll.manifests.region import Region


def account(name: str = "payments", *, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "atoll.dev/v1alpha1", "kind": "Account"}
    return {**head, "metadata": {"name": name, **(metadata or {})}, "spec": spec}


def region(*faults: dict[str, Any], **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "atoll.dev/v1alpha1", "kind": "Region", "metadata": {"name": "frankfurt"}}
    return {**head, "spec": {"regionName": "eu-central-1", "faults": list(faults), **spec}}


def checked(*bodies: dict[str, Any]) -> list[Account | Region]:
    return check([Document("f.yaml", number, body) for number, body in enumerate(bodies, 1)])


def refused(*bodies: dict[str, Any]) -> list[str]:
    with pytest.raises(BadManifests) as raised:
        checked(*bodies)
    return [str(problem).removeprefix("f.yaml, document ") for problem in raised.value.problems]


def test_the_least_account() -> None:
    [made] = checked(account())
    assert isinstance(made, Account)
    assert (made.name, made.realm, made.account_id, made.regions, made.ttl) == ("payments", "default", "", (), None)
    assert (made.default_region, made.deletion_policy, made.suspend) == ("us-east-1", "Delete", False)
    assert made.credentials.rotation is None
    assert made.spec["rules"] == "Relaxed"


def test_an_account_with_everything() -> None:
    spec = yaml.safe_load("""
        accountId: "111111111111"
        alias: payments-test
        regions: [eu-central-1, us-east-1]
        defaultRegion: eu-central-1
        rules: Relaxed
        credentials: {secretName: payments-aws, rotation: 720h, allowAccountIdKeys: true}
        ttl: 1h30m
        deletionPolicy: Retain
        suspend: true
        from: {account: seeded}
    """)
    [made] = checked(account(metadata={"namespace": "team-a", "labels": {"a": "b"}, "generation": 3}, **spec))
    assert isinstance(made, Account)
    assert (made.namespace, made.realm, made.generation) == ("team-a", "team-a", 3)
    assert (made.credentials.rotation, made.ttl, made.from_account) == (720 * 3600, 5400, "seeded")
    assert made.spec == spec
    [elsewhere] = checked(account(metadata={"namespace": "team-a"}, realm="shared"))
    assert isinstance(elsewhere, Account)
    assert elsewhere.realm == "shared"


def test_a_region_with_faults() -> None:
    error = {"code": "ThrottlingException", "status": 400}
    [made] = checked(
        region(
            {"services": ["sqs"], "latency": "200ms", "spread": "50ms", "errorRate": "5%", "error": error},
            {"unavailable": True},
        )
    )
    assert isinstance(made, Region)
    first, second = made.faults
    assert first == Fault(
        frozenset({"sqs"}),
        0.2,
        0.05,
        0.05,
        "ThrottlingException",
        "The request processing has failed because of an unknown error, exception or failure.",
        400,
    )
    assert second == Fault(unavailable=True)
    assert made.spec["faults"][0]["error"]["code"] == "ThrottlingException"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"accountId": 111111111111}, "1, spec.accountId: 111111111111 is a number and must be a string: quote it"),
        (
            {"accountId": "1111"},
            "1, spec.accountId: '1111' does not match ^[0-9]{12}$: the account's 12 digits, unique in the realm",
        ),
        ({"accountID": "111111111111"}, "1, spec.accountID: is no field of it: did you mean accountId?"),
        ({"suspend": "yes"}, "1, spec.suspend: 'yes' is not a boolean"),
        ({"alias": True}, "1, spec.alias: true is a truth value and must be a string: quote it"),
        ({"alias": "ab"}, "1, spec.alias: 'ab' has 2 characters, and may have at least 3"),
        ({"rules": "Loose"}, "1, spec.rules: 'Loose' is none of Relaxed, Strict"),
        ({"rules": "Strict"}, "1, spec.rules: Strict is not there yet: leave it out, or write Relaxed"),
        ({"regions": ["us-east-1", "us-east-1"]}, "1, spec.regions: ['us-east-1', 'us-east-1'] has an item twice"),
        ({"regions": ["us-east-1", "US"]}, "1, spec.regions[1]: 'US' does not match"),
        ({"regions": ["eu-west-1"]}, "1, spec.defaultRegion: 'us-east-1' is none of spec.regions"),
        ({"ttl": "1 day"}, "1, spec.ttl: '1 day' does not match"),
        ({"ttl": "0s"}, "1, spec.ttl: '0s' must be longer than nothing"),
        ({"credentials": {"rotation": "0m"}}, "1, spec.credentials.rotation: '0m' must be longer than nothing"),
        ({"credentials": {"secret": "x"}}, "1, spec.credentials.secret: is no field of it: did you mean secretName?"),
        ({"from": {"snapshot": "a", "account": "b"}}, "1, spec.from: has both a snapshot and an account"),
        ({"from": {"account": "payments"}}, "1, spec.from.account: 'payments' is the account itself"),
        ({"from": None}, "1, spec.from: null is not an object"),
        ({"credentials": {"rotation": "1ns"}}, "1, spec.credentials.rotation: '1ns' must be at least 1m"),
        ({"regions": ["r", {}, 1] * 10_000}, "1, spec.regions: has 30000 items, and may have at most 100"),
        ({"a\nb\x1b[31m": 1}, "1, spec.a\\nb\\x1b[31m: is no field of it"),
    ],
)
def test_what_an_account_may_not_say(spec: dict[str, Any], words: str) -> None:
    [told] = refused(account(**spec))
    assert told.startswith(words)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"errorRate": "5"}, "1, spec.faults[0].errorRate: '5' does not match"),
        ({"errorRate": "100.5%"}, "1, spec.faults[0].errorRate: '100.5%' is more than all calls"),
        (
            {"errorRate": "5%", "unavailable": True},
            "1, spec.faults[0].errorRate: '5%' goes not together with unavailable",
        ),
        ({"latency": "1s", "spread": "2s"}, "1, spec.faults[0].spread: '2s' is more than the latency that it varies"),
        ({"error": {"status": 200}}, "1, spec.faults[0].error.status: 200 must be at least 400"),
        ({"error": {"status": 400.5}}, "1, spec.faults[0].error.status: 400.5 is not an integer"),
        ({"unavailable": 1}, "1, spec.faults[0].unavailable: 1 is not a boolean"),
    ],
)
def test_what_a_region_may_not_say(fault: dict[str, Any], words: str) -> None:
    [told] = refused(region(fault))
    assert told.startswith(words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "Pod"}, "1, kind: 'Pod' is none of Atoll's, which are Account and Region"),
        ({"kind": ["Account"]}, "1, kind: ['Account'] is none of Atoll's, which are Account and Region"),
        ({"metadata": {"name": "a", "namespace": "../x"}}, "1, metadata.namespace: '../x' is no namespace's name"),
        ({"metadata": {"name": "a", "namespace": ["x"]}}, "1, metadata.namespace: ['x'] is no namespace's name"),
        ({"metadata": {"name": "a", "generation": "x"}}, "1, metadata.generation: 'x' is not an integer"),
        ({"apiVersion": "v1"}, "1, apiVersion: 'v1' is not atoll.dev/v1alpha1"),
        ({"metadata": {}}, "1, metadata.name: is missing"),
        ({"metadata": None}, "1, metadata.name: is missing"),
        (
            {"metadata": {"name": "x" * 58}},
            "1, metadata.name: '" + "x" * 58 + "' has 58 characters, and may have at most 57",
        ),
        ({"metadata": {"name": "Payments"}}, "1, metadata.name: 'Payments' is no name"),
        ({"metadata": {"name": 5}}, "1, metadata.name: 5 is a number and must be a string: quote it"),
        ({"spec": []}, "1, spec: [] is not an object"),
        ({"more": 1}, "1, more: is no field of it"),
    ],
)
def test_what_no_manifest_may_be(change: dict[str, Any], words: str) -> None:
    [told] = refused({**account(), **change})
    assert told.startswith(words)


def test_a_spec_is_needed() -> None:
    body = account()
    del body["spec"]
    assert refused(body) == ["1, spec: is missing"]


def test_all_is_told_at_once() -> None:
    assert refused(account(accountId=1, alias=2), region(), account()) == [
        "1, spec.accountId: 1 is a number and must be a string: quote it",
        "1, spec.alias: 2 is a number and must be a string: quote it",
    ]


def test_a_name_is_there_once() -> None:
    assert refused(account(), account()) == ["2, metadata.name: 'payments' is there twice"]
    checked(account(), account(metadata={"namespace": "other"}), region())


def test_what_cannot_be_changed() -> None:
    [old] = checked(account(accountId="111111111111", **{"from": {"account": "a"}}))
    [new] = checked(account(accountId="222222222222", realm="b", **{"from": {"snapshot": "a"}}))
    assert isinstance(old, Account)
    assert isinstance(new, Account)
    assert [path for path, _, _ in forbidden_changes(old, new)] == ["spec.accountId", "spec.realm", "spec.from"]
    assert list(forbidden_changes(old, old)) == []


def test_every_field_is_described_and_bounded() -> None:
    from atoll.manifests.crds import KINDS, schema

    def look(path: str, node: dict[str, Any]) -> None:
        # Kubernetes lets a schema say of metadata what a name is, and nothing else.
        assert node.get("description") or path.endswith(".metadata"), path
        if ".metadata" in path:
            assert set(node) <= {"type", "properties", "description", "maxLength"}, path
        if node.get("type") == "array":
            assert "maxItems" in node, path
            look(f"{path}[]", node["items"])
        elif node.get("type") == "string" and ".spec" in path:
            assert "maxLength" in node or "enum" in node or node.get("pattern") == "^[0-9]{12}$", path
        for name, each in node.get("properties", {}).items():
            look(f"{path}.{name}", each)
        if "additionalProperties" in node:
            look(f"{path}{{}}", node["additionalProperties"])

    for kind in KINDS:
        look(kind, schema(kind))
        assert set(schema(kind)["properties"]["metadata"]) == {"type", "properties"}


def test_the_package_has_the_crds_as_they_are() -> None:
    """`make generate` copies them."""
    from importlib import resources
    from pathlib import Path

    source = Path(__file__).parents[3] / "crds"
    packaged = resources.files("atoll.manifests").joinpath("crds")
    assert {file.name: file.read_text() for file in source.iterdir()} == {
        file.name: file.read_text() for file in packaged.iterdir()
    }


def test_not_everything_is_told_of_what_is_all_wrong() -> None:
    told = refused(account(**{f"field{number}": 1 for number in range(1000)}))
    assert len(told) == MOST_PROBLEMS + 1
    assert told[-1] == "1: what else may be wrong is not told"


def test_what_metadata_may_have() -> None:
    checked(account(metadata={"labels": {"a": "b"}, "annotations": {}, "uid": "1", "creationTimestamp": None}))
    assert refused(account(metadata={"lables": {}, "labels": 5, "annotations": {"a": 1}})) == [
        "1, metadata.lables: is no field of it: did you mean labels?",
        "1, metadata.labels: 5 is no object whose values are strings: quote them",
        "1, metadata.annotations: {'a': 1} is no object whose values are strings: quote them",
    ]


def test_a_name_is_no_account_id() -> None:
    assert refused(account("111111111111")) == [
        "1, metadata.name: '111111111111' is an account id, and would be taken for one: take another name"
    ]


def test_forks_come_behind_what_they_are_forks_of(tmp_path: Path) -> None:
    def fork(name: str, source: str) -> dict[str, Any]:
        return account(name, **{"from": {"account": source}})

    bodies = [fork("c", "b"), region(), fork("x", "y"), fork("y", "x"), fork("b", "a"), account("a"), fork("d", "none")]
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all(bodies))
    reads = read_manifests([str(path)])
    assert [read.manifest.name for read in reads] == ["a", "b", "c", "frankfurt", "y", "x", "d"]
    assert reads[0].where == f"{path}, document 6"
