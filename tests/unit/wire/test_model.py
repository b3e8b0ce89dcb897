from __future__ import annotations

import subprocess
import sys

import pytest
from atoll.wire.codec import PROTOCOLS, codec
from atoll.wire.model import Service, load


def test_a_service() -> None:
    s3 = load("s3")
    assert s3 is load("s3")
    assert (s3.service_id, s3.api_version, s3.protocols) == ("S3", "2006-03-01", ("rest-xml",))
    assert load("lambda").api_version == "2015-03-31"
    assert load("kms").target_prefix == "TrentService"
    listing = s3.operations["ListObjectsV2"]
    assert (listing.method, listing.uri, listing.uri_query) == ("GET", "/{Bucket}", (("list-type", "2"),))
    assert s3.operations["GetBucketAcl"].uri_query == (("acl", None),)
    assert s3.operations["PutObject"].streaming_input
    assert not s3.operations["PutObject"].streaming_output
    assert s3.operations["GetObject"].streaming_output
    assert s3.operations["DeleteObject"].status == 204
    assert load("sts").operations["AssumeRoleWithSAML"].auth == "none"
    assert load("sts").operations["AssumeRole"].auth == "v4"


def test_shapes() -> None:
    name = load("sts").operations["AssumeRole"].input
    assert name is not None
    session = name.members["RoleSessionName"].shape
    assert (session.min, session.max, session.type) == (2, 64, "string")
    assert "RoleArn" in name.required
    tags = name.members["Tags"].shape.member
    assert tags is not None
    assert tags.shape.members["Key"].shape.max == 128


def test_errors_by_shape_and_by_code() -> None:
    sts = load("sts")
    by_shape, by_code = sts.error("IDPCommunicationErrorException"), sts.error("IDPCommunicationError")
    assert by_shape is by_code
    assert by_shape is not None
    assert (by_shape.error_code, by_shape.error_status, by_shape.fault) == ("IDPCommunicationError", 400, "Sender")
    assert sts.error("Unknown") is None


def test_a_service_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        load("no-such-service")


def test_an_overlay_counts_for_its_protocol_only() -> None:
    sqs = load("sqs")
    assert sqs.protocols == ("json", "query")
    plain, view = sqs.operations["CreateQueue"], sqs.operations["CreateQueue"].view("query")
    assert plain.view("json") is plain
    assert view.view("query") is view
    assert plain.input is not None
    assert view.input is not None
    assert plain.input.members["Attributes"].wire_name == "Attributes"
    assert view.input.members["Attributes"].wire_name == "Attribute"


def test_descriptions_are_left_as_they_are() -> None:
    description = {"metadata": {"protocol": "json"}, "operations": {}, "shapes": {}}
    service = Service.from_description(description, "s", {"model": {"metadata": {"endpointPrefix": "e"}}})
    assert service.endpoint_prefix == "e"
    assert description["metadata"] == {"protocol": "json"}


def test_codecs_by_name() -> None:
    for protocol in PROTOCOLS:
        assert codec(protocol) is codec(protocol)
    with pytest.raises(KeyError):
        codec("soap")


def test_botocore_is_read_and_not_imported() -> None:
    code = "import sys; from atoll.wire.codec import codec; from atoll.wire.model import load; load('sqs'); " + (
        "sys.exit('botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
