"""What replicas lack of a secret's values, and those values sealed anew under each replica's own KMS key.

A transaction looks what is lacking, the values are sealed, and a second transaction sends them, where they still are
all that is lacking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from atoll.core.call import Call
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.arns import render
from atoll.services.secretsmanager.encryption import Seal, seal, settled_key, unseal
from atoll.services.secretsmanager.replicas import FAILED, Copies, Replica, replicas_of
from atoll.services.secretsmanager.secrets import CURRENT, PENDING, PREVIOUS, Secret, with_id
from atoll.services.secretsmanager.versions import Version, add_seal, all_versions, find_version
from atoll.tenants import Tenant


class Lack(NamedTuple):
    """`by_replica` has the versions' ids that each replica lacks, `versions` those that are here, by their ids."""

    by_replica: list[tuple[Replica, frozenset[str]]]
    versions: dict[str, Version]

    def filled_by(self, copies: Copies) -> bool:
        """Whether nothing is lacking that was not sealed, or tried to."""
        for replica, wanted in self.by_replica:
            found = copies.get(replica.place)
            if found is None or not (isinstance(found, AwsError) or wanted <= found.keys()):
                return False
        return True


def labelled(tenant: Tenant, secret: Secret) -> dict[str, Version]:
    """The versions that replicas have: with a label, and a value."""
    labels = secret.by_version()
    return {
        version.version_id: version
        for version in all_versions(tenant, secret)
        if version.version_id in labels and version.seals
    }


def lacking(tenant: Tenant, secret: Secret, coming: Iterable[str] = ()) -> Lack:
    """What replicas lack once the versions `coming` have labels: those, and one that has failed may lack all."""
    replicas = [replica for replica in replicas_of(tenant, secret) if replica.alive or replica.status == FAILED]
    new = frozenset(coming)
    found = {id: find_version(tenant, secret, id) for id in new} if replicas else {}
    versions = {id: version for id, version in found.items() if version is not None and version.seals}
    everything = new
    if any(replica.status == FAILED for replica in replicas):
        versions |= labelled(tenant, secret)
        everything |= versions.keys()
    return Lack([(replica, everything if replica.status == FAILED else new) for replica in replicas], versions)


async def seal_lacking(call: Call, lagoon: Lagoon, lack: Lack, given: Mapping[str, bytes]) -> Copies:
    """Seals what is lacking; `given` are the values that are only coming. One that cannot be opened goes nowhere."""
    values: dict[str, bytes | None] = dict(given)
    for version_id in frozenset[str]().union(*(wanted for _, wanted in lack.by_replica)) - given.keys():
        version = lack.versions.get(version_id)
        values[version_id] = None if version is None else await opened(call, lagoon, version)
    copies: Copies = {}
    for replica, wanted in lack.by_replica:
        copies |= await seal_copies(call, lagoon, (replica,), {id: values[id] for id in wanted})
    return copies


def to_seal_anew(tenant: Tenant, secret: Secret) -> list[Version]:
    """Those whose values are sealed under the secret's key when it has another one."""
    holders = dict.fromkeys(secret.stages.get(stage) for stage in (CURRENT, PENDING, PREVIOUS))
    found = (find_version(tenant, secret, holder) for holder in holders if holder is not None)
    return [version for version in found if version is not None and version.seals]


async def seal_anew(call: Call, lagoon: Lagoon, kms_key: str | None, versions: Iterable[Version]) -> dict[str, Seal]:
    """By version, its value under this key, too. Where the key of before may not be used, the version is left as it is.
    Raises as `seal` does."""
    seals: dict[str, Seal] = {}
    for version in versions:
        value = await opened(call, lagoon, version)
        if value is not None:
            seals[version.version_id] = await seal(call, lagoon, lagoon.here, kms_key, version.version_id, value)
    return seals


async def mend_seals(call: Call, lagoon: Lagoon, secret: Secret, versions: list[Version]) -> None:
    """Puts values that came under another key than the secret's under that, too, where both can be used."""
    try:
        seals = await seal_anew(call, lagoon, secret.kms_key, versions)
    except AwsError:
        return
    await lagoon.transaction(_keep, secret, versions, seals)


def _keep(tenant: Tenant, planned: Secret, versions: list[Version], seals: dict[str, Seal]) -> None:
    secret = with_id(tenant, planned.id)
    if secret is None or secret.kms_key != planned.kms_key:
        return
    for version in versions:
        found = find_version(tenant, secret, version.version_id)
        if version.version_id in seals and found is not None and found.seals == version.seals:
            add_seal(tenant, secret, version.version_id, seals[version.version_id])


async def opened(call: Call, lagoon: Lagoon, version: Version) -> bytes | None:
    """The value; None where it cannot be had."""
    try:
        return (await unseal(call, lagoon, version.seals, version.version_id))[0]
    except AwsError:
        return None


async def seal_copies(
    call: Call, lagoon: Lagoon, replicas: Iterable[Replica], values: Mapping[str, bytes | None]
) -> Copies:
    """Seals values for each replica under its own KMS key. A key that cannot be used is the replica's failure."""
    copies: Copies = {}
    for replica in replicas:
        place = replica.tenant(lagoon.here)
        try:
            copies[replica.place] = {
                version_id: None
                if value is None
                else await seal(call, lagoon, place, replica.kms_key, version_id, value)
                for version_id, value in values.items()
            }
        except AwsError as error:
            copies[replica.place] = error
    return copies


async def settled(call: Call, lagoon: Lagoon, replicas: Iterable[Replica]) -> list[Replica]:
    """The same replicas, where their keys are what `settled_key` makes of them. Raises as it does."""
    found = []
    for replica in replicas:
        place = replica.tenant(lagoon.here)
        given = None if replica.kms_key is None else render(replica.kms_key, place)
        found.append(replica._replace(kms_key=await settled_key(call, lagoon, given, place)))
    return found
