"""Lists of resources, filtered and in pages: the statement and the page tokens."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence

import msgspec

from atoll.core.tenant_id import TenantId
from atoll.index.driver import Row, Run, Value
from atoll.index.errors import BadPageToken
from atoll.index.rows import Resource, ResourcePage

MAX_LIMIT = 1000
_MAX_ARN = 2048
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResourceSpecificResult.html"""

_KEY = ("realm", "account", "region", "service", "kind", "id")
_ORDER = ("arn", "account", "region", "service", "kind", "id")
_TAGS = msgspec.json.Decoder(dict[str, str])


async def resources(
    run: Run,
    realm: str,
    filters: Mapping[str, str],
    tags: Mapping[str, Sequence[str]],
    text: str,
    token: str | None,
    limit: int,
) -> ResourcePage:
    """`filters` are columns with the values that they must have; empty ones filter nothing."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit must be 1 to {MAX_LIMIT}, not {limit}")
    # A lower bound from the first page on leads every database to the index that has the list's order.
    behind = [""] * len(_ORDER) if token is None else _read_token(token, realm)
    if len(text) > _MAX_ARN:
        return ResourcePage([])
    joins: list[str] = []
    args: list[Value] = []
    for number, (key, values) in enumerate(tags.items()):
        # A resource has a key once, so that no join makes it come twice.
        joins.append(_tag_join(f"t{number}", len(values)))
        args += [realm, key, *values]
    conditions = ["r.realm = ?"]
    args.append(realm)
    for column, value in filters.items():
        if value:
            conditions.append(f"r.{column} = ?")
            args.append(value)
    if text:
        conditions.append(r"lower(r.arn) LIKE lower(?) ESCAPE '\'")
        args.append(f"%{_escape(text)}%")
    order = ", ".join(f"{'t0' if tags else 'r'}.{column}" for column in _ORDER)
    found = await run(
        "SELECT r.account, r.region, r.service, r.kind, r.id, r.arn, r.tags, r.created, r.version "
        f"FROM resource r {' '.join(joins)} WHERE {' AND '.join(conditions)} AND ({order}) > ({_marks(len(_ORDER))}) "
        f"ORDER BY {order} LIMIT ?",
        (*args, *behind, limit + 1),
    )
    page = [_resource(realm, row) for row in found[:limit]]
    return ResourcePage(page, _make_token(page[-1]) if len(found) > limit else None)


def _tag_join(table: str, values: int) -> str:
    same = " AND ".join(f"{table}.{column} = r.{column}" for column in _KEY)
    one_of = f" AND {table}.value IN ({_marks(values)})" if values else ""
    return f"JOIN resource_tag {table} ON {same} AND {table}.realm = ? AND {table}.tag_key = ?{one_of}"


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _resource(realm: str, row: Row) -> Resource:
    account, region, service, kind, id, arn, tags, created, version = row
    return Resource(TenantId(realm, account, region), service, kind, id, arn, _TAGS.decode(tags), created, version)


def _make_token(last: Resource) -> str:
    _, account, region = last.tenant
    place = (last.tenant.realm, last.arn, account, region, last.service, last.kind, last.id)
    return urlsafe_b64encode(msgspec.json.encode(place)).decode("ascii")


def _read_token(token: str, realm: str) -> list[str]:
    """The place in the order behind which the next page begins. Raises BadPageToken."""
    try:
        place = msgspec.json.decode(urlsafe_b64decode(token.encode("ascii")), type=list[str])
    except (UnicodeEncodeError, Base64Error, msgspec.DecodeError) as error:
        raise BadPageToken("The token is not one of a page") from error
    if len(place) != 1 + len(_ORDER) or place[0] != realm:
        raise BadPageToken("The token is not one of a page of this realm")
    return place[1:]
