"""SMS: the account's settings, its sandbox, and who wants no messages.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html
"""

from __future__ import annotations

import re

from atoll.core.digits import read_whole
from atoll.core.errors import AwsError
from atoll.core.xml_text import not_in_xml
from atoll.services.sns.topic_attributes import is_percentage
from atoll.tenants import Tenant

ATTRIBUTES = frozenset(
    (
        "DefaultSenderID",
        "DefaultSMSType",
        "DeliveryStatusIAMRole",
        "DeliveryStatusSuccessSamplingRate",
        "MonthlySpendLimit",
        "UsageReportS3Bucket",
    )
)
DEFAULTS = {"MonthlySpendLimit": "1"}
TYPES = ("Promotional", "Transactional")
OPT_IN_PAUSE = 30 * 86_400_000
"""Milliseconds in which a number is not opted in a second time."""
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")


def check_sms_attributes(given: dict[str, str]) -> None:
    """Raises InvalidParameterException."""
    for name, value in given.items():
        if name not in ATTRIBUTES:
            raise AwsError("InvalidParameterException", f"{name} is not a valid attribute")
        if value and (not_in_xml(value) or not _is_valid(name, value)):
            raise AwsError("InvalidParameterException", f"{name} is invalid")


def _is_valid(name: str, value: str) -> bool:
    match name:
        case "DefaultSenderID":
            return _SENDER.fullmatch(value) is not None
        case "DefaultSMSType":
            return value in TYPES
        case "DeliveryStatusSuccessSamplingRate":
            return is_percentage(value)
        case "MonthlySpendLimit":
            return read_whole(value) is not None
    return True


def sms_attributes(tenant: Tenant) -> dict[str, str]:
    return {**DEFAULTS, **dict(tenant.rows("SELECT name, value FROM sms_attribute ORDER BY name"))}


def is_opted_out(tenant: Tenant, number: str) -> bool:
    return tenant.row("SELECT 1 FROM opted_out WHERE number = ?", (number,)) is not None
