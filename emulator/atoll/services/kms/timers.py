"""What time causes, and being copied: rotation, deletion, expiry of imported material, the end of wrapping keys."""

from __future__ import annotations

from atoll.core.service import COPIED
from atoll.services.kms import deletion, grants, importing, rotation
from atoll.services.kms.later import DELETE, ROTATE
from atoll.services.kms.service import kms

kms.timer(COPIED)(grants.mirror_all)
kms.timer(ROTATE)(rotation.rotate_when_due)
kms.timer(DELETE)(deletion.delete_when_due)
kms.timer(importing.EXPIRY)(importing.expire)
kms.timer(importing.CLEANUP)(importing.forget_wrapping)
