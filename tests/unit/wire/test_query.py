"""The query protocol and EC2's: forms in, XML out."""

from __future__ import annotations

import pytest
from atoll.core.errors import AwsError
from atoll.wire import form
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import load

STS = load("sts")
EC2 = load("ec2")


def parse(service: str, name: str, body: str, query: str = "") -> dict[str, object]:
    protocol = "ec2" if service == "ec2" else "query"
    return codec(protocol).parse(Request("POST", "/", query, {}, body.encode()), load(service).operations[name])


def test_the_answer_that_everybody_asks_for() -> None:
    result = {"UserId": "111111111111", "Account": "111111111111", "Arn": "arn:aws:iam::111111111111:root"}
    response = codec("query").render(STS.operations["GetCallerIdentity"], result, "id")
    assert response.status == 200
    assert response.headers == [("Content-Type", "text/xml"), ("x-amzn-RequestId", "id")]
    assert response.body == (
        b'<?xml version="1.0"?>\n'
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        b"<UserId>111111111111</UserId><Account>111111111111</Account><Arn>arn:aws:iam::111111111111:root</Arn>"
        b"</GetCallerIdentityResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
        b"</GetCallerIdentityResponse>\n"
    )


def test_fields_in_body_and_query_count_together() -> None:
    params = parse("sts", "AssumeRole", "RoleArn=a&RoleSessionName=", "Action=AssumeRole&DurationSeconds=900&RoleArn=b")
    assert params == {"RoleArn": "a", "RoleSessionName": "", "DurationSeconds": 900}


def test_lists_of_structures() -> None:
    body = "Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=v&TransitiveTagKeys.member.1=a&PolicyArns="
    assert parse("sts", "AssumeRole", body) == {
        "Tags": [{"Key": "a", "Value": "v"}, {"Key": "b"}],
        "TransitiveTagKeys": ["a"],
        "PolicyArns": [],
    }


def test_an_entry_of_a_map_without_its_structure_is_an_empty_one() -> None:
    body = "TopicArn=t&Message=m&MessageAttributes.entry.1.Name=a"
    assert parse("sns", "Publish", body)["MessageAttributes"] == {"a": {}}
    body = "Name=n&Attributes.entry.1.key=a&Attributes.entry.2.key=b&Attributes.entry.2.value=c"
    assert parse("sns", "CreateTopic", body)["Attributes"] == {"b": "c"}


@pytest.mark.parametrize(
    ("body", "code", "message", "status"),
    [
        ("RoleArn=%ff", "MalformedQueryString", "The query string contains a syntax error.", 404),
        ("DurationSeconds=x", "MalformedInput", "STRING_VALUE can not be converted to an Integer", 400),
        ("Tags.member.1=x", "MalformedInput", "Expected null", 400),
        ("RoleArn.x=y", "MalformedInput", "Start of structure or map found where not expected.", 400),
    ],
)
def test_what_does_not_fit(body: str, code: str, message: str, status: int) -> None:
    with pytest.raises(AwsError) as caught:
        parse("sts", "AssumeRole", body)
    assert (caught.value.code, caught.value.message) == (code, message)
    assert codec("query").render_error(STS, None, caught.value, "id").status == status


def test_modelled_errors_have_the_models_code_and_status() -> None:
    response = codec("query").render_error(STS, None, AwsError("RegionDisabledException", "words"), "id")
    assert response.status == 403
    assert b"<Type>Sender</Type><Code>RegionDisabledException</Code><Message>words</Message>" in bytes(response.body)
    response = codec("query").render_error(load("iam"), None, AwsError("ServiceFailureException", "words"), "id")
    assert response.status == 500
    assert b"<Type>Receiver</Type><Code>ServiceFailure</Code>" in bytes(response.body)


def test_ec2_names() -> None:
    body = (
        "ImageId=ami-1&MaxCount=2&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k"
        "&SecurityGroupId.1=sg-1&BlockDeviceMapping.1.DeviceName=d&BlockDeviceMapping.1.Ebs.DeleteOnTermination=true"
    )
    params = parse("ec2", "RunInstances", body)
    assert len(str(params.pop("ClientToken"))) == 36
    assert params == {
        "ImageId": "ami-1",
        "MaxCount": 2,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "k"}]}],
        "SecurityGroupIds": ["sg-1"],
        "BlockDeviceMappings": [{"DeviceName": "d", "Ebs": {"DeleteOnTermination": True}}],
    }


def test_ec2_answers_and_errors() -> None:
    vpcs = EC2.operations["DescribeVpcs"]
    response = codec("ec2").render(vpcs, {"Vpcs": [{"VpcId": "vpc-1", "IsDefault": False}], "NextToken": None}, "id")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>id</requestId>'
        b"<vpcSet><item><isDefault>false</isDefault><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>"
    )
    response = codec("ec2").render(EC2.operations["DeleteVpc"], {}, "id")
    assert b"<requestId>id</requestId><return>true</return></DeleteVpcResponse>" in bytes(response.body)
    error = AwsError("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")
    response = codec("ec2").render_error(EC2, vpcs, error, "id")
    assert response.status == 400
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>'
        b"<Message>The vpc ID 'vpc-1' does not exist</Message></Error></Errors><RequestID>id</RequestID></Response>"
    )


def test_a_form_as_a_tree() -> None:
    assert form.tree("") == {}
    assert form.tree("a=1&a=2&b.1.c=%20+&b.1.d=&e") == {"a": "1", "b": {"1": {"c": "  ", "d": ""}}, "e": ""}
    assert form.tree("a=1&a.b=2") == {"a": {"": "1", "b": "2"}}
    assert form.tree("a.b=2&a=1&a=3") == {"a": {"": "1", "b": "2"}}
