"""What the index and the gateway hold, as the control API shows it."""

from __future__ import annotations

from datetime import UTC, datetime

from atoll.control.accounts import parsed
from atoll.control.archive import Manifest
from atoll.control.effects import Undelivered
from atoll.control.models import (
    AccountStatus,
    AccountView,
    CallView,
    Condition,
    EffectView,
    IssuedKey,
    KeyView,
    RegionStatus,
    RegionView,
    ResourceView,
    SnapshotView,
)
from atoll.core.access import Crossing
from atoll.gateway.access_log import Line
from atoll.gateway.locate import crossing
from atoll.gateway.timestamps import stamp
from atoll.index import AccessKey, Declaration, Resource


def moment(seconds: float) -> str:
    """As Kubernetes writes it: RFC 3339, to a second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_view(declaration: Declaration, endpoint: str, tenants: int) -> AccountView:
    suspended = parsed(declaration).suspend
    ready = Condition(
        type="Ready",
        status="False" if suspended else "True",
        reason="Suspended" if suspended else "Declared",
        message="Its calls are refused until spec.suspend is false." if suspended else "It can be called.",
        last_transition_time=moment(declaration.turned),
        observed_generation=declaration.generation,
    )
    status = AccountStatus(
        account_id=declaration.account,
        realm=declaration.realm,
        endpoint=endpoint,
        secret_name=parsed(declaration).credentials.secret_name or None,
        tenants=tenants,
        expires_at=None if declaration.expires is None else moment(declaration.expires),
        observed_generation=declaration.generation,
        conditions=[ready],
    )
    return AccountView(
        name=declaration.name,
        realm=declaration.realm,
        created=moment(declaration.created),
        spec=declaration.spec,
        status=status,
    )


def region_view(declaration: Declaration) -> RegionView:
    ready = Condition(
        type="Ready",
        status="True",
        reason="Declared",
        message="It can be called.",
        last_transition_time=moment(declaration.turned),
        observed_generation=declaration.generation,
    )
    return RegionView(
        name=declaration.name,
        created=moment(declaration.created),
        generation=declaration.generation,
        spec=declaration.spec,
        status=RegionStatus(observed_generation=declaration.generation, conditions=[ready]),
    )


def key_view(key: AccessKey) -> KeyView:
    return KeyView(
        access_key_id=key.key_id,
        account_id=key.account,
        principal=key.principal,
        status=key.status,
        created=moment(key.created),
        expires=None if key.expires is None else moment(key.expires),
    )


def issued_key(key: AccessKey) -> IssuedKey:
    return IssuedKey(**key_view(key).model_dump(), secret_access_key=key.secret)


def resource_view(resource: Resource) -> ResourceView:
    return ResourceView(
        arn=resource.arn,
        service=resource.service,
        type=resource.kind,
        id=resource.id,
        account=resource.tenant.account,
        region=resource.tenant.region,
        tags=resource.tags,
        created=moment(resource.created),
    )


def effect_view(undelivered: Undelivered) -> EffectView:
    source, pending, target = undelivered
    return EffectView(
        id=f"{pending.id.nonce}-{pending.id.sequence}",
        **source._asdict(),
        service=pending.service,
        operation=pending.operation,
        target="" if target is None else f"{target.account}/{target.region}",
        lane=pending.lane,
        created=moment(pending.created),
        attempts=pending.attempts,
        next_attempt=moment(pending.due),
        problem=pending.problem,
    )


def snapshot_view(name: str, manifest: Manifest) -> SnapshotView:
    return SnapshotView(
        name=name,
        realm=manifest.realm,
        account=manifest.account,
        created=moment(manifest.created),
        regions=[part.region for part in manifest.tenants],
    )


def call_view(line: Line) -> CallView:
    when, request_id, caller, service, operation, owner, status, seconds, code = line
    crossed = Crossing.NONE if caller is None or owner is None else crossing(owner, caller)
    return CallView(
        time=stamp(when),
        request_id=request_id,
        realm=caller.realm if caller else "",
        account=caller.account if caller else "",
        region=caller.region if caller else "",
        principal=caller.principal if caller else "",
        service=service,
        operation=operation,
        target=f"{owner.account}/{owner.region}" if owner and crossed is not Crossing.NONE else "",
        crossing=crossed.value,
        status=status,
        code=code,
        ms=round(seconds * 1e3, 1),
    )
