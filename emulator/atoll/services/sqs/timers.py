"""What time causes in queues: expiry, sweeping, forgetting, redriving."""

from __future__ import annotations

from atoll.services.sqs.move_tasks import move
from atoll.services.sqs.retention import expire, forget_old, sweep
from atoll.services.sqs.service import sqs

sqs.timer("expire")(expire)
sqs.timer("sweep")(sweep)
sqs.timer("forget")(forget_old)
sqs.timer("move")(move)
