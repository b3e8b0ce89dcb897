"""The service object that the operations register with. STS keeps nothing: sessions are in their tokens."""

from __future__ import annotations

from atoll.core.service import Service
from atoll.services.sts.access import ACCESS

sts = Service("sts", access=ACCESS)
