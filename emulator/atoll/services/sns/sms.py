"""SMS: the account's settings, its sandbox, and who wants no messages.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html
"""

from __future__ import annotations

import re

from atoll.services.sns.characters import check_shown
from atoll.services.sns.errors import invalid_parameter
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
            raise invalid_parameter(f"{name} is not a valid attribute")
        check_shown(value, f"{name} is invalid")
        match name:
            case "DefaultSenderID" if value and not _SENDER.fullmatch(value):
                raise invalid_parameter("DefaultSenderID is not a valid attribute")
            case "DefaultSMSType" if value and value not in TYPES:
                raise invalid_parameter("DefaultSMSType is invalid")
            case "DeliveryStatusSuccessSamplingRate" if value and not (value.isdecimal() and int(value) <= 100):
                raise invalid_parameter("DeliveryStatusSuccessSamplingRate is invalid")
            case "MonthlySpendLimit" if value and not value.isdecimal():
                raise invalid_parameter("MonthlySpendLimit is invalid")


def sms_attributes(tenant: Tenant) -> dict[str, str]:
    return {**DEFAULTS, **dict(tenant.rows("SELECT name, value FROM sms_attribute ORDER BY name"))}


def is_opted_out(tenant: Tenant, number: str) -> bool:
    return tenant.row("SELECT 1 FROM opted_out WHERE number = ?", (number,)) is not None
