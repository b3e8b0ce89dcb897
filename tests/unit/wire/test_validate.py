"""Validation in AWS's words. The messages on AssumeRole are what STS answered to the same parameters."""

from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.wire.model import Service, load
from atoll.wire.validate import validate
from hypothesis import given, settings
from hypothesis import strategies as st

ROLE = "arn:aws:iam::123456789012:role/role"
CHARACTERS = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"


def refusal(service: str, operation: str, params: dict[str, Any]) -> tuple[str, str] | None:
    try:
        validate(load(service).operations[operation], params)
    except AwsError as error:
        return error.code, error.message
    return None


def described(protocol: str, members: dict[str, Any], required: list[str], **shapes: Any) -> Service:
    return Service(
        {
            "metadata": {"protocol": protocol},
            "operations": {"Call": {"name": "Call", "input": {"shape": "Input"}}},
            "shapes": {"Input": {"type": "structure", "members": members, "required": required}, **shapes},
        },
        "test",
    )


def told(service: Service, params: dict[str, Any]) -> list[str]:
    try:
        validate(service.operations["Call"], params)
    except AwsError as error:
        return error.message.partition(" detected: ")[2].split("; ")
    return []


@pytest.mark.parametrize(
    ("params", "problems"),
    [
        ({}, ["Value null at 'roleArn' failed to satisfy constraint: Member must not be null"]),
        (
            {"RoleArn": ""},
            [
                "Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: "
                + CHARACTERS,
                "Value '' at 'roleArn' failed to satisfy constraint: "
                "Member must have length greater than or equal to 20",
            ],
        ),
        (
            {"RoleArn": "not-an-arn"},
            [
                "Value 'not-an-arn' at 'roleArn' failed to satisfy constraint: "
                "Member must have length greater than or equal to 20"
            ],
        ),
        ({"RoleArn": "é" * 2048}, []),
        (
            {"RoleArn": "é" * 2049},
            [
                f"Value '{'é' * 2049}' at 'roleArn' failed to satisfy constraint: "
                "Member must have length less than or equal to 2048"
            ],
        ),
        (
            {"RoleArn": "😀" * 2048},
            [
                f"Value '{'😀' * 2048}' at 'roleArn' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {CHARACTERS}"
            ],
        ),
        (
            {"RoleArn": ROLE, "RoleSessionName": "bad/name"},
            [
                "Value 'bad/name' at 'roleSessionName' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
            ],
        ),
        (
            {"RoleArn": ROLE, "DurationSeconds": 899},
            [
                "Value '899' at 'durationSeconds' failed to satisfy constraint: "
                "Member must have value greater than or equal to 900"
            ],
        ),
        (
            {"RoleArn": ROLE, "DurationSeconds": 43201},
            [
                "Value '43201' at 'durationSeconds' failed to satisfy constraint: "
                "Member must have value less than or equal to 43200"
            ],
        ),
    ],
)
def test_assume_role(params: dict[str, Any], problems: list[str]) -> None:
    answer = refusal("sts", "AssumeRole", {"RoleSessionName": "session", **params})
    if not problems:
        assert answer is None
        return
    noun = "error" if len(problems) == 1 else "errors"
    assert answer == ("ValidationError", f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "message"),
    [
        (
            "kms",
            "Encrypt",
            {"Plaintext": b"x"},
            "ValidationException",
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
        ),
        (
            "kms",
            "Encrypt",
            {"KeyId": "a", "Plaintext": b""},
            "ValidationException",
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {},
            "ValidationException",
            "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "MaxSessionDuration": 1_000_000},
            "ValidationError",
            "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: "
            "Member must have value less than or equal to 43200",
        ),
        (
            "iam",
            "TagRole",
            {"RoleName": "r", "Tags": [{"Key": "novalue"}]},
            "ValidationError",
            "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"t": []}},
            "ValidationException",
            "1 validation error detected: Value '{t=[]}' at 'requestItems' failed to satisfy constraint: "
            "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
            "Member must have length greater than or equal to 1]",
        ),
        (
            "lambda",
            "CreateFunction",
            {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, "Architectures": ["vax"]},
            "ValidationException",
            "1 validation error detected: Value '[vax]' at 'architectures' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
            "Member must not be null]",
        ),
        (
            "lambda",
            "CreateAlias",
            {
                "FunctionName": "f",
                "Name": "a",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}},
            },
            "ValidationException",
            "1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to "
            "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0]",
        ),
        (
            "lambda",
            "CreateFunction",
            {
                "FunctionName": "f",
                "Role": "arn:aws:iam::123456789012:role/r",
                "Code": {},
                "Environment": {"Variables": {"1": "x"}},
            },
            "ValidationException",
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
            "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
            "[a-zA-Z]([a-zA-Z0-9_])+]",
        ),
        ("ec2", "TerminateInstances", {}, "MissingParameter", "The request must contain the parameter InstanceId"),
        (
            "s3",
            "PutBucketVersioning",
            {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}},
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ),
    ],
)
def test_services_words(service: str, operation: str, params: dict[str, Any], code: str, message: str) -> None:
    assert refusal(service, operation, params) == (code, message)


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("kms", "Encrypt", {"KeyId": "alias/a", "Plaintext": b"x"}),
        ("sts", "GetCallerIdentity", {}),
        ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "s-1", "Tags": [{"Key": "Ä ö", "Value": ""}]}),
        ("s3", "ListBuckets", {"MaxBuckets": 0}),
        ("ec2", "RunInstances", {"MaxCount": 1, "MinCount": 1}),
        ("dynamodb", "PutItem", {"TableName": "t", "Item": {"a": {"M": {"b": {"L": [{"NULL": True}]}}}}}),
    ],
)
def test_what_is_valid_passes(service: str, operation: str, params: dict[str, Any]) -> None:
    assert refusal(service, operation, params) is None


