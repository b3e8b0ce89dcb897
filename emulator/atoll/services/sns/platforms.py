"""Platform applications and their endpoints: rows, and what their attributes may be.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-application-as-subscriber.html
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from atoll.core.arn import parse_arn, render_arn
from atoll.core.errors import AwsError
from atoll.services.sns.characters import check_shown
from atoll.services.sns.errors import (
    endpoint_does_not_exist,
    invalid_parameter,
    not_an_arn,
    platform_application_does_not_exist,
)
from atoll.services.sns.topic_attributes import NO_PERCENTAGE, is_percentage
from atoll.services.sns.topics import dump
from atoll.tenants import Tenant

PLATFORMS = frozenset(
    (
        "ADM",
        "APNS",
        "APNS_SANDBOX",
        "APNS_VOIP",
        "APNS_VOIP_SANDBOX",
        "BAIDU",
        "FCM",
        "GCM",
        "MACOS",
        "MACOS_SANDBOX",
        "MPNS",
        "WNS",
    )
)
WITHOUT_PRINCIPAL = frozenset(("FCM", "GCM"))
SECRET = ("PlatformCredential", "PlatformPrincipal")
"""Attributes that are never shown."""
SETTABLE = frozenset(
    (
        *SECRET,
        "ApplePlatformBundleID",
        "ApplePlatformTeamID",
        "Enabled",
        "EventDeliveryFailure",
        "EventEndpointCreated",
        "EventEndpointDeleted",
        "EventEndpointUpdated",
        "FailureFeedbackRoleArn",
        "SuccessFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
    )
)
ENDPOINT_ATTRIBUTES = frozenset(("CustomUserData", "Enabled", "Token", "ChannelId", "UserId"))
MAX_USER_DATA = 2048
"""Bytes."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")

Attributes = dict[str, str]


class Application(NamedTuple):
    """`name` is PLATFORM/NAME."""

    id: int
    name: str
    attributes: Attributes


class Endpoint(NamedTuple):
    """`application` is that application's row."""

    number: int
    application: int
    id: str
    token: str
    attributes: Attributes


def application_arn(tenant: Tenant, name: str) -> str:
    return render_arn("sns", tenant.id, f"app/{name}")


def endpoint_arn(tenant: Tenant, application: str, id: str) -> str:
    return render_arn("sns", tenant.id, f"endpoint/{application}/{id}")


def resource_in(arn: str, parameter: str, start: str) -> str:
    """What follows `start` in the ARN's resource. Raises InvalidParameterException."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "sns":
        if arn.count(":") < 5:
            raise not_an_arn(parameter, arn)
        raise invalid_parameter(parameter)
    if not parsed.resource.startswith(start):
        raise invalid_parameter(f"{parameter} Reason: Wrong number of slashes in relative portion of the ARN.")
    return parsed.resource.removeprefix(start)


def find_application(tenant: Tenant, arn: str) -> Application:
    """Raises InvalidParameterException, NotFoundException."""
    found = application_named(tenant, resource_in(arn, "PlatformApplicationArn", "app/"))
    if found is None or application_arn(tenant, found.name) != arn:
        raise platform_application_does_not_exist()
    return found


def application_named(tenant: Tenant, name: str) -> Application | None:
    row = tenant.row("SELECT id, name, attributes FROM platform_application WHERE name = ?", (name,))
    return None if row is None else Application(row[0], row[1], orjson.loads(row[2]))


def find_endpoint(tenant: Tenant, arn: str) -> tuple[Application, Endpoint]:
    """Raises InvalidParameterException, NotFoundException."""
    resource_in(arn, "EndpointArn", "endpoint/")
    found = endpoint_with_arn(tenant, arn)
    if found is None:
        raise endpoint_does_not_exist()
    return found


def endpoint_with_arn(tenant: Tenant, arn: str) -> tuple[Application, Endpoint] | None:
    """None where it is no endpoint of this tenant."""
    row = tenant.row(
        "SELECT a.id, a.name, a.attributes, e.number, e.application, e.id, e.token, e.attributes "
        "FROM platform_endpoint e JOIN platform_application a ON a.id = e.application WHERE e.id = ?",
        (arn.rpartition("/")[2],),
    )
    if row is None or endpoint_arn(tenant, row[1], row[5]) != arn:
        return None
    application = Application(row[0], row[1], orjson.loads(row[2]))
    return application, Endpoint(row[3], row[4], row[5], row[6], orjson.loads(row[7]))


def endpoint_to_publish_to(tenant: Tenant, arn: str) -> str:
    """The end of its ARN. Raises InvalidParameterException, EndpointDisabledException,
    PlatformApplicationDisabledException."""
    found = endpoint_with_arn(tenant, arn)
    if found is None:
        raise invalid_parameter("TargetArn Reason: No endpoint found for the target arn specified")
    application, endpoint = found
    if not _is_enabled(application.attributes):
        raise AwsError("PlatformApplicationDisabledException", "Platform application is disabled")
    if not _is_enabled(endpoint.attributes):
        raise AwsError("EndpointDisabledException", "Endpoint is disabled")
    return f"endpoint/{application.name}/{endpoint.id}"


def _is_enabled(attributes: Attributes) -> bool:
    return attributes.get("Enabled", "true").lower() == "true"


def shown(application: Application) -> Attributes:
    """Its attributes as they are shown."""
    return {
        "Enabled": "true",
        **{name: value for name, value in application.attributes.items() if name not in SECRET},
    }


def check_application_name(name: str) -> None:
    """Raises InvalidParameterException."""
    reason = ""
    if not name:
        reason = "cannot be empty"
    elif len(name) > 256:
        reason = "must be at most 256 characters long"
    elif not _NAME.fullmatch(name):
        reason = "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"
    if reason:
        raise invalid_parameter(f"{name} Reason: {reason}")


def check_application_attributes(given: Attributes) -> None:
    """Raises InvalidParameterException, and AWS's ValidationError where there are none."""
    _check_given(given)
    for name, value in given.items():
        if name not in SETTABLE:
            raise invalid_parameter(f"Attributes Reason: Invalid attribute name: {name}")
        check_shown(value, f"Attributes Reason: Invalid value for attribute: {name}")
        if name == "Enabled" and value.lower() not in ("true", "false"):
            raise invalid_parameter("Attributes Reason: Invalid value for attribute: Enabled: must be true or false")
        if name.startswith("Event") and value and parse_arn(value) is None:
            raise invalid_parameter(f"Attributes Reason: Invalid value for attribute: {name}: invalid topic ARN")
        if name == "SuccessFeedbackSampleRate" and value and not is_percentage(value):
            raise invalid_parameter(
                f"Attributes Reason: Invalid value for attribute: {name}: {NO_PERCENTAGE.format(value)}"
            )


