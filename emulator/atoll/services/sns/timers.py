"""What time causes in SNS, and being copied: forgetting, posting, replaying, telling of subscriptions."""

from __future__ import annotations

from atoll.core.service import COPIED
from atoll.services.sns.archive import forget_archived, replay
from atoll.services.sns.postings import post_due
from atoll.services.sns.service import sns
from atoll.services.sns.subscriptions import tell_all_owners
from atoll.services.sns.tokens import forget_old

sns.timer(COPIED)(tell_all_owners)
sns.timer("forget")(forget_old)
sns.timer("post")(post_due)
sns.timer("archive")(forget_archived)
sns.timer("replay")(replay)
