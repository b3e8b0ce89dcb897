"""Creating, finding, listing, purging and deleting queues."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_a_queue_is_created_found_and_deleted(sqs: Any) -> None:
    url = sqs.queue("orders", tags={"team": "a"})
    assert url == "http://localhost:4566/queue/eu-central-1/111111111111/orders"
    assert sqs.call("GetQueueUrl", QueueName="orders") == {"QueueUrl": url}
    assert sqs.call("ListQueues") == {"QueueUrls": [url]}
    assert sqs.tenant.rows("SELECT id, arn, tags, gone FROM catalogue") == [
        ("orders", "arn:{partition}:sqs:{region}:{account}:orders", '{"team":"a"}', 0)
    ]
    sqs.send(url)
    assert sqs.call("DeleteQueue", QueueUrl=url) == {}
    gone = ("QueueDoesNotExist", "The specified queue does not exist.")
    assert sqs.fails("GetQueueUrl", QueueName="orders") == gone
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x") == gone
    assert sqs.fails("DeleteQueue", QueueUrl=url) == gone
    assert sqs.call("ListQueues") == {}
    assert sqs.tenant.rows("SELECT id, gone FROM catalogue") == [("orders", 1)]
    assert sqs.receive(sqs.queue("orders")) == []


@pytest.mark.parametrize("url", ["q", "http://localhost/q", "ftp://x/111111111111/q", "https://sqs.eu-central-1.x/1/q"])
def test_what_is_no_queue_url(sqs: Any, url: str) -> None:
    sqs.queue()
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x") == (
        "InvalidAddress",
        f"The address {url} is not valid for this endpoint.",
    )
    for missing in ({}, {"QueueUrl": ""}):
        assert sqs.fails("PurgeQueue", **missing)[1] == "The request must contain the parameter QueueUrl."


def test_every_form_of_its_url_means_the_queue(sqs: Any) -> None:
    sqs.queue()
    for url in (
        "http://localhost:4566/queue/eu-central-1/111111111111/q",
        "https://sqs.eu-central-1.amazonaws.com/111111111111/q",
        "http://other:1/111111111111/q",
    ):
        sqs.send(url)
    assert sqs.counts("http://x/111111111111/q") == (3, 0, 0)


def test_creating_again_is_the_same_unless_it_differs(sqs: Any) -> None:
    url = sqs.queue("q", VisibilityTimeout="20")
    assert sqs.queue("q", VisibilityTimeout="20") == url
    assert sqs.queue("q") == url
    assert sqs.queue("q", DelaySeconds="0") == url
    for name, value in (("VisibilityTimeout", "21"), ("DelaySeconds", "1"), ("KmsMasterKeyId", "k")):
        assert sqs.fails("CreateQueue", QueueName="q", Attributes={name: value}) == (
            "QueueNameExists",
            f"A queue already exists with the same name and a different value for attribute {name}",
        )
    policy = {"redrivePermission": "allowAll"}
    url = sqs.queue("dlq", RedriveAllowPolicy=json.dumps(policy))
    assert sqs.queue("dlq", RedriveAllowPolicy=json.dumps(policy, indent=1)) == url
    assert sqs.fails("CreateQueue", QueueName="dlq", Attributes={"RedriveAllowPolicy": ""})[0] == "QueueNameExists"
    fifo = sqs.queue("q.fifo")
    assert sqs.queue("q.fifo") == fifo
    code, text = sqs.fails(
        "CreateQueue", QueueName="q.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )
    assert (code, "ContentBasedDeduplication" in text) == ("QueueNameExists", True)
    assert sqs.fails("CreateQueue", QueueName="q", tags={"a": "b"})[0] == "QueueNameExists"


@pytest.mark.parametrize("name", ["a b", "a.b", "x" * 81, "a/b", "ä", "a.fifo", "q\n"])
def test_names_of_standard_queues(sqs: Any, name: str) -> None:
    assert sqs.fails("CreateQueue", QueueName=name) == (
        "InvalidParameterValue",
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    )


@pytest.mark.parametrize("name", ["a", ".fifo", "x" * 76 + ".fifo", "a.b.fifo", "a.FIFO"])
def test_names_of_fifo_queues(sqs: Any, name: str) -> None:
    assert sqs.fails("CreateQueue", QueueName=name, Attributes={"FifoQueue": "true"}) == (
        "InvalidParameterValue",
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
        "must end with .fifo suffix and be 1 to 80 in length.",
    )


def test_longest_names(sqs: Any) -> None:
    sqs.queue("x" * 80)
    sqs.queue("x" * 75 + ".fifo")
    assert sqs.fails("CreateQueue") == ("MissingParameter", "The request must contain the parameter QueueName.")


def test_purge_is_at_once_and_swept_by_and_by(sqs: Any) -> None:
    url = sqs.queue()
    for _ in range(60):
        sqs.call(
            "SendMessageBatch", QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        )
    [held] = sqs.receive(url, 1)
    assert sqs.call("PurgeQueue", QueueUrl=url) == {}
    assert sqs.counts(url) == (0, 0, 0)
    assert sqs.receive(url) == []
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=held["ReceiptHandle"])
    code, _ = sqs.fails(
        "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0
    )
    assert code == "InvalidParameterValue"
    sqs.send(url, "after")
    sqs.settle()
    assert sqs.tenant.rows("SELECT body FROM message") == [("after",)]
    assert sqs.bodies(url) == ["after"]
    assert sqs.tenant.rows("SELECT count(*) FROM backlog") == [(1,)]


def test_a_deleted_queues_messages_are_swept(sqs: Any) -> None:
    url = sqs.queue("q.fifo", ContentBasedDeduplication="true")
    for number in range(600):
        sqs.send(url, str(number), MessageGroupId=str(number))
    sqs.call("DeleteQueue", QueueUrl=url)
    sqs.settle()
    for table in ("message", "fifo_group", "backlog"):
        assert sqs.tenant.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    sqs.advance(301)
    assert sqs.tenant.rows("SELECT count(*) FROM deduplication") == [(0,)]
    assert sqs.tenant.timers.next_due() is None


def test_delays_after_purge_and_delete_where_configured(sqs: Any) -> None:
    url = sqs.queue()
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.configure(delay_purge_retry=True, delay_recently_deleted=True)
    assert sqs.fails("PurgeQueue", QueueUrl=url) == (
        "PurgeQueueInProgress",
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
    )
    sqs.advance(60)
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.call("DeleteQueue", QueueUrl=url)
    assert sqs.fails("CreateQueue", QueueName="q") == (
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    )
    sqs.queue("other")
    sqs.advance(60)
    sqs.queue("q")


def test_listing_in_pages(sqs: Any) -> None:
    urls = [sqs.queue(f"a-{number}") for number in range(5)]
    sqs.queue("b")
    assert sqs.call("ListQueues", QueueNamePrefix="a-")["QueueUrls"] == urls
    assert sqs.call("ListQueues", QueueNamePrefix="A") == {}
    assert len(sqs.call("ListQueues")["QueueUrls"]) == 6
    listed: list[str] = []
    token: dict[str, str] = {}
    for _ in range(3):
        page = sqs.call("ListQueues", QueueNamePrefix="a-", MaxResults=2, **token)
        listed += page["QueueUrls"]
        token = {"NextToken": page["NextToken"]} if "NextToken" in page else {}
    assert listed == urls
    assert token == {}
    assert "NextToken" not in sqs.call("ListQueues", MaxResults=6)


def test_paging_parameters(sqs: Any) -> None:
    url = sqs.queue()
    for operation, params in (("ListQueues", {}), ("ListDeadLetterSourceQueues", {"QueueUrl": url})):
        for number in (0, 1001):
            assert sqs.fails(operation, **params, MaxResults=number) == (
                "InvalidParameterValue",
                "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.",
            )
        for token in ("x", "é", "MTI=", "MTo="):
            assert sqs.fails(operation, **params, MaxResults=1, NextToken=token) == (
                "InvalidParameterValue",
                "Invalid or expired next token.",
            )
        assert sqs.fails(operation, **params, NextToken="MTpx")[1] == (
            "MaxResults is a mandatory parameter when you provide a value for NextToken."
        )


def test_tags(sqs: Any) -> None:
    url = sqs.queue()
    assert sqs.call("ListQueueTags", QueueUrl=url) == {}
    sqs.call("TagQueue", QueueUrl=url, Tags={"a": "1", "b": ""})
    sqs.call("TagQueue", QueueUrl=url, Tags={"a": "2"})
    assert sqs.call("ListQueueTags", QueueUrl=url) == {"Tags": {"a": "2", "b": ""}}
    sqs.call("UntagQueue", QueueUrl=url, TagKeys=["a", "z"])
    assert sqs.call("ListQueueTags", QueueUrl=url) == {"Tags": {"b": ""}}
    assert sqs.tenant.rows("SELECT tags FROM catalogue") == [('{"b":""}',)]
    assert sqs.fails("TagQueue", QueueUrl=url)[1] == "The request must contain the parameter Tags."
    assert sqs.fails("UntagQueue", QueueUrl=url)[1] == "Tag keys must be between 1 and 128 characters in length."
    many = {f"k{number}": "" for number in range(50)}
    sqs.call("TagQueue", QueueUrl=url, Tags={"é: /=+-@_.\t1": "ż ółw"})
    sqs.call("UntagQueue", QueueUrl=url, TagKeys=["é: /=+-@_.\t1"])
    assert sqs.fails("TagQueue", QueueUrl=url, Tags=many)[1] == "Too many tags added for queue q."
    refused = ({"x" * 129: ""}, {"": ""}, {"x": "v" * 257}, {"aws:x": ""}, {"x": "AWS:v"}, {"a;": ""}, {"a": "*"})
    for tags in (many, *refused):
        assert sqs.fails("TagQueue", QueueUrl=url, Tags=tags)[0] == "InvalidParameterValue"
        assert sqs.fails("CreateQueue", QueueName="new", tags={**tags, "b": ""})[0] == "InvalidParameterValue"
    assert sqs.call("ListQueueTags", QueueUrl=url) == {"Tags": {"b": ""}}


def test_an_operation_that_is_refused_leaves_no_tables(make_sqs: Any) -> None:
    sqs = make_sqs()
    before = sqs.tenant.db.total_changes()
    sqs.fails("GetQueueUrl", QueueName="q")
    sqs.call("ListQueues")
    assert sqs.tenant.db.total_changes() == before
    sqs.tenant.db.close()


def test_readonly_operations_write_nothing(make_sqs: Any) -> None:
    sqs = make_sqs()
    url = sqs.queue("d")
    sqs.queue("s", RedrivePolicy=f'{{"deadLetterTargetArn":"{sqs.arn("d")}","maxReceiveCount":1}}')
    sqs.send(url)
    sqs.call("StartMessageMoveTask", SourceArn=sqs.arn("d"))
    calls = {
        "GetQueueAttributes": {"QueueUrl": url, "AttributeNames": ["All"]},
        "GetQueueUrl": {"QueueName": "d"},
        "ListDeadLetterSourceQueues": {"QueueUrl": url},
        "ListMessageMoveTasks": {"SourceArn": sqs.arn("d")},
        "ListQueueTags": {"QueueUrl": url},
        "ListQueues": {},
        "PeekMessages": {"QueueUrl": url},
    }
    assert calls.keys() == {name for name, operation in sqs.service.operations.items() if operation.readonly}
    before = sqs.tenant.db.total_changes()
    for operation, params in calls.items():
        sqs.call(operation, **params)
    assert sqs.tenant.db.total_changes() == before
    sqs.tenant.db.close()


def test_an_owner_that_is_no_account_has_no_queue(sqs: Any) -> None:
    sqs.queue("q")
    assert sqs.call("GetQueueUrl", QueueName="q", QueueOwnerAWSAccountId=sqs.tenant.id.account)["QueueUrl"]
    for owner in ("x", "1", ""):
        assert sqs.fails("GetQueueUrl", QueueName="q", QueueOwnerAWSAccountId=owner)[0] == "QueueDoesNotExist"
