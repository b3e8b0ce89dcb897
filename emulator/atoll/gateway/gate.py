"""What callers may not do for now: accounts that are suspended, and regions that an account may not use.

Most Atolls have neither, so a call asks one question only: whether there is anything to ask.
"""

from __future__ import annotations

from typing import NamedTuple

from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import GLOBAL_REGION, TenantId
from atoll.gateway.refusals import NotAuthenticated, Reason


class Restriction(NamedTuple):
    """Of an account. `regions` are those that may be used, none being all."""

    suspended: bool = False
    regions: frozenset[str] = frozenset()


class Gate:
    def __init__(self) -> None:
        self.shut = False
        """Whether any account has a restriction."""
        self._restrictions: dict[tuple[str, str], Restriction] = {}

    def restrict(self, realm: str, account: str, restriction: Restriction) -> None:
        """From the next call on; a restriction that restricts nothing takes away the one before."""
        if restriction == Restriction():
            self._restrictions.pop((realm, account), None)
        else:
            self._restrictions[realm, account] = restriction
        self.shut = bool(self._restrictions)

    def check(self, caller: Caller) -> None:
        """Raises AwsError for a suspended account, NotAuthenticated where the caller's region is not to be used: AWS
        says of a region that is not enabled that it does not know the key.

        https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
        """
        restriction = self._restrictions.get((caller.realm, caller.account))
        if restriction is None:
            return
        if restriction.suspended:
            raise AwsError("AccessDenied", f"The account {caller.account} is suspended.", status=403)
        self._check_region(restriction, caller.region)

    def check_owner(self, owner: TenantId) -> None:
        """Raises NotAuthenticated where the region of what is meant is not one that its account may use."""
        restriction = self._restrictions.get((owner.realm, owner.account))
        if restriction is not None:
            self._check_region(restriction, owner.region)

    @staticmethod
    def _check_region(restriction: Restriction, region: str) -> None:
        if restriction.regions and region not in (*restriction.regions, GLOBAL_REGION):
            raise NotAuthenticated(Reason.UNKNOWN_TOKEN, token="")
