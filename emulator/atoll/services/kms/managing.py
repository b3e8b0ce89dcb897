"""Who may change a key: nobody but AWS one that AWS manages.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""

from __future__ import annotations

from atoll.core.call import Call
from atoll.services.kms.errors import not_authorized
from atoll.services.kms.keys import Key


def check_customers(call: Call, key: Key) -> None:
    """Raises AccessDeniedException."""
    if key.manager == "AWS":
        raise not_authorized(call.caller.principal, call.operation, key.arn)
