"""The resource index: the directory of realms, accounts, keys, tenants, names and resources. Drivers stand apart
(`atoll.index.sqlite`), so that importing this costs nothing."""

from atoll.index.directory import Directory
from atoll.index.errors import AccountTaken, BadPageToken, IndexUnavailable, NoSuchRealm, NotOwner, PublishGap
from atoll.index.interface import ChangeKind, Index, OnChange
from atoll.index.rows import (
    AccessKey,
    Account,
    CatalogueRow,
    Declaration,
    Holding,
    KeyStatus,
    Name,
    Placement,
    Realm,
    Resource,
    ResourcePage,
)

__all__ = [
    "AccessKey",
    "Account",
    "AccountTaken",
    "BadPageToken",
    "CatalogueRow",
    "ChangeKind",
    "Declaration",
    "Directory",
    "Holding",
    "Index",
    "IndexUnavailable",
    "KeyStatus",
    "Name",
    "NoSuchRealm",
    "NotOwner",
    "OnChange",
    "Placement",
    "PublishGap",
    "Realm",
    "Resource",
    "ResourcePage",
]
