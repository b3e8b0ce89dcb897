"""The gateway: a request's way from HTTP to the cell of the tenant that is meant, and the answer's way back.

    detect      service and operation, in which protocol        (detect.py)
    identify    realm, account, region, principal               (identify.py)
    parse       parameters, validated                           (atoll.wire)
    locate      which tenant owns what is named                 (locate.py)
    dispatch    the operation, in the owner's cell              (dispatch.py)
    render      the answer, or AWS's error, in the caller's protocol

Each takes what the one before it made. What is in memory is gone through at once; where the index has to be asked, or
a commit to be awaited, the answer is pending.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Container

from atoll.cell import NotMine, Reply
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.clock import Clock
from atoll.core.errors import AwsError, internal_failure, missing_action, service_unavailable
from atoll.core.ids import uuid4
from atoll.core.service import LONGEST_BODY, Operation, Registry, Service
from atoll.core.tenant_id import TenantId
from atoll.gateway import cors
from atoll.gateway.absent import name_of, not_enabled, not_there
from atoll.gateway.access_log import INNER, AccessLog
from atoll.gateway.detect import Detected, Detector
from atoll.gateway.dispatch import Dispatcher
from atoll.gateway.faults import Faults, Outcome
from atoll.gateway.files import file_plan, problem
from atoll.gateway.gate import Gate
from atoll.gateway.http1 import body_length
from atoll.gateway.identify import Identifier, Identity
from atoll.gateway.locate import Locator
from atoll.gateway.origins import Origins
from atoll.gateway.refusals import NotAuthenticated, in_words
from atoll.gateway.sigv4 import wrong_service
from atoll.wire.codec import Codec, codec
from atoll.wire.http import BodyPlan, Pending, Request, Response
from atoll.wire.model import Operation as Model
from atoll.wire.model import Service as ServiceModel
from atoll.wire.validate import validate

logger = logging.getLogger(__name__)

_MOST_MISSING = 10_000
"""Names that are counted one by one."""
CLIENT_GONE = 499
"""The status in the log of what was given up because nobody waited for it any more: no failure of ours."""
_REFUSALS = {408: "RequestTimeout", 413: "RequestEntityTooLarge"}
_NO_SERVICE = ServiceModel({"metadata": {"protocol": "query"}, "operations": {}, "shapes": {}}, "")
"""In whose words errors are told where there is no model to tell them in."""

Inner = Callable[[Request], Response | Awaitable[Response] | None]


class Route:
    """What an operation, called in one protocol, needs on its way."""

    __slots__ = ("codec", "longest_body", "model", "operation", "service", "signing_names")

    def __init__(self, service: Service, operation: Operation, model: Model, codec: Codec) -> None:
        self.service = service
        self.operation = operation
        self.model = model
        self.codec = codec
        self.longest_body = operation.longest_body
        self.signing_names = frozenset({service.name, model.service.signing_name, model.service.endpoint_prefix})


class Exchange(Reply, Pending):
    """One request and what has been found out about it; its reply renders the answer."""

    __slots__ = (
        "_deliver",
        "caller",
        "detected",
        "gateway",
        "owner",
        "request",
        "response",
        "route",
        "started",
    )

    def __init__(self, gateway: Gateway, request: Request) -> None:
        super().__init__(uuid4())
        self.gateway = gateway
        self.request = request
        self.started = gateway.clock.now()
        self.detected: Detected | None = None
        self.caller: Caller | None = None
        self.route: Route | None = None
        self.owner: TenantId | None = None
        self.response: Response | None = None
        self._deliver: Callable[[Response], None] | None = None

    def done(self, result: Params | None, error: Exception | None) -> None:
        self.response = response = self.gateway.render(self, result, error)
        if self._deliver is not None and not self.gone:
            self._deliver(response)

    def then(self, deliver: Callable[[Response], None]) -> None:
        if self.response is None:
            self._deliver = deliver
        else:
            deliver(self.response)


class Gateway:
    """An `App` for a server. `inner` answers paths that are not AWS's. `enabled` are the services whose calls are
    answered; None is all."""

    def __init__(
        self,
        *,
        registry: Registry,
        identifier: Identifier,
        locator: Locator,
        dispatcher: Dispatcher,
        clock: Clock,
        access_log: AccessLog,
        inner: Inner,
        enabled: Container[str] | None = None,
        gate: Gate | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.clock = clock
        self.loop = asyncio.get_running_loop()
        self.missing: dict[str, int] = {}
        """How often what Atoll does not have was called, by service and operation."""
        self.pages = cors.policy(())
        """Which pages' calls are answered; made anew when it is known where the server listens."""
        self._registry = registry
        self._detector = Detector(registry)
        self._identifier = identifier
        self._locator = locator
        self._dispatcher = dispatcher
        self._access_log = access_log
        self._inner = inner
        self._enabled = enabled
        self.gate = gate or Gate()
        self.faults = faults or Faults()
        self._routes: dict[Detected, Route] = {}
        self._origins = Origins()

    def admit(self, request: Request) -> BodyPlan | Response:
        """A body as long as the operation takes, or the service where the head does not tell the operation; as a stream
        where the operation does. Paths of Atoll's own that take files say so themselves."""
        if (plan := file_plan(request)) is not None:
            return plan
        detected = self._detector.detect_head(request)
        operation = detected.operation if detected else None
        service = self._registry.get(detected.service) if detected else None
        limit = LONGEST_BODY if service is None else service.longest_body_of(operation.name if operation else "")
        if body_length(request.headers) > limit:
            return self.refuse(request, 413, f"a body of more than {limit} bytes")
        return BodyPlan(limit, operation is not None and operation.streaming_input and service is not None)

    def refuse(self, request: Request | None, status: int, reason: str) -> Response:
        """In AWS's words and the caller's protocol, as far as the head tells that."""
        if request is None or request.path.startswith("/_"):
            text = Response(status, [("Content-Type", "text/plain")], f"{reason}\n".encode())
            response = text if request is None else problem(status, reason)
            self._log_other(self.clock.now(), response)
            return response
        exchange = Exchange(self, request)
        exchange.detected = self._detector.detect_head(request)
        return self.render(exchange, None, _refused(status, reason))

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        verdict = cors.judge(request.method, request.headers, self.pages)
        if verdict is None:
            return self._answer(request)
        if verdict.response is not None:
            self._log_other(self.clock.now(), verdict.response)
            return verdict.response
        answer = self._answer(request)
        return _extended(answer, verdict.headers) if isinstance(answer, Response) else _extend(answer, verdict.headers)

    def _answer(self, request: Request) -> Response | Awaitable[Response]:
        if request.path.startswith("/_") and (response := self._inner(request)) is not None:
            return self._log_inner(self.clock.now(), response)
        exchange = Exchange(self, request)
        try:
            detected = exchange.detected = self._detector.detect(request)
            if detected is None:
                raise missing_action()
            if detected.wrong_version:
                raise _no_such_version(detected)
            identity = self._identifier.identify(request)
            if identity is None:
                exchange.goes_on(self.loop.create_task(self._handle_slowly(exchange, detected)))
            else:
                self._handle(exchange, detected, identity)
        except Exception as error:
            self._refuse(exchange, error)
        return exchange.response or exchange

    async def _handle_slowly(self, exchange: Exchange, detected: Detected) -> None:
        try:
            identity = await self._identifier.identify_slowly(exchange.request)
            self._handle(exchange, detected, identity)
        except asyncio.CancelledError:
            exchange.done(None, service_unavailable())
            raise
        except Exception as error:
            self._refuse(exchange, error)

    def _handle(self, exchange: Exchange, detected: Detected, identity: Identity) -> None:
        """From a known caller on. Raises AwsError."""
        request = exchange.request
        caller = exchange.caller = identity.caller
        if self.gate.shut:
            self.gate.check(caller)
        route = exchange.route = self._routes.get(detected) or self._route(detected)
        if identity.claim is not None and identity.signing_name not in route.signing_names:
            raise wrong_service(identity.claim, route.model.service.signing_name)
        body = request.body
        if type(body) is bytes and len(body) > route.longest_body:
            raise _refused(413, f"a body of more than {route.longest_body} bytes")
        if detected.path is not None:
            request.path = detected.path
        params = route.codec.parse(request, route.model)
        service = route.service
        if service.complete is not None:
            service.complete(request, route.operation.name, params)
        if service.model_constraints:
            validate(route.model, params)
        owner = self._locator.locate(route.operation.access, params, caller)
        if owner is None:
            exchange.goes_on(self.loop.create_task(self._locate_slowly(exchange, route, params, caller)))
        else:
            self._dispatch(exchange, route, params, caller, owner)

    async def _locate_slowly(self, exchange: Exchange, route: Route, params: Params, caller: Caller) -> None:
        try:
            owner = await self._locator.locate_slowly(route.operation.access, params, caller)
            self._dispatch(exchange, route, params, caller, owner)
        except asyncio.CancelledError:
            exchange.done(None, service_unavailable())
            raise
        except Exception as error:
            self._refuse(exchange, error)

    def _dispatch(self, exchange: Exchange, route: Route, params: Params, caller: Caller, owner: TenantId) -> None:
        exchange.owner = owner
        if self.gate.shut:
            self.gate.check_owner(owner)
        call = Call(
            route.service.name,
            route.operation.name,
            params,
            caller,
            owner,
            exchange.request_id,
            self._origins.of(exchange.request),
        )
        if self.faults.active and (outcome := self.faults.draw(owner, call.service)) is not None:
            exchange.goes_on(self.loop.create_task(self._suffer(exchange, call, outcome)))
        else:
            self._dispatcher.run(call, exchange)

    async def _suffer(self, exchange: Exchange, call: Call, outcome: Outcome) -> None:
        """A call that somebody wants to go wrong."""
        try:
            await asyncio.sleep(outcome.delay)
        except asyncio.CancelledError:
            exchange.done(None, service_unavailable())
            raise
        if outcome.error is not None:
            exchange.done(None, outcome.error)
        else:
            self._dispatcher.run(call, exchange)

    def _route(self, detected: Detected) -> Route:
        """Raises AwsError with status 501 where Atoll has no such operation, or is not to serve it."""
        if self._enabled is not None and detected.service not in self._enabled:
            raise not_enabled(detected.service)
        service = self._registry.get(detected.service)
        operation = None if service is None else service.operations.get(detected.operation_name)
        model = detected.operation
        if service is None or operation is None or operation.internal or model is None:
            raise self._absent(detected, service)
        route = Route(service, operation, model, codec(detected.protocol))
        if detected.path is None:
            # Else it is of this request alone.
            self._routes[detected] = route
        return route

    def _absent(self, detected: Detected, service: Service | None) -> AwsError:
        if service is not None and not detected.operation_name:
            return service.unnamed()
        name = name_of(detected)
        if name in self.missing or len(self.missing) < _MOST_MISSING:
            self.missing[name] = self.missing.get(name, 0) + 1
        logger.warning("%s was called and is not there", name)
        return not_there(self._registry, detected, service)

    # ---- the way back

    def _refuse(self, exchange: Exchange, error: Exception) -> None:
        if isinstance(error, NotAuthenticated):
            detected = exchange.detected
            if error.unsigned is not None and detected is not None and _needs_no_signature(detected):
                try:
                    self._handle(exchange, detected, error.unsigned)
                except Exception as failure:
                    exchange.done(None, failure)
                return
        exchange.done(None, error)

    def render(self, exchange: Exchange, result: Params | None, error: Exception | None) -> Response:
        """The answer on the wire, and its line in the access log."""
        route = exchange.route
        code = ""
        try:
            if error is None and route is not None:
                response = route.codec.render(route.model, result or {}, exchange.request_id)
            else:
                told = _in_words(exchange, error)
                code = told.code
                response = _render_error(exchange, told)
        except Exception:
            logger.exception("%s: the answer could not be rendered", exchange.request_id)
            response = _render_error(exchange, internal_failure())
        detected = exchange.detected
        status = response.status
        self._access_log.line(
            exchange.started,
            exchange.request_id,
            exchange.caller,
            detected.service if detected else "-",
            detected.operation_name if detected else "-",
            exchange.owner,
            CLIENT_GONE if exchange.gone and status == 503 else status,
            self.clock.now() - exchange.started,
            code,
        )
        return response

    def _log_inner(self, started: float, answer: Response | Awaitable[Response]) -> Response | Awaitable[Response]:
        if not isinstance(answer, Response):
            return self._log_later(started, answer)
        self._log_other(started, answer, INNER)
        return answer

    async def _log_later(self, started: float, answer: Awaitable[Response]) -> Response:
        response = await answer
        self._log_other(started, response, INNER)
        return response

    def _log_other(self, started: float, response: Response, service: str = "-") -> None:
        """The line of what is no call of AWS's, or ended before it was known which."""
        seconds = self.clock.now() - started
        code = str(response.status) if response.status >= 400 else ""
        self._access_log.line(started, uuid4(), None, service, "-", None, response.status, seconds, code)


