"""How a secret is to be rotated: what is stored of it, and how it is shown.

`rotation` in a secret's row is an object with `enabled`, `function` and `role` (templates of ARNs), `rules`,
`metadata`, `last` and `next` (seconds since the epoch); of the last rotation that came to its end `days` to the next;
of the last that a call began `begun`, its token and whether it was to rotate at once; and `running`, the moment by
which the one that runs has ended.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
"""

from __future__ import annotations

from typing import Any

from atoll.core.call import Params
from atoll.services.secretsmanager.arns import SERVICE, render, template
from atoll.services.secretsmanager.schedules import read_rules
from atoll.services.secretsmanager.secrets import CURRENT, DAY, PENDING, Secret, update
from atoll.services.secretsmanager.times import moment
from atoll.tenants import Tenant

_ARNS = ("function", "role")


def shown_rotation(tenant: Tenant, secret: Secret) -> Params:
    """Its members in DescribeSecret and ListSecrets: none before rotation was set up."""
    rotation = secret.rotation
    if rotation is None:
        return {}
    function, role = (rotation.get(name) for name in _ARNS)
    enabled = rotation["enabled"]
    return {
        "RotationEnabled": enabled,
        "RotationLambdaARN": None if function is None else render(function, tenant.id),
        "RotationRules": _shown_rules(rotation),
        "ExternalSecretRotationMetadata": rotation.get("metadata"),
        "ExternalSecretRotationRoleArn": None if role is None else render(role, tenant.id),
        "LastRotatedDate": moment(rotation.get("last")),
        "NextRotationDate": moment(rotation.get("next")) if enabled else None,
    }


def _shown_rules(rotation: dict[str, Any]) -> Params | None:
    """Of a schedule, how many days there are from the last rotation to the next."""
    rules: Params | None = rotation.get("rules")
    if rules and rules.get("ScheduleExpression") and rotation.get("days"):
        return {"AutomaticallyAfterDays": rotation["days"], **rules}
    return rules


def rotation_for_elsewhere(tenant: Tenant, secret: Secret) -> dict[str, Any] | None:
    """With whole ARNs, as another tenant is told of it."""
    return _with_arns(secret.rotation, lambda arn: render(arn, tenant.id))


def rotation_from_elsewhere(tenant: Tenant, rotation: dict[str, Any] | None) -> dict[str, Any] | None:
    return _with_arns(rotation, lambda arn: template(arn, tenant.id))


def _with_arns(rotation: dict[str, Any] | None, change: Any) -> dict[str, Any] | None:
    if rotation is None:
        return None
    return {name: change(value) if name in _ARNS and value else value for name, value in rotation.items()}


# ---- when


def scheduled(tenant: Tenant, secret: Secret, **columns: Any) -> Secret:
    """Writes the secret's rotation with these changes, and sets the timer for its next window after now."""
    return update(tenant, secret, rotation=_planned(tenant, secret, columns))


def window_passed(tenant: Tenant, secret: Secret) -> Secret:
    """The same when a window has opened, which changes nothing of the secret but the date of the next."""
    return update(tenant, secret, rotation=_planned(tenant, secret, {}), changed=secret.changed)


def _planned(tenant: Tenant, secret: Secret, columns: dict[str, Any]) -> dict[str, Any]:
    rotation = {**(secret.rotation or {"enabled": False}), **columns}
    schedule = read_rules(rotation.get("rules") or {})
    start: float | None = None
    if rotation["enabled"] and schedule is not None:
        start, rotation["next"] = schedule.next_window(tenant.now())
    elif rotation["enabled"]:
        rotation["next"] = None
    tenant.set_timer(SERVICE, "rotate", str(secret.id), start)
    return rotation


def rotated(tenant: Tenant, secret: Secret) -> Secret:
    """A rotation has come to its end: the days until the next are counted."""
    now = tenant.now()
    secret = scheduled(tenant, secret, last=now)
    rotation: dict[str, Any] = secret.rotation or {}
    schedule = read_rules(rotation.get("rules") or {})
    if schedule is None:
        return secret
    days = max(1, int(schedule.next_window(now).start // DAY - now // DAY))
    return update(tenant, secret, rotation={**rotation, "days": days})


def rotated_by_hand(tenant: Tenant, secret: Secret) -> Secret:
    """A new current value by PutSecretValue or UpdateSecret counts as a rotation, from which a rate goes on."""
    if secret.rotation is None or not secret.rotation["enabled"]:
        return secret
    schedule = read_rules(secret.rotation.get("rules") or {})
    return scheduled(tenant, secret) if schedule is not None and schedule.by_rate else secret


def in_progress(secret: Secret) -> str | None:
    """The version that a rotation has begun and not finished."""
    pending = secret.stages.get(PENDING)
    return pending if pending != secret.stages.get(CURRENT) else None


def running_until(secret: Secret) -> float:
    """When the rotation whose steps are being taken has ended, whatever becomes of this process; 0 where none is."""
    return float((secret.rotation or {}).get("running") or 0)


def runs(tenant: Tenant, secret: Secret, until: float | None) -> Secret:
    """Writes that steps are being taken, or are no more."""
    return update(tenant, secret, rotation={**(secret.rotation or {}), "running": until}, changed=secret.changed)
