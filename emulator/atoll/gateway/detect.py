"""Which service and operation a request means, and in which protocol it is asked.

    X-Amz-Target                          json: the service's prefix, the operation
    Action and Version, in form or query  query, ec2: the credential's scope tells the service, else Host, path, version
    smithy-protocol                       smithy-rpc-v2-cbor: service and operation are in the path
    credential's scope, Host, path        rest: the service's routes tell the operation
    nothing of these                      a queue's own URL, or S3, which everybody may call unsigned

What Atoll has not is detected all the same, so that the answer can name it, in the caller's protocol. Of such services
only the first lines of the model are read.

https://docs.aws.amazon.com/general/latest/gr/signing-elements.html
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from itertools import chain
from typing import Protocol
from urllib.parse import unquote_plus

from atoll.core.bounded import keep
from atoll.gateway.hosts import HostName, read_host
from atoll.gateway.names import Names, Wanted, told_by_path, told_without_signature
from atoll.wire.http import Request
from atoll.wire.model import Operation, Service, load
from atoll.wire.router import Router
from atoll.wire.summary import Summary, outline, sketch, summary, unheard_of

_HEADER_SCOPE = re.compile(r"Credential=[^/,]+/\d+/(?:[^/,]*/)?([A-Za-z0-9._-]{1,64})/aws4_request")
"""SigV4A's has no region."""
_QUERY_SCOPE = re.compile(
    r"(?:^|&)X-Amz-Credential=[^&/%]+(?:/|%2F)\d+(?:/|%2F)[^&/%]*(?:/|%2F)([\w.-]{1,64})(?:/|%2F)",
    re.ASCII | re.IGNORECASE,
)
_LINKED = {"ConfirmSubscription": "sns", "Unsubscribe": "sns"}
"""Actions that stand in links which people follow, without a version: in messages of SNS."""
_QUEUE_PATH = re.compile(r"/(?:queue/[^/]+/)?\d{12}/[\w-]{1,80}(?:\.fifo)?/?", re.ASCII)
_BUCKET_PATH = re.compile(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?", re.DOTALL)
_RPC_PATH = re.compile(r"/service/([\w.-]{1,128})/operation/(\w{1,128})/?", re.ASCII)
_DATED_PATH = re.compile(r"/\d{4}-\d{2}-\d{2}/")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"[\x21-\x7e]{1,64}")
_NO_VERSION = "NO_VERSION_SPECIFIED"
_OF_ANY_VERSION = frozenset({"sqs"})
"""Services that answer whatever version is named, or none, as calls that are posted to a queue's URL do."""
_MOST = 4_096
_LONGEST_KEPT = 256
"""Characters of what a cache is keyed by, so that its size is bounded too."""
_LONGEST_VALUE = 256


class Present(Container[str], Iterable[str], Protocol):
    """The names of the services that Atoll has."""


class Detected:
    """What a request means. It is shared by all requests that mean the same.

    `service` is botocore's name for it, else the one that the caller has. `operation_name` is what was asked for, empty
    where the request says nothing or its path is none of the service's. `operation` is None where AWS has no such
    operation, and where Atoll has not the service: `model` is then an outline that answers in the service's protocol
    and has no operations. `path` is the path as the model's URIs have it where that is not the request's own, because
    the bucket is in its Host. `wrong_version` is what the request says where the service is of another version.
    """

    __slots__ = ("model", "operation", "operation_name", "path", "protocol", "service", "wrong_version")

    def __init__(
        self,
        service: str,
        protocol: str,
        model: Service,
        operation_name: str = "",
        *,
        path: str | None = None,
        wrong_version: str = "",
    ) -> None:
        self.service = service
        self.protocol = protocol
        self.model = model
        self.operation_name = operation_name
        self.operation: Operation | None = model.operations.get(operation_name)
        self.path = path
        self.wrong_version = wrong_version


