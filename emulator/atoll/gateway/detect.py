"""Which service and operation a request means, and in which protocol it is asked.

    X-Amz-Target                            json: the service's prefix, the operation
    Action and Version, in form or query    query, ec2: the version tells services apart, else the credential scope
    credential scope, Host, path            rest: the service's routes tell the operation

What there is no model of, or no operation, is detected all the same, so that the answer can name it.
https://docs.aws.amazon.com/general/latest/gr/signing-elements.html
"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import unquote_plus

from atoll.core.errors import AwsError
from atoll.wire.http import Request
from atoll.wire.model import Operation, Service, load
from atoll.wire.router import Router

_TARGETS = {
    "AmazonSQS": "sqs",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "AmazonSSM": "ssm",
    "AWSEvents": "events",
    "Logs_20140328": "logs",
    "Kinesis_20131202": "kinesis",
    "Firehose_20150804": "firehose",
    "AWSStepFunctions": "stepfunctions",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "CertificateManager": "acm",
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSOrganizationsV20161128": "organizations",
    "GraniteServiceVersion20100801": "cloudwatch",
    "ResourceGroupsTaggingAPI_20170126": "resourcegroupstaggingapi",
}
_VERSIONS = {
    "2011-06-15": "sts",
    "2012-11-05": "sqs",
    "2010-03-31": "sns",
    "2010-05-08": "iam",
    "2016-11-15": "ec2",
    "2010-05-15": "cloudformation",
    "2010-08-01": "cloudwatch",
    "2011-01-01": "autoscaling",
    "2012-06-01": "elb",
    "2015-12-01": "elbv2",
    "2012-12-01": "redshift",
    "2015-02-02": "elasticache",
}
_SIGNING_NAMES = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "email": "ses",
    "elasticloadbalancing": "elbv2",
    "execute-api": "apigatewaymanagementapi",
    "elasticfilesystem": "efs",
    "tagging": "resourcegroupstaggingapi",
    "cognito-identity": "cognito-identity",
}
"""Where the name in a credential's scope is not that of botocore's folder."""

_IN_FORM = re.compile(rb"(?:^|&)(Action|Version)=([^&]*)")
_IN_QUERY = re.compile(r"(?:^|&)(Action|Version)=([^&]*)")
_SCOPE = re.compile(
    r"(?:Credential=|X-Amz-Credential=)[^/%&,]+(?:/|%2F)\d{8}(?:/|%2F)[^/%]*(?:/|%2F)([A-Za-z0-9._-]{1,64})"
)
_HOST = re.compile(r"(?:^|\.)([a-z0-9-]+)(?:\.[a-z]{2}(?:-[a-z]+)+-\d+)?\.(?:amazonaws|localhost|aws)\b")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_MOST = 4096


class Detected:
    """`service` is botocore's name for it. `model` is None where there is no model, `operation` where it has no such
    operation, or where the route leads to none; `operation_name` is then what was asked for, or empty."""

    __slots__ = ("model", "operation", "operation_name", "protocol", "service")

    def __init__(self, service: str, operation_name: str, protocol: str) -> None:
        self.service = service
        self.operation_name = operation_name
        self.protocol = protocol
        self.model: Service | None = _model(service)
        if self.model is not None and protocol in self.model.protocols:
            self.model = self.model.view(protocol)
        self.operation: Operation | None = None if self.model is None else self.model.operations.get(operation_name)


_by_target: dict[str, Detected] = {}
_by_action: dict[tuple[str, str, str], Detected] = {}


def detect(request: Request) -> Detected:
    """Raises AwsError where the request says nothing that leads to a service."""
    target = request.headers.get("x-amz-target")
    if target is not None:
        return _by_target.get(target) or _detect_target(target, request)
    asked = _action(request)
    if asked is not None:
        return _detect_action(*asked, request)
    return _detect_route(request)


def detect_head(request: Request) -> tuple[str, Operation | None]:
    """The service, and the operation where the head alone tells it; for requests whose body is not there yet."""
    prefix = request.headers.get("x-amz-target", "").rpartition(".")[0]
    if prefix in _TARGETS:
        return _TARGETS[prefix], None
    service = _service_in_scope(request) or _service_in_path(request) or _service_in_host(request) or "s3"
    model = _model(service)
    if model is None or not model.protocols[0].startswith("rest-"):
        return service, None
    match = _router(service).match(request.method, request.path, request.query)
    return service, None if match is None else match[0]


def _detect_target(target: str, request: Request) -> Detected:
    prefix, _, operation = target.rpartition(".")
    service = _TARGETS.get(prefix)
    if service is None:
        service = _service_in_scope(request) or prefix[:64].lower()
    detected = Detected(service, _shown(operation), "json")
    if detected.operation is not None and len(_by_target) < _MOST and prefix in _TARGETS:
        _by_target[target] = detected
    return detected


def _action(request: Request) -> tuple[str, str] | None:
    """Action and Version, from the form or the query string."""
    found: dict[str, str] = {}
    if isinstance(request.body, bytes) and "form" in request.headers.get("content-type", ""):
        for match in _IN_FORM.finditer(request.body):
            found.setdefault(match[1].decode(), unquote_plus(match[2][:256].decode("latin-1")))
            if len(found) == 2:
                break
    if "Action" not in found and "Action=" in request.query:
        for name, value in _IN_QUERY.findall(request.query):
            found.setdefault(name, unquote_plus(value[:256]))
    action = found.get("Action")
    return None if action is None else (action, found.get("Version", ""))


def _detect_action(action: str, version: str, request: Request) -> Detected:
    service = _VERSIONS.get(version)
    if service is None:
        service = _service_in_scope(request) or _service_in_path(request) or _service_in_host(request) or "unknown"
    key = (service, action, version)
    detected = _by_action.get(key)
    if detected is None:
        model = _model(service)
        protocol = "ec2" if model is not None and "ec2" in model.protocols else "query"
        detected = Detected(service, _shown(action), protocol)
        if detected.operation is not None and len(_by_action) < _MOST:
            _by_action[key] = detected
    return detected


def _detect_route(request: Request) -> Detected:
    service = _service_in_scope(request) or _service_in_path(request) or _service_in_host(request) or ""
    model = _model(service)
    if model is None:
        if service:
            return Detected(service, "", "json" if "json" in request.headers.get("content-type", "") else "query")
        if request.method not in ("GET", "HEAD", "PUT", "DELETE") or len(request.path) <= 1:
            raise AwsError("MissingAction", "Could not find operation to perform.")
        service, model = "s3", load("s3")
    rest = next((protocol for protocol in model.protocols if protocol.startswith("rest-")), None)
    if rest is None:
        protocol = "query" if "query" in model.protocols else model.protocols[0]
        return Detected(service, "", protocol)
    match = _router(service).match(request.method, request.path, request.query)
    return Detected(service, "" if match is None else match[0].name, rest)


def _service_in_scope(request: Request) -> str | None:
    authorization = request.headers.get("authorization", "")
    match = _SCOPE.search(authorization) or _SCOPE.search(request.query)
    return None if match is None else _SIGNING_NAMES.get(match[1], match[1])


def _service_in_path(request: Request) -> str | None:
    """A call posted to a queue's own URL."""
    return "sqs" if request.path.startswith("/queue/") or re.match(r"/\d{12}/[^/]+$", request.path) else None


def _service_in_host(request: Request) -> str | None:
    match = _HOST.search(request.headers.get("host", ""))
    name = match[1] if match is not None else ""
    return name if name and _model(name) is not None else None


@cache
def _router(service: str) -> Router:
    return Router(load(service))


def _model(service: str) -> Service | None:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", service):
        return None
    try:
        return load(service)
    except KeyError:
        return None


def _shown(name: str) -> str:
    """An operation's name fit to be shown and logged."""
    return name if _NAME.fullmatch(name) else "unknown"
