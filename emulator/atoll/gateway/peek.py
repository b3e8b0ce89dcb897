"""LocalStack's developer endpoint for queues: their messages, looked at without being received.

    /_aws/sqs/messages?QueueUrl=…                 by the queue's URL
    /_aws/sqs/messages/REGION/ACCOUNT/NAME        by what the URL would say

Whoever posts a ReceiveMessage there, as an SDK does for which this is the endpoint, is answered in its protocol; else
the answer is ReceiveMessage's in XML, or the same as JSON. https://docs.localstack.cloud/aws/services/sqs/#developer-endpoints
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import orjson

from atoll.core.call import Call, Origin, Params
from atoll.core.caller import Caller
from atoll.core.errors import AwsError, internal_failure
from atoll.core.ids import uuid4
from atoll.core.tenant_id import TenantId
from atoll.gateway.dispatch import Dispatcher
from atoll.gateway.identify import Identifier
from atoll.gateway.refusals import NotAuthenticated, in_words
from atoll.index.directory import Directory
from atoll.wire import fault
from atoll.wire.codec import codec
from atoll.wire.http import Request, Response
from atoll.wire.model import Operation, Service, load

logger = logging.getLogger(__name__)

PATH = "/_aws/sqs/messages"
_NAMED = re.compile(rf"{PATH}/([a-z0-9-]+)/(\d{{12}})/([^/]+)", re.ASCII)
_FORM = "application/x-www-form-urlencoded"
_TRUE = frozenset(("true", "1"))
_MOST_FIELDS = 100


class _Asked(NamedTuple):
    """A request, and how it is to be answered."""

    request: Request
    request_id: str
    protocol: str
    as_json: bool
    """Whether what the query protocol has as XML is to be JSON."""
    model: Service
    operation: Operation


class Peek:
    """Answers for open realms only: there anyone may be anyone."""

    def __init__(self, identifier: Identifier, directory: Directory, dispatcher: Dispatcher) -> None:
        self._identifier = identifier
        self._directory = directory
        self._dispatcher = dispatcher

    async def __call__(self, request: Request) -> Response:
        asked = _read(request)
        try:
            return _render(asked, await self._look(asked))
        except AwsError as error:
            return _render_error(asked, error)
        except NotAuthenticated as error:
            compatible = bool(asked.model.query_compatible)
            return _render_error(asked, in_words(error, "sqs", asked.protocol, query_compatible=compatible))
        except Exception:
            logger.exception("%s failed", asked.request_id)
            return _render_error(asked, internal_failure())

    async def _look(self, asked: _Asked) -> Params:
        """What PeekMessages returns. Raises AwsError, NotAuthenticated."""
        params = _params(asked)
        request = asked.request
        caller = (await self._identifier.identify_slowly(request)).caller
        await self._check_open(caller)
        origin = Origin(request.scheme, request.headers.get("host", "localhost"))
        here = TenantId(caller.realm, caller.account, caller.region)
        cause = Call("sqs", "ReceiveMessage", params, caller, here, asked.request_id, origin)
        return await self._dispatcher.call(cause, "sqs", "PeekMessages", params)

    async def _check_open(self, caller: Caller) -> None:
        realm = await self._directory.get_realm(caller.realm)
        if realm is None or not realm.open:
            message = f"The realm {caller.realm} is not open: its queues are not shown."
            raise AwsError("AccessDenied", message, status=403)


def _read(request: Request) -> _Asked:
    model = load("sqs")
    protocol = "json" if "x-amz-target" in request.headers else "query"
    as_json = protocol == "query" and "json" in request.headers.get("accept", "")
    return _Asked(request, uuid4(), protocol, as_json, model, model.operations["ReceiveMessage"])


def _params(asked: _Asked) -> Params:
    """Of PeekMessages. Raises AwsError where another operation than ReceiveMessage is asked for."""
    request = asked.request
    given = _form(request)
    action = request.headers.get("x-amz-target", given.get("Action", "")).rpartition(".")[2]
    if action not in ("", "ReceiveMessage"):
        raise AwsError("InvalidRequest", f"{PATH} answers ReceiveMessage only, not {action}.")
    params: Params = {name: given.get(name, "").lower() in _TRUE for name in ("ShowInvisible", "ShowDelayed")}
    if asked.protocol == "json":
        given = codec("json").parse(request, asked.operation)
    if url := _url_of_path(request) or given.get("QueueUrl"):
        params["QueueUrl"] = url
    return params


def _form(request: Request) -> dict[str, str]:
    """What the query string says, and a form after it. Raises AwsError."""
    fields = request.query
    if isinstance(request.body, bytes) and request.headers.get("content-type", "").startswith(_FORM):
        fields = f"{fields}&{request.body.decode('utf-8', 'replace')}"
    try:
        return dict(parse_qsl(fields, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise AwsError("MalformedQueryString", "The request has too many parameters.") from error


def _url_of_path(request: Request) -> str | None:
    """The URL of the queue that the path names. Raises AwsError where it names none."""
    path = request.path.rstrip("/")
    if path == PATH:
        return None
    match = _NAMED.fullmatch(path)
    if match is None:
        raise AwsError("InvalidAddress", f"The path has to be {PATH}/REGION/ACCOUNT/NAME.")
    region, account, name = match.groups()
    return f"http://localhost/queue/{region}/{account}/{unquote(name)}"


# ---- answers


def _render(asked: _Asked, result: Params) -> Response:
    if not asked.as_json:
        return codec(asked.protocol).render(asked.operation, result, asked.request_id)
    shown = _one_or_many([_as_xml_has_it(message) for message in result["Messages"]])
    return _json(
        200,
        {
            "ReceiveMessageResponse": {
                "ReceiveMessageResult": None if shown is None else {"Message": shown},
                "ResponseMetadata": {"RequestId": asked.request_id},
            }
        },
    )


def _render_error(asked: _Asked, error: AwsError) -> Response:
    if not asked.as_json:
        return codec(asked.protocol).render_error(asked.model, asked.operation, error, asked.request_id)
    wire = fault.of(asked.model.view("query"), error)
    told = {"Type": wire.fault, "Code": wire.code, "Message": wire.message}
    return _json(wire.status, {"ErrorResponse": {"Error": told, "RequestId": asked.request_id}})


def _as_xml_has_it(message: dict[str, Any]) -> dict[str, Any]:
    """A message by the names of the query protocol, whose maps are lists of pairs."""
    shown = {name: value for name, value in message.items() if name not in ("Attributes", "MessageAttributes")}
    shown["Attribute"] = _pairs(message.get("Attributes", {}))
    if attributes := message.get("MessageAttributes"):
        shown["MessageAttribute"] = _pairs(attributes)
    return shown


def _pairs(values: dict[str, Any]) -> Any:
    return _one_or_many([{"Name": name, "Value": value} for name, value in values.items()])


def _one_or_many(values: list[dict[str, Any]]) -> Any:
    """Of XML that became JSON nobody can tell whether one element is a list, so LocalStack does not have one then."""
    return values if len(values) > 1 else next(iter(values), None)


def _json(status: int, value: Any) -> Response:
    body = orjson.dumps(value, default=_base64)
    return Response(status, [("Content-Type", "application/json")], body)


def _base64(value: object) -> str:
    assert isinstance(value, bytes)
    return b64encode(value).decode()