def test_structures_lists_and_maps_are_gone_through() -> None:
    service = described(
        "json",
        {"Tree": {"shape": "Tree"}},
        [],
        Tree={
            "type": "structure",
            "required": ["Name"],
            "members": {"Name": {"shape": "Name"}, "Below": {"shape": "Trees"}, "ByName": {"shape": "TreeMap"}},
        },
        Trees={"type": "list", "member": {"shape": "Tree"}, "max": 2},
        TreeMap={"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Tree"}},
        Name={"type": "string", "max": 3},
    )
    name = {"Name": "ok"}
    assert told(service, {"Tree": {**name, "Below": [name, {**name, "ByName": {"k": name}}]}}) == []
    assert told(service, {"Tree": {"Below": [name, {"Name": "long"}], "ByName": {"k": {}}}}) == [
        "Value null at 'tree.name' failed to satisfy constraint: Member must not be null",
        "Value 'long' at 'tree.below.2.member.name' failed to satisfy constraint: "
        "Member must have length less than or equal to 3",
        "Value null at 'tree.byName.k.member.name' failed to satisfy constraint: Member must not be null",
    ]
    assert told(service, {"Tree": {**name, "Below": [name, name, {}]}})[0] == (
        "Value '[Tree(name=ok, below=null, byName=null), Tree(name=ok, below=null, byName=null), "
        "Tree(name=null, below=null, byName=null)]' at 'tree.below' failed to satisfy constraint: "
        "Member must have length less than or equal to 2"
    )
    assert told(service, {"Tree": {**name, "ByName": {"long": name}}}) == [
        "Value '{long=Tree(name=ok, below=null, byName=null)}' at 'tree.byName' failed to satisfy constraint: "
        "Map keys must satisfy constraint: [Member must have length less than or equal to 3]"
    ]


def test_no_more_than_ten_are_told() -> None:
    names = [f"M{number}" for number in range(12)]
    service = described("json", {name: {"shape": "S"} for name in names}, names, S={"type": "string"})
    assert len(told(service, {})) == 10


def test_long_values_are_not_shown_to_their_end() -> None:
    service = described(
        "json", {"A": {"shape": "A"}}, [], A={"type": "list", "member": {"shape": "S"}, "max": 1}, S={"type": "string"}
    )
    with pytest.raises(AwsError) as caught:
        validate(service.operations["Call"], {"A": ["x" * 10_000_000] * 3})
    assert len(caught.value.message) < 20_000


def test_secrets_are_not_shown() -> None:
    service = described(
        "json", {"A": {"shape": "A"}, "B": {"shape": "A"}}, ["A"], A={"type": "string", "max": 1, "sensitive": True}
    )
    assert told(service, {"B": "secret"}) == [
        "Value at 'a' failed to satisfy constraint: Member must not be null",
        "Value at 'b' failed to satisfy constraint: Member must have length less than or equal to 1",
    ]


def test_a_streamed_blob_is_not_measured() -> None:
    service = described("rest-json", {"A": {"shape": "A"}}, [], A={"type": "blob", "min": 5, "max": 6})
    assert told(service, {"A": iter(())}) == []
    assert told(service, {"A": b"x"}) == [
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=1 cap=1]' at 'a' failed to satisfy constraint: "
        "Member must have length greater than or equal to 5"
    ]


def test_json_in_a_header_is_not_text_to_be_matched() -> None:
    service = described("rest-json", {"A": {"shape": "A", "jsonvalue": True}}, [], A={"type": "string", "enum": ["x"]})
    assert told(service, {"A": {"any": "thing"}}) == []


def test_collections_that_hold_themselves() -> None:
    service = described(
        "json",
        {"A": {"shape": "A"}},
        [],
        A={"type": "list", "member": {"shape": "M"}},
        M={"type": "map", "key": {"shape": "K"}, "value": {"shape": "A"}},
        K={"type": "string", "max": 1},
    )
    assert told(service, {"A": [{"k": [{"k": []}]}]}) == []
    assert len(told(service, {"A": [{"k": [{"kk": []}]}]})) == 1


_values = st.recursive(
    st.one_of(st.text(max_size=5), st.integers(), st.floats(allow_nan=True)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "RoleArn": st.text(),
            "RoleSessionName": st.text(),
            "DurationSeconds": st.integers(),
            "Policy": st.text(),
            "Tags": st.lists(st.fixed_dictionaries({}, optional={"Key": st.text(), "Value": st.text()})),
            "TransitiveTagKeys": st.lists(st.text()),
            "Unknown": _values,
        },
    )
)
def test_any_parameters_of_the_model_s_types_are_valid_or_refused(params: dict[str, Any]) -> None:
    answer = refusal("sts", "AssumeRole", params)
    assert answer is None or answer[0] == "ValidationError"


@pytest.mark.parametrize("name", ["dynamodb", "ec2", "iam", "kms", "lambda", "s3", "secretsmanager", "sns", "sts"])
def test_every_operation_can_be_validated(name: str) -> None:
    codes = {answer[0] for operation in load(name).operations if (answer := refusal(name, operation, {})) is not None}
    assert codes <= {"ValidationError", "ValidationException", "MissingParameter", "MalformedXML"}
