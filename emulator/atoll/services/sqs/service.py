"""The service object that the operations register with, and what of it is configured."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from atoll.core.service import Schema, Service
from atoll.services.sqs.access import ACCESS
from atoll.services.sqs.urls import parse_queue_url

UrlStyle = Literal["standard", "domain", "path", "dynamic", "off"]


@dataclass(frozen=True)
class SqsSettings:
    """`queue_url_style` is the form of issued queue URLs, `public_host` what stands in them for the host (with its
    port) that the caller used. The delays are AWS's 60 seconds after DeleteQueue and PurgeQueue.
    """

    queue_url_style: UrlStyle = "dynamic"
    public_host: str = ""
    delay_recently_deleted: bool = False
    delay_purge_retry: bool = False


class SqsService(Service):
    """SQS. `settings` are set once, before the first call."""

    settings = SqsSettings()


def complete(request: Any, params: dict[str, Any]) -> None:
    """A call posted to a queue's own URL need not name the queue again."""
    if "QueueUrl" not in params and len(request.path) > 1:
        url = f"{request.scheme}://{request.headers.get('host', 'localhost')}{request.path}"
        if parse_queue_url(url) is not None:
            params["QueueUrl"] = url


sqs = SqsService(
    "sqs",
    access=ACCESS,
    schema=Schema(
        1,
        files("atoll.services.sqs").joinpath("schema.sql").read_text(),
        arns=(("queue", "attributes"),),
    ),
    model_constraints=False,
    complete=complete,
)
