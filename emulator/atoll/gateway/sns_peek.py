"""LocalStack's developer endpoints for SNS, and the certificate that signed messages name.

    /_aws/sns/sms-messages                          GET, DELETE ?accountId=&region=&phoneNumber=
    /_aws/sns/platform-endpoint-messages            GET, DELETE ?accountId=&region=&endpointArn=
    /_aws/sns/subscription-tokens/ARN               GET
    /_aws/sns/phone-opt-outs                        POST {"phoneNumber": …, "accountId": …}
    /_aws/sns/SimpleNotificationService-HEX.pem     GET, of any realm

https://docs.localstack.cloud/aws/services/sns/#developer-endpoints
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from atoll.core.access_keys import is_account_id
from atoll.core.arn import parse_arn, render_arn
from atoll.core.call import Call, Params
from atoll.core.caller import root_caller
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.core.tenant_id import TenantId
from atoll.gateway.dispatch import Dispatcher
from atoll.gateway.identify import Identifier
from atoll.gateway.refusals import NotAuthenticated, in_words
from atoll.gateway.sigv4 import is_region
from atoll.index.directory import Directory
from atoll.wire.http import Request, Response

logger = logging.getLogger(__name__)

PATH = "/_aws/sns/"
SMS = f"{PATH}sms-messages"
PUSH = f"{PATH}platform-endpoint-messages"
TOKENS = f"{PATH}subscription-tokens/"
OPT_OUTS = f"{PATH}phone-opt-outs"
CERTIFICATE = f"{PATH}SimpleNotificationService-"
_REGION = "us-east-1"
_MOST_FIELDS = 100
_SMS_FIELDS = (
    "PhoneNumber",
    "TopicArn",
    "SubscriptionArn",
    "MessageId",
    "Message",
    "MessageAttributes",
    "MessageStructure",
    "Subject",
)
_PUSH_FIELDS = ("TargetArn", "TopicArn", "Message", "MessageAttributes", "MessageStructure", "Subject", "MessageId")


class _Asked:
    """What a request says of whose messages it means."""

    def __init__(self, request: Request, realm: str, account: str, region: str) -> None:
        self.query = dict(parse_qsl(request.query, max_num_fields=_MOST_FIELDS))
        self.realm = realm
        self.account = self.query.get("accountId") or account
        self.region = self.query.get("region") or region

    @property
    def tenant(self) -> TenantId:
        return TenantId(self.realm, self.account, self.region)


class SnsPeek:
    """Shows messages of open realms only: there anyone may be anyone."""

    def __init__(
        self, identifier: Identifier, directory: Directory, dispatcher: Dispatcher, default_account: str
    ) -> None:
        self._identifier = identifier
        self._directory = directory
        self._dispatcher = dispatcher
        self._account = default_account

    async def __call__(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if path.startswith(CERTIFICATE):
            return await self._certificate(path)
        try:
            asked = _Asked(request, await self._realm(request), self._account, _REGION)
            return await self._answer(path, request, asked)
        except NotAuthenticated as error:
            return _json(403, {"message": in_words(error, "sns", "query").message})
        except AwsError as error:
            return _json(error.status or 400, {"message": error.message})
        except ValueError as error:
            return _json(400, {"message": str(error)})
        except Exception:
            logger.exception("%s failed", path)
            return _json(500, {"message": "The request failed because of an error of Atoll's."})

    async def _realm(self, request: Request) -> str:
        """Raises AwsError, NotAuthenticated."""
        name = (await self._identifier.identify_slowly(request)).caller.realm
        realm = await self._directory.get_realm(name)
        if realm is None or not realm.open:
            raise AwsError("AccessDenied", f"The realm {name} is not open: its messages are not shown.", status=403)
        return name

    async def _answer(self, path: str, request: Request, asked: _Asked) -> Response:
        if path in (SMS, PUSH) and request.method == "DELETE":
            return await self._drop(path, asked)
        if request.method == "POST" and path == OPT_OUTS:
            return await self._opt_out(request, asked)
        if request.method not in ("GET", "HEAD") or path == OPT_OUTS:
            return _json(405, {"message": f"{path} does not answer {request.method}."})
        if path.startswith(TOKENS):
            return await self._token(unquote(path.removeprefix(TOKENS)), asked)
        if path == SMS:
            return await self._sms(asked)
        if path == PUSH:
            return await self._push(asked)
        return _json(404, {"message": f"Atoll has nothing at {path}."})

    async def _call(self, tenant: TenantId, operation: str, params: Params) -> Params:
        """Raises AwsError, and ValueError where there can be no such tenant."""
        if not is_account_id(tenant.account) or not is_region(tenant.region):
            raise ValueError("An accountId has 12 digits, a region is one of AWS's.")
        cause = Call("sns", "", params, root_caller(tenant), tenant, uuid4())
        return await self._dispatcher.call(cause, "sns", operation, params)

    # ---- messages

    async def _sms(self, asked: _Asked) -> Response:
        number = asked.query.get("phoneNumber", "")
        found = (await self._call(asked.tenant, "PeekKept", {"Kind": "sms", "Target": number}))["Messages"]
        shown = {
            target: [_chosen(_SMS_FIELDS, {**message, "PhoneNumber": target}) for message in messages]
            for target, messages in found.items()
        }
        if number:
            shown.setdefault(number, [])
        return _json(200, {"sms_messages": shown, "region": asked.region})

    async def _push(self, asked: _Asked) -> Response:
        target, tenant = _target(asked)
        found = (await self._call(tenant, "PeekKept", {"Kind": "push", "Target": target}))["Messages"]
        shown: dict[str, Any] = {}
        for resource, messages in found.items():
            arn = render_arn("sns", tenant, resource)
            shown[arn] = [
                _chosen(_PUSH_FIELDS, {**message, "TargetArn": arn, "TopicArn": message["TopicArn"] or ""})
                for message in messages
            ]
        if target:
            shown.setdefault(asked.query["endpointArn"], [])
        return _json(200, {"platform_endpoint_messages": shown, "region": tenant.region})

    async def _drop(self, path: str, asked: _Asked) -> Response:
        if path == SMS:
            params = {"Kind": "sms", "Target": asked.query.get("phoneNumber", "")}
            await self._call(asked.tenant, "DropKept", params)
        else:
            target, tenant = _target(asked)
            await self._call(tenant, "DropKept", {"Kind": "push", "Target": target})
        return Response(204, [])

    async def _token(self, arn: str, asked: _Asked) -> Response:
        parsed = parse_arn(arn)
        if parsed is None:
            return _json(400, {"error": "The provided SubscriptionARN is invalid", "subscription_arn": arn})
        tenant = TenantId(asked.realm, parsed.account or asked.account, parsed.region or asked.region)
        try:
            token = (await self._call(tenant, "PeekSubscriptionToken", {"SubscriptionArn": arn}))["Token"]
        except AwsError:
            return _json(404, {"error": "The provided SubscriptionARN is not found", "subscription_arn": arn})
        return _json(200, {"subscription_token": token, "subscription_arn": arn})

    async def _opt_out(self, request: Request, asked: _Asked) -> Response:
        sent = orjson.loads(request.body) if isinstance(request.body, bytes) and request.body else None
        if not isinstance(sent, dict) or not isinstance(sent.get("phoneNumber"), str):
            raise ValueError('The body has to be {"phoneNumber": …}.')
        account, region = str(sent.get("accountId") or asked.account), str(sent.get("region") or asked.region)
        tenant = TenantId(asked.realm, account, region)
        await self._call(tenant, "OptOutPhoneNumber", {"PhoneNumber": sent["phoneNumber"]})
        return Response(200, [("Content-Type", "text/plain")])

    # ---- the certificate

    async def _certificate(self, path: str) -> Response:
        try:
            name = bytes.fromhex(path.removeprefix(CERTIFICATE).removesuffix(".pem")).decode()
        except ValueError:
            name = ""
        realm = await self._directory.get_realm(name) if name and path.endswith(".pem") else None
        if realm is None:
            return _json(404, {"message": "There is no such certificate."})
        # Imported here, since few ask for it and it brings cryptography along.
        from atoll.services.sns.signing import certificate

        # The first key of a process takes long to derive.
        made = await asyncio.to_thread(certificate, realm.name, realm.sealing_key)
        return Response(200, [("Content-Type", "application/x-pem-file")], made)


def _target(asked: _Asked) -> tuple[str, TenantId]:
    """The endpoint that is asked for, and whose it is."""
    text = asked.query.get("endpointArn", "")
    if not text:
        return "", asked.tenant
    arn = parse_arn(text)
    if arn is None:
        raise ValueError("The provided endpointArn is invalid.")
    return arn.resource, TenantId(asked.realm, arn.account, arn.region)


def _chosen(fields: tuple[str, ...], message: dict[str, Any]) -> dict[str, Any]:
    return {name: message[name] for name in fields}


def _json(status: int, value: Any) -> Response:
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(value))
