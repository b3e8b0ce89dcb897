"""The control API's route on messages that leave Atoll nowhere: emails, SMS, push notifications, Firehose records."""

from __future__ import annotations

from fastapi import FastAPI, Request

from atoll.control.errors import Refused
from atoll.control.guard import Guard
from atoll.control.models import KeptMessage, MessageKind, Page
from atoll.control.parts import Parts
from atoll.core.access_keys import is_account_id
from atoll.core.arn import partition_of
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.ids import uuid4
from atoll.core.tenant_id import DEFAULT_REALM, TenantId
from atoll.gateway.sigv4 import is_region


def add_messages(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/messages")
    async def list_messages(
        request: Request,
        account: str = "",
        region: str = "",
        kind: MessageKind = "email",
        realm: str = DEFAULT_REALM,
        target: str = "",
    ) -> Page[KeptMessage]:
        """What SNS would have sent out of an account and region: the newest thousand of a kind, the oldest of them
        first; only what is for `target`, where one is given."""
        await guard.realm(request, realm)
        if not is_account_id(account) or not is_region(region):
            raise Refused("Whose messages is said by account and region: ?account=111111111111&region=eu-central-1")
        params: Params = {"Kind": kind, "Target": target}
        caller = Caller(realm, account, region, f"arn:{partition_of(region)}:iam::{account}:root", account)
        cause = Call("sns", "", params, caller, TenantId(realm, account, region), uuid4())
        found = (await parts.cell.world.call(cause, "sns", "PeekKept", params))["Messages"]
        return Page(
            items=[
                KeptMessage(
                    kind=kind,
                    target=to,
                    id=message["MessageId"],
                    topic=message["TopicArn"] or "",
                    subscription=message["SubscriptionArn"] or "",
                    subject=message["Subject"] or "",
                    message=message["Message"],
                )
                for to, messages in found.items()
                for message in messages
            ]
        )
