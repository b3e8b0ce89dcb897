"""The names that SQS's query protocol had, as botocore 1.31.80's model gave them, for each operation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import load

SQS = load("sqs")
QUEUE = "http://localhost:4566/queue/eu-central-1/111111111111/orders"

REQUESTS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "AddPermission": (
        {"QueueUrl": QUEUE, "Label": "l", "AWSAccountId.1": "1", "AWSAccountId.2": "2", "ActionName.1": "SendMessage"},
        {"QueueUrl": QUEUE, "Label": "l", "AWSAccountIds": ["1", "2"], "Actions": ["SendMessage"]},
    ),
    "CancelMessageMoveTask": ({"TaskHandle": "h"}, {"TaskHandle": "h"}),
    "ChangeMessageVisibility": (
        {"QueueUrl": QUEUE, "ReceiptHandle": "h", "VisibilityTimeout": "0"},
        {"QueueUrl": QUEUE, "ReceiptHandle": "h", "VisibilityTimeout": 0},
    ),
    "ChangeMessageVisibilityBatch": (
        {
            "QueueUrl": QUEUE,
            "ChangeMessageVisibilityBatchRequestEntry.1.Id": "a",
            "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle": "h",
            "ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout": "7",
        },
        {"QueueUrl": QUEUE, "Entries": [{"Id": "a", "ReceiptHandle": "h", "VisibilityTimeout": 7}]},
    ),
    "CreateQueue": (
        {
            "QueueName": "q",
            "Attribute.1.Name": "DelaySeconds",
            "Attribute.1.Value": "5",
            "Tag.1.Key": "k",
            "Tag.1.Value": "v",
        },
        {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"k": "v"}},
    ),
    "DeleteMessage": ({"QueueUrl": QUEUE, "ReceiptHandle": "h"}, {"QueueUrl": QUEUE, "ReceiptHandle": "h"}),
    "DeleteMessageBatch": (
        {"DeleteMessageBatchRequestEntry.1.Id": "a", "DeleteMessageBatchRequestEntry.1.ReceiptHandle": "h"},
        {"Entries": [{"Id": "a", "ReceiptHandle": "h"}]},
    ),
    "DeleteQueue": ({"QueueUrl": QUEUE}, {"QueueUrl": QUEUE}),
    "GetQueueAttributes": (
        {"QueueUrl": QUEUE, "AttributeName.1": "All", "AttributeName.2": "QueueArn"},
        {"QueueUrl": QUEUE, "AttributeNames": ["All", "QueueArn"]},
    ),
    "GetQueueUrl": (
        {"QueueName": "q", "QueueOwnerAWSAccountId": "1"},
        {"QueueName": "q", "QueueOwnerAWSAccountId": "1"},
    ),
    "ListDeadLetterSourceQueues": ({"QueueUrl": QUEUE, "MaxResults": "3"}, {"QueueUrl": QUEUE, "MaxResults": 3}),
    "ListMessageMoveTasks": ({"SourceArn": "arn", "MaxResults": "3"}, {"SourceArn": "arn", "MaxResults": 3}),
    "ListQueueTags": ({"QueueUrl": QUEUE}, {"QueueUrl": QUEUE}),
    "ListQueues": ({"QueueNamePrefix": "p", "NextToken": "t"}, {"QueueNamePrefix": "p", "NextToken": "t"}),
    "PurgeQueue": ({"QueueUrl": QUEUE}, {"QueueUrl": QUEUE}),
    "ReceiveMessage": (
        {
            "QueueUrl": QUEUE,
            "AttributeName.1": "All",
            "MessageSystemAttributeName.1": "SenderId",
            "MessageAttributeName.1": "a.*",
            "MaxNumberOfMessages": "10",
            "WaitTimeSeconds": "20",
        },
        {
            "QueueUrl": QUEUE,
            "AttributeNames": ["All"],
            "MessageSystemAttributeNames": ["SenderId"],
            "MessageAttributeNames": ["a.*"],
            "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": 20,
        },
    ),
    "RemovePermission": ({"QueueUrl": QUEUE, "Label": "l"}, {"QueueUrl": QUEUE, "Label": "l"}),
    "SendMessage": (
        {
            "MessageBody": "€ &",
            "DelaySeconds": "5",
            "MessageAttribute.1.Name": "n",
            "MessageAttribute.1.Value.DataType": "Binary",
            "MessageAttribute.1.Value.BinaryValue": "AAE=",
            "MessageAttribute.2.Name": "m",
            "MessageAttribute.2.Value.DataType": "String",
            "MessageAttribute.2.Value.StringValue": "",
            "MessageAttribute.2.Value.StringListValue.1": "s",
            "MessageAttribute.2.Value.BinaryListValue.1": "AA==",
            "MessageSystemAttribute.1.Name": "AWSTraceHeader",
            "MessageSystemAttribute.1.Value.DataType": "String",
            "MessageSystemAttribute.1.Value.StringValue": "t",
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
        },
        {
            "MessageBody": "€ &",
            "DelaySeconds": 5,
            "MessageAttributes": {
                "n": {"DataType": "Binary", "BinaryValue": b"\0\1"},
                "m": {
                    "DataType": "String",
                    "StringValue": "",
                    "StringListValues": ["s"],
                    "BinaryListValues": [b"\0"],
                },
            },
            "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "t"}},
            "MessageGroupId": "g",
            "MessageDeduplicationId": "d",
        },
    ),
    "SendMessageBatch": (
        {
            "SendMessageBatchRequestEntry.1.Id": "a",
            "SendMessageBatchRequestEntry.1.MessageBody": "b",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "n",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "Number",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "1",
            "SendMessageBatchRequestEntry.10.Id": "c",
            "SendMessageBatchRequestEntry.2.Id": "b",
        },
        {
            "Entries": [
                {
                    "Id": "a",
                    "MessageBody": "b",
                    "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "1"}},
                },
                {"Id": "b"},
                {"Id": "c"},
            ]
        },
    ),
    "SetQueueAttributes": (
        {"QueueUrl": QUEUE, "Attribute.1.Name": "Policy", "Attribute.1.Value": ""},
        {"QueueUrl": QUEUE, "Attributes": {"Policy": ""}},
    ),
    "StartMessageMoveTask": (
        {"SourceArn": "a", "DestinationArn": "b", "MaxNumberOfMessagesPerSecond": "5"},
        {"SourceArn": "a", "DestinationArn": "b", "MaxNumberOfMessagesPerSecond": 5},
    ),
    "TagQueue": (
        {"QueueUrl": QUEUE, "Tag.1.Key": "k", "Tag.1.Value": "v"},
        {"QueueUrl": QUEUE, "Tags": {"k": "v"}},
    ),
    "UntagQueue": (
        {"QueueUrl": QUEUE, "TagKey.1": "k", "TagKey.2": "l"},
        {"QueueUrl": QUEUE, "TagKeys": ["k", "l"]},
    ),
}

RESULTS: dict[str, tuple[dict[str, Any], str]] = {
    "CancelMessageMoveTask": (
        {"ApproximateNumberOfMessagesMoved": 3},
        "<ApproximateNumberOfMessagesMoved>3</ApproximateNumberOfMessagesMoved>",
    ),
    "ChangeMessageVisibilityBatch": (
        {"Successful": [{"Id": "a"}, {"Id": "b"}], "Failed": []},
        "<ChangeMessageVisibilityBatchResultEntry><Id>a</Id></ChangeMessageVisibilityBatchResultEntry>"
        "<ChangeMessageVisibilityBatchResultEntry><Id>b</Id></ChangeMessageVisibilityBatchResultEntry>",
    ),
    "CreateQueue": ({"QueueUrl": QUEUE}, f"<QueueUrl>{QUEUE}</QueueUrl>"),
    "DeleteMessageBatch": (
        {"Successful": [{"Id": "a"}], "Failed": [{"Id": "b", "SenderFault": True, "Code": "C", "Message": "m"}]},
        "<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"
        "<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault><Code>C</Code><Message>m</Message>"
        "</BatchResultErrorEntry>",
    ),
    "GetQueueAttributes": (
        {"Attributes": {"VisibilityTimeout": "60", "Policy": '{"a":"<"}'}},
        "<Attribute><Name>VisibilityTimeout</Name><Value>60</Value></Attribute>"
        "<Attribute><Name>Policy</Name><Value>{&quot;a&quot;:&quot;&lt;&quot;}</Value></Attribute>",
    ),
    "GetQueueUrl": ({"QueueUrl": QUEUE}, f"<QueueUrl>{QUEUE}</QueueUrl>"),
    "ListDeadLetterSourceQueues": (
        {"queueUrls": ["a", "b"], "NextToken": "t"},
        "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl><NextToken>t</NextToken>",
    ),
    "ListMessageMoveTasks": (
        {"Results": [{"Status": "RUNNING", "StartedTimestamp": 5, "TaskHandle": None}]},
        "<ListMessageMoveTasksResultEntry><Status>RUNNING</Status><StartedTimestamp>5</StartedTimestamp>"
        "</ListMessageMoveTasksResultEntry>",
    ),
    "ListQueueTags": ({"Tags": {"k": "v"}}, "<Tag><Key>k</Key><Value>v</Value></Tag>"),
    "ListQueues": ({"QueueUrls": ["a", "b"]}, "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl>"),
    "ReceiveMessage": (
        {
            "Messages": [
                {
                    "MessageId": "i",
                    "Body": "a\r\nb",
                    "Attributes": {"SentTimestamp": "1"},
                    "MessageAttributes": {"n": {"DataType": "Binary", "BinaryValue": b"\0\1"}},
                }
            ]
        },
        "<Message><MessageId>i</MessageId><Body>a&#xD;\nb</Body>"
        "<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute>"
        "<MessageAttribute><Name>n</Name><Value><BinaryValue>AAE=</BinaryValue><DataType>Binary</DataType></Value>"
        "</MessageAttribute></Message>",
    ),
    "SendMessage": (
        {"MD5OfMessageBody": "m", "MessageId": "i", "SequenceNumber": None},
        "<MD5OfMessageBody>m</MD5OfMessageBody><MessageId>i</MessageId>",
    ),
    "SendMessageBatch": (
        {"Successful": [{"Id": "a", "MessageId": "i", "MD5OfMessageBody": "m"}], "Failed": []},
        "<SendMessageBatchResultEntry><Id>a</Id><MessageId>i</MessageId><MD5OfMessageBody>m</MD5OfMessageBody>"
        "</SendMessageBatchResultEntry>",
    ),
    "StartMessageMoveTask": ({"TaskHandle": "h"}, "<TaskHandle>h</TaskHandle>"),
}


def test_every_operation_is_here() -> None:
    assert set(REQUESTS) == set(SQS.operations)
    assert set(RESULTS) == {name for name, operation in SQS.operations.items() if operation.output}


@pytest.mark.parametrize("name", REQUESTS)
def test_names_in_requests(name: str) -> None:
    fields, params = REQUESTS[name]
    form = urlencode({"Action": name, "Version": "2012-11-05", **fields})
    posted = Request("POST", "/", "", {}, form.encode())
    got = Request("GET", "/queue/eu-central-1/111111111111/orders", form, {})
    for request in (posted, got):
        assert codec("query").parse(request, SQS.operations[name]) == params


@pytest.mark.parametrize(
    ("name", "form", "params"),
    [
        (
            "SendMessage",
            "MessageBody=x&MessageAttributes.1.Name=a&MessageAttributes.1.Value.DataType=String"
            "&MessageAttributes.1.Value.StringValue=b",
            {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}},
        ),
        ("TagQueue", "Tags.1.Key=a&Tags.1.Value=b&Tags.2.Key=c&Tags.2.Value=d", {"Tags": {"a": "b", "c": "d"}}),
        ("TagQueue", "Tag.Key=QueueType&Tag.Value=Production", {"Tags": {"QueueType": "Production"}}),
        ("SetQueueAttributes", "Attribute.Name=DelaySeconds&Attribute.Value=6", {"Attributes": {"DelaySeconds": "6"}}),
        ("SetQueueAttributes", "Attributes.1.Name=a&Attributes.1.Value=6", {"Attributes": {"a": "6"}}),
        ("GetQueueAttributes", "AttributeNames.1=All", {"AttributeNames": ["All"]}),
        ("GetQueueAttributes", "AttributeName=All", {"AttributeNames": ["All"]}),
        ("DeleteMessageBatch", "Entries.1.Id=a", {"Entries": [{"Id": "a"}]}),
    ],
)
def test_names_that_aws_takes_too(name: str, form: str, params: dict[str, Any]) -> None:
    """The Java SDK's, and those of the examples in SQS's API reference."""
    assert codec("query").parse(Request("POST", "/", "", {}, form.encode()), SQS.operations[name]) == params


@pytest.mark.parametrize("name", RESULTS)
def test_names_in_responses(name: str) -> None:
    result, xml = RESULTS[name]
    response = codec("query").render(SQS.operations[name], result, "id")
    assert isinstance(response.body, bytes)
    assert response.body.decode() == (
        f'<?xml version="1.0"?>\n<{name}Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        f"<{name}Result>{xml}</{name}Result>"
        f"<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></{name}Response>\n"
    )
    ElementTree.fromstring(response.body)
    assert ("x-amzn-RequestId", "id") in response.headers


def test_an_operation_without_a_result() -> None:
    response = codec("query").render(SQS.operations["DeleteQueue"], {}, "id")
    assert response.body == (
        b'<?xml version="1.0"?>\n<DeleteQueueResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        b"<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteQueueResponse>\n"
    )


def test_json_keeps_its_own_names() -> None:
    request = Request("POST", "/", "", {}, b'{"QueueName":"q","Attributes":{"DelaySeconds":"5"},"tags":{"k":"v"}}')
    params = codec("json").parse(request, SQS.operations["CreateQueue"])
    assert params == {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}, "tags": {"k": "v"}}
    response = codec("json").render(SQS.operations["ListQueues"], {"QueueUrls": ["a"], "NextToken": None}, "id")
    assert response.body == b'{"QueueUrls":["a"]}'


ERRORS = [
    ("QueueDoesNotExist", "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400),
    ("QueueNameExists", "com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists", 400),
    ("ReceiptHandleIsInvalid", "com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404),
    ("OverLimit", "com.amazonaws.sqs#OverLimit", "OverLimit", 403),
    ("KmsDisabled", "com.amazonaws.sqs#KmsDisabled", "KMS.DisabledException", 400),
    ("InvalidAttributeName", "com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName", 400),
    (
        "InvalidParameterValue",
        "com.amazon.coral.service#InvalidParameterValueException",
        "InvalidParameterValue",
        400,
    ),
    ("MissingParameter", "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter", 400),
    ("SerializationException", "com.amazon.coral.service#SerializationException", "MalformedInput", 400),
]


@pytest.mark.parametrize(("code", "kind", "query_code", "status"), ERRORS)
def test_errors_in_json(code: str, kind: str, query_code: str, status: int) -> None:
    response = codec("json").render_error(SQS, None, AwsError(code, "words"), "id")
    assert response.status == status
    assert response.body == f'{{"__type":"{kind}","message":"words"}}'.encode()
    assert dict(response.headers) == {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-RequestId": "id",
        "x-amzn-query-error": f"{query_code};Sender",
    }


NO_QUEUE = "The specified queue does not exist for this wsdl version."
"""What the query protocol says of it, whatever json says."""


@pytest.mark.parametrize(("code", "query_code", "status"), [(each[0], each[2], each[3]) for each in ERRORS[:-1]])
def test_errors_in_query(code: str, query_code: str, status: int) -> None:
    response = codec("query").render_error(SQS, None, AwsError(code, "a < b"), "id")
    said = NO_QUEUE if code == "QueueDoesNotExist" else "a &lt; b"
    assert response.status == status
    assert (
        response.body
        == (
            '<?xml version="1.0"?>\n<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
            f"<Type>Sender</Type><Code>{query_code}</Code><Message>{said}</Message></Error>"
            "<RequestId>id</RequestId></ErrorResponse>\n"
        ).encode()
    )


def test_a_failure_of_ours() -> None:
    error = AwsError("InternalFailure", "words", status=500, fault="Receiver")
    response = codec("json").render_error(SQS, None, error, "id")
    assert response.status == 500
    assert ("x-amzn-query-error", "InternalFailure;Receiver") in response.headers