class Detector:
    def __init__(self, present: Present) -> None:
        self._present = present
        self._services = frozenset(present)
        self._names = Names(present)
        self._routers: dict[str, Router] = {}
        self._by_target: dict[str, Detected] = {}
        self._by_form: dict[tuple[str, bytes], Detected] = {}
        self._by_name: dict[tuple[str, str, str], Detected] = {}
        self._scopes: dict[str, str] = {}

    def detect(self, request: Request) -> Detected | None:
        """None where the request says nothing that leads to a service."""
        headers = request.headers
        target = headers.get("x-amz-target")
        if target is not None:
            return self._by_target.get(target) or self._detect_target(target, request)
        body = request.body
        if isinstance(body, bytes) and body.startswith(b"Action="):
            # What SDKs send begins with Action and Version, so that what has been asked before is known by that.
            form = (self._scope(request), _start_of_form(body))
            known = self._by_form.get(form)
            if known is not None and request.method == "POST":
                return known
            return self._detect_form(form, request)
        return self._detect_query(request) or self._detect_rpc(request) or self._detect_route(request)

    def detect_head(self, request: Request) -> Detected | None:
        """What the head alone tells: for requests whose body is not there."""
        return self.detect(Request(request.method, request.path, request.query, request.headers))

    # ---- json

    def _detect_target(self, target: str, request: Request) -> Detected:
        prefix, _, operation = target.rpartition(".")
        found = self._names.with_target(prefix, self._scope(request))
        if not found:
            name = self._scope(request) or prefix.lower()
            found = self._names.called(name, _speaks("json"))
            if not found:
                return self._unheard_of(name, "json", operation)
        detected = self._first_with(found, "json", operation)
        if detected.operation is not None:
            keep(self._by_target, target, detected, _MOST)
        return detected

    # ---- query and ec2

    def _detect_form(self, form: tuple[str, bytes], request: Request) -> Detected | None:
        detected = self._detect_query(request) or self._detect_rpc(request) or self._detect_route(request)
        scope, start = form
        # Without a scope the Host may have decided.
        if scope and start and detected is not None and detected.operation is not None and request.method == "POST":
            keep(self._by_form, form, detected, _MOST)
        return detected

    def _detect_query(self, request: Request) -> Detected | None:
        """None where no action is named, or the service that is named speaks neither query nor ec2."""
        asked = _action(request)
        if asked is None:
            return None
        action, version = asked
        found = self._named(request, _speaks("query", "ec2"))
        if found is None:
            if _QUEUE_PATH.fullmatch(request.path):
                found = self._names.called("sqs", _speaks("query"))
            elif version:
                found = self._names.with_version(version)
            else:
                found = self._names.called(_LINKED.get(action, ""), _speaks("query"))
        if not found:
            name = self._scope(request)
            known = bool(self._names.called(name, _speaks_anything)) if name else True
            return None if known else self._unheard_of(name, "query", action)
        found.sort(key=lambda each: each.api_version != version)
        detected = self._first_with(found, "ec2" if found[0].speaks("ec2") else "query", action)
        return detected if _is_of_version(detected, version) else _of_another_version(detected, version)

    # ---- smithy-rpc-v2-cbor

    def _detect_rpc(self, request: Request) -> Detected | None:
        """Calls in it are told from those of rest by a header."""
        if "smithy-protocol" not in request.headers:
            return None
        match = _RPC_PATH.fullmatch(request.path)
        if match is None:
            return None
        protocol = "smithy-rpc-v2-cbor"
        found = self._names.with_target(match[1], self._scope(request))
        return self._first_with(found, protocol, match[2]) if found else self._unheard_of(match[1], protocol, match[2])

    # ---- rest, and calls that name no operation

    def _detect_route(self, request: Request) -> Detected | None:
        found = self._named(request, _speaks("rest-json", "rest-xml"))
        if found is None:
            return self._detect_unsigned(request)
        if found:
            return self._first_with_route(found, request)
        named = self._named(request, _speaks_anything)
        if named:
            # It is none of rest's, so an operation would have to be named.
            protocol = "query" if named[0].speaks("query") else named[0].protocols[0]
            return self._first_with(named, protocol, "")
        kind = request.headers.get("content-type", "")
        return self._unheard_of(self._scope(request), "rest-xml" if "xml" in kind else "rest-json", "")

    def _detect_unsigned(self, request: Request) -> Detected | None:
        """What neither credentials nor Host name."""
        if _QUEUE_PATH.fullmatch(request.path):
            return self._first_with(self._names.called("sqs", _speaks("query")), "query", "")
        if _DATED_PATH.match(request.path):
            for name in self._present:
                if name != "s3" and (detected := self._routed(name, request)) is not None:
                    return detected
        for name in told_without_signature(request.path, request.headers):
            if (detected := self._routed(name, request)) is not None:
                return detected
        if not _BUCKET_PATH.fullmatch(request.path) or request.method == "OPTIONS":
            asked = _action(request)
            return None if asked is None else self._unheard_of("", "query", asked[0])
        return self._first_with_route(self._names.called("s3", _speaks("rest-xml")), request)

    def _first_with_route(self, found: list[Summary], request: Request) -> Detected | None:
        """Of services of one name the first that has the route; else the likeliest, without an operation."""
        if not found:
            return None
        for each in chain(found, self._names.alike(found)):
            if (detected := self._routed(each.name, request)) is not None:
                return detected
        first = found[0]
        protocol = first.rest_protocol or ""
        if first.name in self._present:
            return self._known(first.name, protocol, "")
        return Detected(first.name, protocol, outline(first.name))

    def _routed(self, service: str, request: Request) -> Detected | None:
        """The operation of a service that the route leads to."""
        routed = self._routed_here if service in self._present else self._routed_absent
        return routed(service, request)

    def _routed_absent(self, service: str, request: Request) -> Detected | None:
        """Of a service that Atoll has not."""
        found = summary(service)
        if found is None or found.rest_protocol is None:
            return None
        path = self._path(service, request)
        match = _absent_router(service).match(request.method, path, request.query, request.headers)
        return None if match is None else Detected(service, found.rest_protocol, outline(service), match[0].name)

    def _routed_here(self, service: str, request: Request) -> Detected | None:
        """Of a service that Atoll has."""
        model = load(service)
        protocol = next((each for each in model.protocols if each.startswith("rest-")), None)
        if protocol is None:
            return None
        router = self._routers.get(service)
        if router is None:
            router = self._routers[service] = Router(model)
        path = self._path(service, request)
        match = router.match(request.method, path, request.query, request.headers)
        if match is None:
            return None
        if path != request.path:
            return Detected(service, protocol, model, match[0].name, path=path)
        return self._known(service, protocol, match[0].name)

    # ---- names

    def _named(self, request: Request, wanted: Wanted) -> list[Summary] | None:
        """The services of those wanted that the credential's scope names, or the Host; None where neither names one."""
        scope, endpoint = self._scope(request), self._host(request).service
        name = scope or endpoint
        if not name:
            return None
        service = told_by_path(name, request.path)
        if service is not None:
            return self._names.called(service, wanted)
        if scope and endpoint and scope != endpoint:
            # Of those that sign by one name, each may have its own host (`bedrock-runtime`).
            found = self._names.called(endpoint, lambda each: each.answers_to(scope) and wanted(each))
            if found:
                return found
        found = self._names.called(name, wanted)
        if not found and not scope and not self._names.called(name, _speaks_anything):
            # The Host is a name of somebody's own.
            return None
        return found

    def _host(self, request: Request) -> HostName:
        return read_host(request.headers.get("host", ""), self._services)

    def _path(self, service: str, request: Request) -> str:
        """The path as the model's URIs have it: a bucket that is in the Host comes first."""
        bucket = self._host(request).bucket if service == "s3" else ""
        return f"/{bucket}{request.path}" if bucket else request.path

    def _scope(self, request: Request) -> str:
        """The service in the credential's scope; empty where the request is not signed."""
        authorization = request.headers.get("authorization")
        if authorization is None:
            if "X-Amz-Credential=" not in request.query:
                return ""
            match = _QUERY_SCOPE.search(request.query)
            return "" if match is None else match[1]
        start = authorization[: authorization.find(",")]
        scope = self._scopes.get(start)
        if scope is None:
            match = _HEADER_SCOPE.search(authorization[:1024])
            scope = "" if match is None else match[1]
            if len(start) <= _LONGEST_KEPT:
                keep(self._scopes, start, scope, _MOST)
        return scope

    # ---- what is found

    def _first_with(self, found: list[Summary], protocol: str, operation: str) -> Detected:
        """Of services of one name the first that has the operation, else the first."""
        for each in found:
            if each.name in self._present:
                detected = self._known(each.name, protocol, operation)
                if detected.operation is not None:
                    return detected
        first = found[0]
        if first.name in self._present:
            return self._known(first.name, protocol, operation)
        if len(found) > 1:
            # Those of one target's prefix (Timestream's two) differ by their operations only.
            first = next((each for each in found if operation in sketch(each.name).operations), first)
        return Detected(first.name, protocol, outline(first.name), _shown(operation))

    def _known(self, service: str, protocol: str, operation: str) -> Detected:
        """Of a service that Atoll has."""
        key = (service, protocol, operation)
        detected = self._by_name.get(key)
        if detected is None:
            model = load(service)
            detected = Detected(service, protocol, model.view(protocol), _shown(operation))
            if detected.operation is not None:
                self._by_name[key] = detected
        return detected

    @staticmethod
    def _unheard_of(name: str, protocol: str, operation: str) -> Detected:
        name = name if _SERVICE_NAME.fullmatch(name) else "unknown"
        return Detected(name, protocol, unheard_of(name, protocol), _shown(operation))