def check_credentials(platform: str, given: Attributes) -> None:
    """Raises InvalidParameterException. The credentials are not tried: nothing is sent anywhere."""
    credential, principal = given.get("PlatformCredential"), given.get("PlatformPrincipal")
    if not credential and (not principal or platform in WITHOUT_PRINCIPAL):
        raise invalid_parameter("Attributes Reason: PlatformCredential attribute is required")
    if credential and not principal and platform not in WITHOUT_PRINCIPAL:
        raise invalid_parameter("Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal")
    if principal and not credential:
        raise invalid_parameter("Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential")


def check_endpoint_attributes(given: Attributes, *, needed: bool) -> None:
    """Raises InvalidParameterException, and AWS's ValidationError where there are none but have to be."""
    if needed:
        _check_given(given)
    for name, value in given.items():
        if name not in ENDPOINT_ATTRIBUTES:
            raise invalid_parameter(f"Attributes Reason: Invalid attribute name: {name}")
        check_shown(value, f"Attributes Reason: Invalid value for attribute: {name}")
        if name == "Enabled" and value.lower() not in ("true", "false"):
            raise invalid_parameter("Attributes Reason: Invalid value for attribute: Enabled: must be true or false")
        if name == "Token" and not value:
            raise invalid_parameter("Attributes Reason: Invalid value for attribute: Token: cannot be empty")
    if len(given.get("CustomUserData", "").encode()) > MAX_USER_DATA:
        raise invalid_parameter(
            "Attributes Reason: Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 "
            "encoding"
        )


def _check_given(given: Attributes) -> None:
    if not given:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be "
            "null",
        )


def store_endpoint(tenant: Tenant, endpoint: Endpoint, token: str, attributes: Attributes) -> None:
    tenant.execute(
        "UPDATE platform_endpoint SET token = ?, attributes = ? WHERE number = ?",
        (token, dump(attributes), endpoint.number),
    )


def remove_endpoint(tenant: Tenant, endpoint: Endpoint, application: str) -> None:
    tenant.execute("DELETE FROM platform_endpoint WHERE number = ?", (endpoint.number,))
    tenant.execute(
        "DELETE FROM kept_message WHERE kind = 'push' AND target = ?", (f"endpoint/{application}/{endpoint.id}",)
    )
    tenant.unrecord("sns", "endpoint", endpoint.id)


def record(tenant: Tenant, kind: str, id: str, resource: str, tags: dict[str, Any] | None = None) -> None:
    tenant.record("sns", kind, id, f"arn:{{partition}}:sns:{{region}}:{{account}}:{resource}", tags or {})
