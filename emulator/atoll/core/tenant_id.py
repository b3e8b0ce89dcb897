"""Which tenant: one (realm, account, region), the unit of state, of placement, of isolation, of copying."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_REALM = "default"
GLOBAL_REGION = "aws-global"
"""Holds what AWS keeps per account and not per region (IAM)."""


class TenantId(NamedTuple):
    realm: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.realm}/{self.account}/{self.region}"

    def home(self) -> TenantId:
        """The same account's tenant for what has no region."""
        return TenantId(self.realm, self.account, GLOBAL_REGION)
