"""What time causes in SNS: forgetting, posting, replaying."""

from __future__ import annotations

from atoll.services.sns.archive import forget_archived, replay
from atoll.services.sns.postings import post_due
from atoll.services.sns.service import sns
from atoll.services.sns.tokens import forget_old

sns.timer("forget")(forget_old)
sns.timer("post")(post_due)
sns.timer("archive")(forget_archived)
sns.timer("replay")(replay)