@lru_cache(maxsize=32)
def _absent_router(service: str) -> Router:
    return Router(sketch(service))


def _is_of_version(detected: Detected, version: str) -> bool:
    """Whether the service has the version. EC2 has all that it ever had; what Atoll has not is refused for that."""
    if detected.operation is None or detected.protocol != "query" or detected.service in _OF_ANY_VERSION:
        return True
    if not version and detected.operation_name in _LINKED:
        return True
    return version == detected.model.api_version


def _of_another_version(detected: Detected, version: str) -> Detected:
    named = _NO_VERSION if not version else version if _VERSION.fullmatch(version) else "unknown"
    return Detected(detected.service, detected.protocol, detected.model, detected.operation_name, wrong_version=named)


def _speaks(*protocols: str) -> Wanted:
    return lambda found: found.speaks(*protocols)


def _speaks_anything(found: Summary) -> bool:
    return True


def _start_of_form(body: bytes) -> bytes:
    """The first two fields of a form, where these are Action and Version; else nothing."""
    end = body.find(b"&", 7, _LONGEST_KEPT)
    if end < 0 or not body.startswith(b"&Version=", end):
        return b""
    stop = body.find(b"&", end + 1, _LONGEST_KEPT)
    if stop < 0:
        stop = len(body)
    return body[:stop] if stop <= _LONGEST_KEPT else b""


