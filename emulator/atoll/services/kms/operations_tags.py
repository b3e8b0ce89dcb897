"""Operations on the tags of keys."""

from __future__ import annotations

import orjson

from atoll.core.call import Call, Params
from atoll.services.kms.keys import check_not_pending_deletion, find_key_itself, record_key, update_key
from atoll.services.kms.managing import check_customers
from atoll.services.kms.paging import Page
from atoll.services.kms.service import kms
from atoll.services.kms.tags import check_count, parse_tags
from atoll.tenants import Tenant

MAX_LISTED = 50


@kms.operation("TagResource")
def tag_resource(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html"""
    return _tag(call, tenant, parse_tags(call["Tags"]), frozenset())


@kms.operation("UntagResource")
def untag_resource(call: Call, tenant: Tenant) -> Params:
    return _tag(call, tenant, {}, frozenset(call["TagKeys"]))


def _tag(call: Call, tenant: Tenant, given: dict[str, str], taken: frozenset[str]) -> Params:
    key = find_key_itself(tenant, call["KeyId"])
    check_customers(call, key)
    check_not_pending_deletion(key)
    tags = {name: value for name, value in {**key.tags, **given}.items() if name not in taken}
    check_count(tags)
    update_key(tenant, key, tags=orjson.dumps(tags).decode())
    record_key(tenant, key.id, tags)
    return {}


@kms.operation("ListResourceTags", readonly=True)
def list_resource_tags(call: Call, tenant: Tenant) -> Params:
    key = find_key_itself(tenant, call["KeyId"])
    page = Page(call, MAX_LISTED, key=key)
    return page.show(
        "Tags",
        [pair for pair in sorted(key.tags.items()) if pair[0] > page.after],
        key=lambda pair: pair[0],
        show=lambda pair: {"TagKey": pair[0], "TagValue": pair[1]},
    )
