"""SMS: settings, opted-out numbers, the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.services.sns.sms import ATTRIBUTES

NUMBER = "+491701234567"


def test_settings(sns: Any) -> None:
    assert sns.call("GetSMSAttributes") == {"attributes": {"MonthlySpendLimit": "1"}}
    sns.call("SetSMSAttributes", attributes={"DefaultSMSType": "Promotional", "DefaultSenderID": "Atoll"})
    assert sns.call("GetSMSAttributes", attributes=["DefaultSMSType"]) == {
        "attributes": {"DefaultSMSType": "Promotional"}
    }
    sns.call("SetSMSAttributes", attributes={"DefaultSMSType": ""})
    assert sns.call("GetSMSAttributes")["attributes"] == {"MonthlySpendLimit": "1", "DefaultSenderID": "Atoll"}


def test_every_setting_may_be_emptied(sns: Any) -> None:
    sns.call("SetSMSAttributes", attributes={"DeliveryStatusSuccessSamplingRate": "50", "DefaultSenderID": "Atoll"})
    sns.call("SetSMSAttributes", attributes=dict.fromkeys(sorted(ATTRIBUTES), ""))
    assert sns.call("GetSMSAttributes") == {"attributes": {"MonthlySpendLimit": "1"}}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Nonsense", "x", "Nonsense is not a valid attribute"),
        ("DefaultSMSType", "x", "DefaultSMSType is invalid"),
        ("DefaultSenderID", "1234", "DefaultSenderID is invalid"),
        ("UsageReportS3Bucket", "\x01", "UsageReportS3Bucket is invalid"),
        ("DeliveryStatusSuccessSamplingRate", "101", "DeliveryStatusSuccessSamplingRate is invalid"),
        ("MonthlySpendLimit", "x", "MonthlySpendLimit is invalid"),
    ],
)
def test_settings_that_may_not_be(sns: Any, name: str, value: str, message: str) -> None:
    failed = sns.fails("SetSMSAttributes", attributes={name: value})
    assert failed == ("InvalidParameter", message)


def test_opting_out_and_in(sns: Any) -> None:
    assert sns.call("CheckIfPhoneNumberIsOptedOut", phoneNumber=NUMBER) == {"isOptedOut": False}
    sns.call("OptOutPhoneNumber", PhoneNumber="+49/170.1234567")
    assert sns.call("CheckIfPhoneNumberIsOptedOut", phoneNumber=NUMBER) == {"isOptedOut": True}
    assert sns.call("ListPhoneNumbersOptedOut") == {"phoneNumbers": [NUMBER], "nextToken": None}
    sns.call("OptInPhoneNumber", phoneNumber=NUMBER)
    assert sns.call("OptInPhoneNumber", phoneNumber=NUMBER) == {}
    sns.call("OptOutPhoneNumber", PhoneNumber=NUMBER)
    assert sns.fails("OptInPhoneNumber", phoneNumber=NUMBER)[0] == "InvalidParameter"
    sns.clock.advance(30 * 86_400)
    sns.call("OptInPhoneNumber", phoneNumber=NUMBER)
    assert sns.fails("OptInPhoneNumber", phoneNumber="x") == (
        "InvalidParameter",
        "Invalid parameter: PhoneNumber Reason: input incorrectly formatted",
    )
    assert sns.fails("OptOutPhoneNumber", PhoneNumber="x")[0] == "InvalidParameter"


def test_who_is_opted_out_gets_nothing(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, "sms", "+49/170.123-4567")
    sns.publish(topic, "one")
    sns.call("OptOutPhoneNumber", PhoneNumber=NUMBER)
    sns.publish(topic, "two")
    assert [each["Message"] for each in sns.call("PeekKept", Kind="sms")["Messages"][NUMBER]] == ["one"]


def test_opted_out_numbers_come_in_pages(sns: Any) -> None:
    for number in range(101):
        sns.call("OptOutPhoneNumber", PhoneNumber=f"+4917012345{number:03}")
    first = sns.call("ListPhoneNumbersOptedOut")
    second = sns.call("ListPhoneNumbersOptedOut", nextToken=first["nextToken"])
    assert (len(first["phoneNumbers"]), len(second["phoneNumbers"])) == (100, 1)


def password(sns: Any) -> str:
    text = sns.call("PeekKept", Kind="sms")["Messages"][NUMBER][-1]["Message"]
    return str(text.rpartition(" ")[2])


def test_the_sandbox(sns: Any) -> None:
    assert sns.call("GetSMSSandboxAccountStatus") == {"IsInSandbox": True}
    sns.call("CreateSMSSandboxPhoneNumber", PhoneNumber=NUMBER)
    listed = sns.call("ListSMSSandboxPhoneNumbers")["PhoneNumbers"]
    assert listed == [{"PhoneNumber": NUMBER, "Status": "Pending"}]
    right = password(sns)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    verify = {"PhoneNumber": NUMBER, "OneTimePassword": wrong}
    assert sns.fails("VerifySMSSandboxPhoneNumber", **verify)[0] == "Verification"
    sns.clock.advance(901)
    assert sns.fails("VerifySMSSandboxPhoneNumber", **{**verify, "OneTimePassword": right})[0] == "Verification"
    sns.call("CreateSMSSandboxPhoneNumber", PhoneNumber=NUMBER)
    sns.call("VerifySMSSandboxPhoneNumber", PhoneNumber=NUMBER, OneTimePassword=password(sns))
    listed = sns.call("ListSMSSandboxPhoneNumbers")["PhoneNumbers"]
    assert listed == [{"PhoneNumber": NUMBER, "Status": "Verified"}]
    assert sns.fails("CreateSMSSandboxPhoneNumber", PhoneNumber=NUMBER)[0] == "UserError"
    sns.call("DeleteSMSSandboxPhoneNumber", PhoneNumber=NUMBER)
    for operation, more in (
        ("DeleteSMSSandboxPhoneNumber", {}),
        ("VerifySMSSandboxPhoneNumber", {"OneTimePassword": "1"}),
    ):
        assert sns.fails(operation, PhoneNumber=NUMBER, **more)[0] == "ResourceNotFound"


def test_who_is_opted_out_or_one_too_many_is_not_taken(sns: Any) -> None:
    sns.call("OptOutPhoneNumber", PhoneNumber=NUMBER)
    assert sns.fails("CreateSMSSandboxPhoneNumber", PhoneNumber=NUMBER)[0] == "OptedOut"
    for number in range(10):
        sns.call("CreateSMSSandboxPhoneNumber", PhoneNumber=f"+49170123450{number}")
    assert sns.fails("CreateSMSSandboxPhoneNumber", PhoneNumber="+4917099999999")[0] == "UserError"
    first = sns.call("ListSMSSandboxPhoneNumbers", MaxResults=6)
    second = sns.call("ListSMSSandboxPhoneNumbers", MaxResults=6, NextToken=first["NextToken"])
    assert (len(first["PhoneNumbers"]), len(second["PhoneNumbers"]), second["NextToken"]) == (6, 4, None)


@pytest.mark.parametrize("number", ["123456789", "+9411223344667788990"])
def test_the_sandbox_takes_numbers_that_nobody_can_be_called_at(sns: Any, number: str) -> None:
    sns.call("CreateSMSSandboxPhoneNumber", PhoneNumber=number)
    assert [each["PhoneNumber"] for each in sns.call("ListSMSSandboxPhoneNumbers")["PhoneNumbers"]] == [number]
    sns.call("DeleteSMSSandboxPhoneNumber", PhoneNumber=number)


def test_no_origination_numbers(sns: Any) -> None:
    assert sns.call("ListOriginationNumbers") == {"PhoneNumbers": []}
