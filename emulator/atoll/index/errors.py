"""What the resource index answers instead of a result."""

from __future__ import annotations

from atoll.core.tenant_id import TenantId


class IndexUnavailable(Exception):
    """The index cannot be opened, read or written. The message says why, and what to do."""


class NoSuchRealm(Exception):
    """There is no realm of that name, or no longer."""

    def __init__(self, realm: str) -> None:
        super().__init__(f"There is no realm {realm}")
        self.realm = realm


class AccountTaken(Exception):
    """Another name in the realm was declared for the account."""

    def __init__(self, realm: str, account: str, name: str) -> None:
        super().__init__(f"The account {account} of the realm {realm} is that of {name}")
        self.name = name


class NotOwner(Exception):
    """The tenant is placed elsewhere, or was since given away: the epoch is not the one that its placement has."""

    def __init__(self, tenant: TenantId, epoch: int) -> None:
        super().__init__(f"Tenant {tenant} is not owned under epoch {epoch}")
        self.tenant = tenant
        self.epoch = epoch


class PublishGap(Exception):
    """What was published does not follow on what the index has: changes between lack. Publish from `published` on."""

    def __init__(self, tenant: TenantId, published: int) -> None:
        super().__init__(f"The index has tenant {tenant} up to version {published} only")
        self.tenant = tenant
        self.published = published


class BadPageToken(ValueError):
    """The token of a page is not one that `resources` gave for the same realm."""
