"""Lists of resources: filters, order, pages."""

from __future__ import annotations

import base64
import json
from typing import Any

import apsw
import pytest
from atoll.core.tenant_id import TenantId
from atoll.index import BadPageToken, CatalogueRow, Index, Resource
from atoll.index.listing import resources
from atoll.index.schema import index_schema
from hypothesis import given, settings
from hypothesis import strategies as st

ONE, TWO = "111111111111", "222222222222"
TENANTS = [
    TenantId("default", ONE, "eu-central-1"),
    TenantId("default", ONE, "us-east-1"),
    TenantId("default", TWO, "us-east-1"),
    TenantId("twin", ONE, "us-east-1"),
]


@pytest.fixture
def shelf(index: Index, do: Any) -> list[Resource]:
    """The resources of `default`, in order."""
    kept = []
    for tenant in TENANTS:
        rows = []
        for number, (service, kind) in enumerate(
            [("sqs", "queue"), ("sns", "topic"), ("kms", "key"), ("kms", "alias"), ("s3", "bucket")]
        ):
            tags = {"env": ("prod", "dev", "test")[number % 3]} if number else {}
            if number % 2:
                tags["Owner"] = tenant.region
            id = f"My_thing-{number}"
            arn = f"arn:aws:{service}:{tenant.region}:{tenant.account}:{id}"
            # Two of a tenant may have one ARN; they are told apart by their kinds.
            rows.append(CatalogueRow(service, kind, id, arn if service != "kms" else arn[:-1], tags, 1.0, number + 1))
        epoch = do(index.place(tenant, "cell")).epoch
        do(index.publish(tenant, epoch, rows, [], after=0))
        kept += [
            Resource(tenant, row.service, row.kind, row.id, row.arn, row.tags, row.created, row.version) for row in rows
        ]
    in_realm = [resource for resource in kept if resource.tenant.realm == "default"]
    return sorted(in_realm, key=lambda r: (r.arn, r.tenant.account, r.tenant.region, r.service, r.kind, r.id))


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 15),
        ({"account": ONE}, 10),
        ({"region": "us-east-1"}, 10),
        ({"account": ONE, "region": "us-east-1"}, 5),
        ({"service": "kms"}, 6),
        ({"kind": "alias"}, 3),
        ({"service": "sqs", "kind": "alias"}, 0),
        ({"account": "333333333333"}, 0),
        ({"tags": {"env": []}}, 12),
        ({"tags": {"env": ["prod"]}}, 3),
        ({"tags": {"env": ["prod", "dev"]}}, 9),
        ({"tags": {"env": ["prod", "dev"], "Owner": ["us-east-1"]}}, 4),
        ({"tags": {"Env": []}}, 0),
        ({"tags": {"env": ["Prod"]}}, 0),
        ({"tags": {"env": ["dev"]}, "service": "s3", "account": TWO}, 1),
        ({"text": "thing"}, 15),
        ({"text": "MY_THING-0"}, 3),
        ({"text": "My%"}, 0),
        ({"text": "y-thing"}, 0),
        ({"text": "My?thing"}, 0),
        ({"text": "\\"}, 0),
        ({"text": TWO, "kind": "queue"}, 1),
        ({"text": "x" * 100_000}, 0),
        ({"text": "'; DROP TABLE resource; --"}, 0),
    ],
)
def test_filters(index: Index, do: Any, shelf: list[Resource], filters: dict[str, Any], count: int) -> None:
    def meets(resource: Resource) -> bool:
        of_tenant = {"account": resource.tenant.account, "region": resource.tenant.region}
        columns = {**of_tenant, "service": resource.service, "kind": resource.kind}
        tags = filters.get("tags", {})
        return (
            all(columns[name] == value for name, value in filters.items() if name in columns)
            and filters.get("text", "").lower() in resource.arn.lower()
            and all(
                key in resource.tags and (not any_of or resource.tags[key] in any_of) for key, any_of in tags.items()
            )
        )

    expected = [resource for resource in shelf if meets(resource)]
    assert len(expected) == count
    page = do(index.resources("default", **filters))
    assert page.resources == expected
    assert page.next_token is None
    paged: list[Resource] = []
    token = None
    while True:
        page = do(index.resources("default", **filters, token=token, limit=2))
        paged += page.resources
        assert (page.next_token is None) == (len(paged) >= count)
        if (token := page.next_token) is None:
            break
    assert paged == expected


def test_what_comes_and_goes_between_two_pages_shifts_nothing(index: Index, do: Any, shelf: list[Resource]) -> None:
    first = do(index.resources("default", limit=5))
    last = first.resources[-1]
    # The page's own last resource goes, and one before it comes.
    gone = CatalogueRow(last.service, last.kind, last.id, last.arn, {}, 1.0, 6, True)
    do(index.publish(last.tenant, 1, [gone, CatalogueRow("a", "b", "c", "arn:aws:a", {}, 1.0, 7)], [], after=5))
    assert do(index.resources("default", token=first.next_token)).resources == shelf[5:]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_its_bounds(index: Index, do: Any, limit: int) -> None:
    with pytest.raises(ValueError):
        do(index.resources("default", limit=limit))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "é",
        "AAAA",
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b'["default", 1, 2, 3, 4, 5, 6]').decode(),
        base64.urlsafe_b64encode(json.dumps(["default"] * 8).encode()).decode(),
        base64.urlsafe_b64encode(json.dumps(["twin"] * 7).encode()).decode(),
    ],
)
def test_a_token_that_is_none_is_refused(index: Index, do: Any, token: str) -> None:
    with pytest.raises(BadPageToken):
        do(index.resources("default", token=token))


def test_a_token_is_good_in_its_realm_only(index: Index, do: Any, shelf: list[Resource]) -> None:
    token = do(index.resources("default", limit=1)).next_token
    with pytest.raises(BadPageToken):
        do(index.resources("twin", token=token))


@given(token=st.text(max_size=40) | st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode()))
@settings(max_examples=100, derandomize=True)
def test_no_token_breaks_it(token: str) -> None:
    async def no_rows(sql: str, args: object = ()) -> list[Any]:
        return []

    with pytest.raises(BadPageToken):
        resources(no_rows, "default", {}, {}, "", token, 10).send(None)


@pytest.mark.parametrize(
    ("filters", "tags", "expected"),
    [
        ({}, {}, "resource_arn"),
        ({"account": ONE}, {}, "resource_account"),
        ({"account": ONE, "region": "r"}, {}, "resource_account"),
        ({"service": "s3"}, {}, "resource_service"),
        ({"service": "s3", "kind": "bucket"}, {}, "resource_service"),
        ({}, {"env": ["prod"]}, "resource_tag_value"),
        ({"service": "s3"}, {"env": ["prod"]}, "resource_tag_value"),
    ],
)
def test_the_database_has_an_index_in_the_order_of_the_list(
    filters: dict[str, str], tags: dict[str, list[str]], expected: str
) -> None:
    connection = apsw.Connection(":memory:")
    connection.cursor().execute(index_schema().sql).fetchall()
    plan: list[str] = []

    async def explain(sql: str, args: Any = ()) -> list[Any]:
        plan.extend(row[3] for row in connection.cursor().execute(f"EXPLAIN QUERY PLAN {sql}", args))
        return []

    with pytest.raises(StopIteration):
        resources(explain, "default", filters, tags, "", None, 10).send(None)
    assert f"INDEX {expected} " in plan[0]
    assert "arn>?" in plan[0]
    connection.close()