def _action(request: Request) -> tuple[str, str] | None:
    """Action and Version, from a form or the query string. Of fields with one name the first counts."""
    form = b""
    body = request.body
    if isinstance(body, bytes) and request.method == "POST" and b"Action=" in body and _is_form(request, body):
        form = body
    query = request.query.encode(errors="replace") if "Action=" in request.query or "Version=" in request.query else b""
    action = _field(form, b"Action=") or _field(query, b"Action=")
    if action is None:
        return None
    version = _field(form, b"Version=") or _field(query, b"Version=") or b""
    return _decoded(action), _decoded(version)


def _field(form: bytes, start: bytes) -> bytes | None:
    """The value of the first field that starts so, as far as it may be long. Forms of megabytes are searched."""
    at = len(start)
    if not form.startswith(start):
        before = form.find(b"&" + start)
        if before < 0:
            return None
        at += before + 1
    return form[at : at + _LONGEST_VALUE].partition(b"&")[0]


def _decoded(value: bytes) -> str:
    return unquote_plus(value.decode("latin-1"))


def _is_form(request: Request, body: bytes) -> bool:
    kind = request.headers.get("content-type")
    return body.startswith(b"Action=") if kind is None else "form-urlencoded" in kind


def _shown(name: str) -> str:
    """An operation's name fit to be shown and logged."""
    return name if not name or _NAME.fullmatch(name) else "unknown"
