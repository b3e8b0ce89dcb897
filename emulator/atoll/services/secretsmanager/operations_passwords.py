"""Random passwords."""

from __future__ import annotations

from secrets import SystemRandom
from string import ascii_lowercase, ascii_uppercase, digits, punctuation

from atoll.core.call import Call, Params
from atoll.services.secretsmanager.errors import invalid_parameter, invalid_request
from atoll.services.secretsmanager.service import secretsmanager
from atoll.tenants import Tenant

DEFAULT_LENGTH = 32
_RANDOM = SystemRandom()


@secretsmanager.operation("GetRandomPassword", readonly=True)
def get_random_password(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html"""
    length = call.get("PasswordLength", DEFAULT_LENGTH)
    excluded = set(call.get("ExcludeCharacters") or "")
    kinds = [
        [character for character in characters if character not in excluded]
        for characters, left_out in (
            (ascii_lowercase, call.get("ExcludeLowercase")),
            (ascii_uppercase, call.get("ExcludeUppercase")),
            (digits, call.get("ExcludeNumbers")),
            (punctuation, call.get("ExcludePunctuation")),
        )
        if not left_out
    ]
    every = [character for kind in kinds for character in kind]
    if call.get("IncludeSpace") and " " not in excluded:
        # It may be in a password, and need not be.
        every.append(" ")
    required = kinds if call.get("RequireEachIncludedType", True) else []
    if not every:
        raise invalid_request("All characters have been excluded from selection.")
    if not all(required):
        raise invalid_request("All characters of the desired type have been excluded.")
    if length < len(required):
        raise invalid_parameter("Password length is too short based on the required types.")
    password = [_RANDOM.choice(kind) for kind in required]
    password += [_RANDOM.choice(every) for _ in range(length - len(required))]
    _RANDOM.shuffle(password)
    return {"RandomPassword": "".join(password)}