def _in_words(exchange: Exchange, error: Exception | None) -> AwsError:
    """What the caller is told of it."""
    detected = exchange.detected
    if isinstance(error, NotAuthenticated):
        error = in_words(
            error,
            detected.service if detected else "",
            detected.protocol if detected else "query",
            query_compatible=bool(detected and detected.model.query_compatible),
        )
    if isinstance(error, NotMine):
        # The tenant is with a cell that is not known here, or not yet.
        return service_unavailable()
    if not isinstance(error, AwsError):
        logger.error("%s failed", exchange.request_id, exc_info=error)
        return internal_failure()
    return error


def _render_error(exchange: Exchange, error: AwsError) -> Response:
    detected = exchange.detected
    if detected is None:
        return codec("query").render_error(_NO_SERVICE, None, error, exchange.request_id)
    return codec(detected.protocol).render_error(detected.model, detected.operation, error, exchange.request_id)


def _no_such_version(detected: Detected) -> AwsError:
    """https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"""
    message = f"Could not find operation {detected.operation_name} for version {detected.wrong_version}"
    return AwsError("InvalidAction", message)


def _refused(status: int, reason: str) -> AwsError:
    return AwsError(_REFUSALS.get(status, "BadRequest"), f"The request was refused: {reason}.", status=status)


def _needs_no_signature(detected: Detected) -> bool:
    return detected.operation is not None and detected.operation.auth == "none"


def _extended(response: Response, headers: cors.Headers) -> Response:
    return Response(response.status, [*response.headers, *headers], response.body)


async def _extend(answer: Awaitable[Response], headers: cors.Headers) -> Response:
    return _extended(await answer, headers)
