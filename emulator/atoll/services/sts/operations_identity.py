"""Who calls, whose a key is, why a call was refused."""

from __future__ import annotations

from atoll.core.access_keys import account_of
from atoll.core.authorization_messages import open_message
from atoll.core.call import Call, Params
from atoll.core.sealing import NotSealedHere
from atoll.services.sts.callers import demand_role_or_long_term
from atoll.services.sts.credentials import realm_sealer
from atoll.services.sts.errors import invalid_authorization_message, validation_error
from atoll.services.sts.service import sts
from atoll.tenants import Tenant


@sts.operation("GetCallerIdentity", readonly=True)
def get_caller_identity(call: Call, tenant: Tenant) -> Params:
    caller = call.caller
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.principal}


@sts.operation("GetAccessKeyInfo", readonly=True)
def get_access_key_info(call: Call, tenant: Tenant) -> Params:
    """The account stands in the key itself; whether the key exists is not said."""
    demand_role_or_long_term(call.caller, "GetAccessKeyInfo")
    account = account_of(call["AccessKeyId"])
    if account is None:
        raise validation_error("The access key ID provided does not exist in our records.")
    return {"Account": account}


@sts.operation("DecodeAuthorizationMessage", readonly=True)
def decode_authorization_message(call: Call, tenant: Tenant) -> Params:
    demand_role_or_long_term(call.caller, "DecodeAuthorizationMessage")
    try:
        message = open_message(realm_sealer(tenant), call.caller.account, call["EncodedMessage"])
    except NotSealedHere:
        raise invalid_authorization_message() from None
    return {"DecodedMessage": message}
