"""What a service asks of KMS before it uses what is under a key: whether its caller may use that key."""

from __future__ import annotations

from collections.abc import Mapping

from atoll.core.call import Call
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon


async def ask_for_data_key(
    call: Call, lagoon: Lagoon, key: str, context: dict[str, str], codes: Mapping[str, str]
) -> None:
    """Has KMS generate a data key under `key`, in this encryption context, as the caller.

    Raises what KMS does, under the code that `codes` has for KMS's own.
    """
    try:
        await lagoon.call(
            call, "kms", "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context}
        )
    except AwsError as error:
        raise AwsError(codes[error.code], error.message) if error.code in codes else error from None
