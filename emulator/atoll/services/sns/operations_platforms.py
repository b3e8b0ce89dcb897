"""Operations on platform applications and their endpoints."""

from __future__ import annotations

import orjson

from atoll.core.call import Call, Params
from atoll.core.ids import uuid4
from atoll.services.sns import platforms
from atoll.services.sns.characters import check_shown
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.paging import Page
from atoll.services.sns.platforms import (
    PLATFORMS,
    Application,
    application_arn,
    check_application_attributes,
    check_application_name,
    check_credentials,
    check_endpoint_attributes,
    endpoint_arn,
    find_application,
    find_endpoint,
)
from atoll.services.sns.service import sns
from atoll.services.sns.topics import dump
from atoll.tenants import Tenant


@sns.operation("CreatePlatformApplication")
def create_platform_application(call: Call, tenant: Tenant) -> Params:
    check_application_name(call["Name"])
    platform: str = call["Platform"]
    if platform not in PLATFORMS:
        raise invalid_parameter(f"Platform Reason: {platform} is not supported")
    given: dict[str, str] = call["Attributes"]
    check_application_attributes(given)
    check_credentials(platform, given)
    name = f"{platform}/{call['Name']}"
    row = tenant.row("SELECT attributes FROM platform_application WHERE name = ?", (name,))
    if row is None:
        tenant.execute("INSERT INTO platform_application (name, attributes) VALUES (?, ?)", (name, dump(given)))
        platforms.record(tenant, "app", name, f"app/{name}")
    elif orjson.loads(row[0]) != given:
        raise invalid_parameter(
            "Name Reason: An application with the same name but different properties already exists"
        )
    return {"PlatformApplicationArn": application_arn(tenant, name)}


@sns.operation("DeletePlatformApplication")
def delete_platform_application(call: Call, tenant: Tenant) -> Params:
    arn: str = call["PlatformApplicationArn"]
    application = platforms.application_named(tenant, platforms.resource_in(arn, "PlatformApplicationArn", "app/"))
    if application is None or application_arn(tenant, application.name) != arn:
        return {}
    for (id,) in tenant.rows("SELECT id FROM platform_endpoint WHERE application = ?", (application.id,)):
        tenant.unrecord("sns", "endpoint", id)
    tenant.execute("DELETE FROM platform_endpoint WHERE application = ?", (application.id,))
    tenant.execute("DELETE FROM platform_application WHERE id = ?", (application.id,))
    tenant.unrecord("sns", "app", application.name)
    return {}


@sns.operation("GetPlatformApplicationAttributes", readonly=True)
def get_platform_application_attributes(call: Call, tenant: Tenant) -> Params:
    return {"Attributes": platforms.shown(find_application(tenant, call["PlatformApplicationArn"]))}


@sns.operation("SetPlatformApplicationAttributes")
def set_platform_application_attributes(call: Call, tenant: Tenant) -> Params:
    application = find_application(tenant, call["PlatformApplicationArn"])
    given: dict[str, str] = call["Attributes"]
    check_application_attributes(given)
    attributes = {name: value for name, value in {**application.attributes, **given}.items() if value}
    tenant.execute("UPDATE platform_application SET attributes = ? WHERE id = ?", (dump(attributes), application.id))
    return {}


@sns.operation("ListPlatformApplications", readonly=True)
def list_platform_applications(call: Call, tenant: Tenant) -> Params:
    page = Page(call)
    rows = tenant.rows(
        "SELECT id, name, attributes FROM platform_application WHERE id > ? ORDER BY id LIMIT ?",
        (page.after_number, page.limit + 1),
    )
    found = [Application(id, name, orjson.loads(attributes)) for id, name, attributes in rows]
    return {
        "PlatformApplications": [
            {"PlatformApplicationArn": application_arn(tenant, each.name), "Attributes": platforms.shown(each)}
            for each in found[: page.limit]
        ],
        "NextToken": page.token([each.id for each in found]),
    }


@sns.operation("CreatePlatformEndpoint")
def create_platform_endpoint(call: Call, tenant: Tenant) -> Params:
    application = find_application(tenant, call["PlatformApplicationArn"])
    token: str = call["Token"]
    if not token:
        raise invalid_parameter("Token Reason: cannot be empty")
    check_shown(token, "Token")
    given: dict[str, str] = dict(call.get("Attributes") or {})
    if call.get("CustomUserData") is not None:
        # What stands among the attributes counts.
        given.setdefault("CustomUserData", call["CustomUserData"])
    check_endpoint_attributes(given, needed=False)
    attributes = {"Enabled": "true", **given, "Token": token}
    row = tenant.row(
        "SELECT id, attributes FROM platform_endpoint WHERE application = ? AND token = ?", (application.id, token)
    )
    if row is not None:
        arn = endpoint_arn(tenant, application.name, row[0])
        if orjson.loads(row[1]) != attributes:
            raise invalid_parameter(
                f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
            )
        return {"EndpointArn": arn}
    id = uuid4()
    tenant.execute(
        "INSERT INTO platform_endpoint (application, id, token, attributes) VALUES (?, ?, ?, ?)",
        (application.id, id, token, dump(attributes)),
    )
    platforms.record(tenant, "endpoint", id, f"endpoint/{application.name}/{id}")
    return {"EndpointArn": endpoint_arn(tenant, application.name, id)}


@sns.operation("DeleteEndpoint")
def delete_endpoint(call: Call, tenant: Tenant) -> Params:
    platforms.resource_in(call["EndpointArn"], "EndpointArn", "endpoint/")
    found = platforms.endpoint_with_arn(tenant, call["EndpointArn"])
    if found is not None:
        application, endpoint = found
        platforms.remove_endpoint(tenant, endpoint, application.name)
    return {}


@sns.operation("GetEndpointAttributes", readonly=True)
def get_endpoint_attributes(call: Call, tenant: Tenant) -> Params:
    return {"Attributes": find_endpoint(tenant, call["EndpointArn"])[1].attributes}


@sns.operation("SetEndpointAttributes")
def set_endpoint_attributes(call: Call, tenant: Tenant) -> Params:
    application, endpoint = find_endpoint(tenant, call["EndpointArn"])
    given: dict[str, str] = call["Attributes"]
    check_endpoint_attributes(given, needed=True)
    attributes = {**endpoint.attributes, **given}
    token = attributes["Token"]
    row = tenant.row(
        "SELECT id FROM platform_endpoint WHERE application = ? AND token = ? AND number <> ?",
        (application.id, token, endpoint.number),
    )
    if row is not None:
        arn = endpoint_arn(tenant, application.name, row[0])
        raise invalid_parameter(
            f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
        )
    platforms.store_endpoint(tenant, endpoint, token, attributes)
    return {}


@sns.operation("ListEndpointsByPlatformApplication", readonly=True)
def list_endpoints_by_platform_application(call: Call, tenant: Tenant) -> Params:
    application = find_application(tenant, call["PlatformApplicationArn"])
    page = Page(call, application.name)
    rows = tenant.rows(
        "SELECT number, id, attributes FROM platform_endpoint WHERE application = ? AND number > ? "
        "ORDER BY number LIMIT ?",
        (application.id, page.after_number, page.limit + 1),
    )
    return {
        "Endpoints": [
            {
                "EndpointArn": endpoint_arn(tenant, application.name, id),
                "Attributes": orjson.loads(attributes),
            }
            for _, id, attributes in rows[: page.limit]
        ],
        "NextToken": page.token([number for number, _, _ in rows]),
    }
