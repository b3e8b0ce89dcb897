"""What time causes: rotation, deletion, expiry of imported material, the end of wrapping keys."""

from __future__ import annotations

from atoll.services.kms import deletion, importing, rotation
from atoll.services.kms.service import kms

kms.timer(rotation.TIMER)(rotation.rotate_when_due)
kms.timer(deletion.TIMER)(deletion.delete_when_due)
kms.timer(importing.EXPIRY)(importing.expire)
kms.timer(importing.CLEANUP)(importing.forget_wrapping)
