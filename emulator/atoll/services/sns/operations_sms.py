"""Operations on SMS: settings, opted-out numbers, the sandbox. No message leaves Atoll."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.ids import hex_id, uuid4
from atoll.services.sns.endpoints import is_phone_number, normal_phone_number
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.kept import SMS, keep_message
from atoll.services.sns.messages import Message
from atoll.services.sns.paging import PAGE, Page
from atoll.services.sns.service import sns
from atoll.services.sns.sms import OPT_IN_PAUSE, check_sms_attributes, is_opted_out, sms_attributes
from atoll.tenants import Tenant

MAX_SANDBOX_NUMBERS = 10
VERIFY_WITHIN = 15 * 60_000
"""Milliseconds in which a one-time password holds."""


@sns.operation("SetSMSAttributes")
def set_sms_attributes(call: Call, tenant: Tenant) -> Params:
    given: dict[str, str] = call["attributes"]
    check_sms_attributes(given)
    for name, value in given.items():
        if value:
            tenant.execute("INSERT OR REPLACE INTO sms_attribute VALUES (?, ?)", (name, value))
        else:
            tenant.execute("DELETE FROM sms_attribute WHERE name = ?", (name,))
    return {}


@sns.operation("GetSMSAttributes", readonly=True)
def get_sms_attributes(call: Call, tenant: Tenant) -> Params:
    wanted = call.get("attributes")
    shown = sms_attributes(tenant)
    return {"attributes": {name: value for name, value in shown.items() if not wanted or name in wanted}}


# ---- opted-out numbers


def _number(text: str) -> str:
    if not is_phone_number(text):
        raise invalid_parameter("PhoneNumber Reason: input incorrectly formatted")
    return normal_phone_number(text)


@sns.operation("CheckIfPhoneNumberIsOptedOut", readonly=True)
def check_if_phone_number_is_opted_out(call: Call, tenant: Tenant) -> Params:
    return {"isOptedOut": is_opted_out(tenant, _number(call["phoneNumber"]))}


@sns.operation("ListPhoneNumbersOptedOut", readonly=True)
def list_phone_numbers_opted_out(call: Call, tenant: Tenant) -> Params:
    page = Page(call, parameter="nextToken")
    rows = tenant.rows(
        "SELECT number FROM opted_out WHERE number > ? ORDER BY number LIMIT ?", (page.after, page.limit + 1)
    )
    numbers = [number for (number,) in rows]
    return {"phoneNumbers": numbers[: page.limit], "nextToken": page.token(numbers)}


@sns.operation("OptInPhoneNumber")
def opt_in_phone_number(call: Call, tenant: Tenant) -> Params:
    number = _number(call["phoneNumber"])
    if not is_opted_out(tenant, number):
        return {}
    now = int(tenant.now() * 1000)
    last = tenant.row("SELECT at FROM opted_in WHERE number = ?", (number,))
    if last is not None and now < last[0] + OPT_IN_PAUSE:
        raise invalid_parameter("PhoneNumber Reason: the phone number can be opted in only once every 30 days")
    tenant.execute("DELETE FROM opted_out WHERE number = ?", (number,))
    tenant.execute("INSERT OR REPLACE INTO opted_in VALUES (?, ?)", (number, now))
    return {}


# ---- the sandbox: the model's pattern alone says which numbers it takes


@sns.operation("GetSMSSandboxAccountStatus", readonly=True)
def get_sms_sandbox_account_status(call: Call, tenant: Tenant) -> Params:
    """As of a new account. Messages are kept all the same, whomever they are for."""
    return {"IsInSandbox": True}


@sns.operation("CreateSMSSandboxPhoneNumber")
def create_sms_sandbox_phone_number(call: Call, tenant: Tenant) -> Params:
    number: str = call["PhoneNumber"]
    if is_opted_out(tenant, number):
        raise AwsError("OptedOutException", "The phone number is opted out")
    row = tenant.row("SELECT status FROM sandbox_number WHERE number = ?", (number,))
    if row is None:
        count = tenant.rows("SELECT count(*) FROM sandbox_number")[0][0]
        if count >= MAX_SANDBOX_NUMBERS:
            raise AwsError("UserErrorException", "You have reached the limit of destination phone numbers")
    elif row[0] == "Verified":
        raise AwsError("UserErrorException", "Phone number is already verified")
    now = int(tenant.now() * 1000)
    password = f"{int(hex_id(8), 16) % 1_000_000:06d}"
    tenant.execute("INSERT OR REPLACE INTO sandbox_number VALUES (?, 'Pending', ?, ?)", (number, password, now))
    text = f"Your AWS verification code is {password}"
    keep_message(tenant, SMS, number, Message(uuid4(), now, text, ""), text)
    return {}


@sns.operation("VerifySMSSandboxPhoneNumber")
def verify_sms_sandbox_phone_number(call: Call, tenant: Tenant) -> Params:
    number: str = call["PhoneNumber"]
    row = tenant.row("SELECT status, created, password FROM sandbox_number WHERE number = ?", (number,))
    if row is None:
        raise AwsError("ResourceNotFoundException", "Phone number not found")
    status, created, password = row
    if status == "Pending":
        if int(tenant.now() * 1000) > created + VERIFY_WITHIN:
            raise AwsError("VerificationException", "The one-time password has expired", members={"Status": "Expired"})
        if call["OneTimePassword"] != password:
            raise AwsError("VerificationException", "Invalid one-time password", members={"Status": "Pending"})
    tenant.execute("UPDATE sandbox_number SET status = 'Verified' WHERE number = ?", (number,))
    return {}


@sns.operation("DeleteSMSSandboxPhoneNumber")
def delete_sms_sandbox_phone_number(call: Call, tenant: Tenant) -> Params:
    number: str = call["PhoneNumber"]
    if tenant.row("SELECT 1 FROM sandbox_number WHERE number = ?", (number,)) is None:
        raise AwsError("ResourceNotFoundException", "Phone number not found")
    tenant.execute("DELETE FROM sandbox_number WHERE number = ?", (number,))
    return {}


@sns.operation("ListSMSSandboxPhoneNumbers", readonly=True)
def list_sms_sandbox_phone_numbers(call: Call, tenant: Tenant) -> Params:
    page = Page(call, limit=call.get("MaxResults") or PAGE)
    rows = tenant.rows(
        "SELECT number, status FROM sandbox_number WHERE number > ? ORDER BY number LIMIT ?",
        (page.after, page.limit + 1),
    )
    return {
        "PhoneNumbers": [{"PhoneNumber": number, "Status": status} for number, status in rows[: page.limit]],
        "NextToken": page.token([number for number, _ in rows]),
    }


@sns.operation("ListOriginationNumbers", readonly=True)
def list_origination_numbers(call: Call, tenant: Tenant) -> Params:
    """None: numbers are bought by another service."""
    Page(call)
    return {"PhoneNumbers": []}
