"""Verifies signatures, version 4: pure functions of a request, the claim that it makes, a secret and the time.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

Version 4A, which signs by a key pair derived from the secret, is refused by name: AWS asks for it only at endpoints
that lie in several regions at once, of which there are none here.
"""

from __future__ import annotations

import hmac
import re
from calendar import timegm
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime, strptime
from urllib.parse import quote, unquote_to_bytes

from atoll.core.tenant_id import GLOBAL_REGION
from atoll.gateway.claims import TERMINATOR, Claim
from atoll.gateway.refusals import NotAuthenticated, Reason
from atoll.wire.http import Request

MAX_SKEW = 900
"""Seconds that the clocks of caller and server may differ."""
_LONGEST_URL = 604800
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_EMPTY = sha256(b"").hexdigest()

_PLAIN_PATHS = frozenset({"s3", "s3-outposts", "s3-object-lambda", "s3express"})
"""Services whose paths are encoded once and not normalised: an object's key may well be `a/../b`."""
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_REGION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_REGION = 32
_ENCODED_ALREADY = re.compile(r"[A-Za-z0-9_.~-]*")


def is_region(text: str) -> bool:
    """Whether there may be a region of that name: one that callers may sign for, and that ARNs and URLs may name.

    It becomes the name of a folder. `aws-global` is none: it is the name of an endpoint.
    """
    return len(text) <= _LONGEST_REGION and _is_region(text)


@lru_cache(maxsize=1024)
def _is_region(text: str) -> bool:
    return _REGION.fullmatch(text) is not None and text != GLOBAL_REGION


def verify(request: Request, claim: Claim, secret: str, now: float) -> None:
    """Checks the claim whole, in AWS's order, against `now` in seconds since the epoch. The request's body is at hand,
    unless the claim leaves it out or S3's header states its hash.

    Raises NotAuthenticated.
    """
    check(request, claim, now)
    body_hash = payload_hash(request, claim)
    canonical = canonical_request(request, claim, body_hash)
    to_sign = string_to_sign(claim, canonical)
    if _matches(claim, secret, to_sign):
        return
    if ", " in canonical:
        # A header that came more than once is signed with its values joined by a bare comma; the server's join is
        # that of HTTP.
        tight = string_to_sign(claim, canonical_request(request, claim, body_hash, tight=True))
        if _matches(claim, secret, tight):
            return
    raise claim.refused(
        Reason.MISMATCH,
        key_id=claim.key_id,
        canonical_request=canonical,
        string_to_sign=to_sign,
        signature=claim.signature,
    )


def check(request: Request, claim: Claim, now: float) -> None:
    """All that can be said of a claim without the secret. Raises NotAuthenticated."""
    if claim.problem is not None:
        raise claim.problem
    timestamp = _check_time(claim, now)
    _, signed = _split(claim.signed_headers)
    if "host" not in signed:
        raise claim.refused(Reason.HOST_UNSIGNED)
    if not is_region(claim.region) or claim.terminator != TERMINATOR or claim.date != timestamp[:8]:
        wrong = _wrong_scope(claim, timestamp)
        raise claim.refused(Reason.SCOPE, message=" ".join(message for message, _ in wrong), detail=wrong[0][1])
    for name in request.headers:
        if name[:6] == "x-amz-" and name not in signed and name not in _ADDED_ON_THE_WAY:
            raise claim.refused(Reason.HEADERS_UNSIGNED, names=", ".join(_unsigned(request, signed)))


_ADDED_ON_THE_WAY = frozenset({"x-amz-cf-id"})
"""CloudFront's, which a client cannot have signed."""


def _unsigned(request: Request, signed: frozenset[str]) -> list[str]:
    return [
        name
        for name in request.headers
        if name.startswith("x-amz-") and name not in signed and name not in _ADDED_ON_THE_WAY
    ]


def wrong_region(claim: Claim) -> NotAuthenticated:
    """The refusal of a claim for a region that there cannot be."""
    message, detail = _not_the_region(claim)
    return claim.refused(Reason.SCOPE, message=message, detail=detail)


def wrong_service(claim: Claim, service: str) -> NotAuthenticated:
    """The refusal of a claim that is verified, but signed for another service than the one that it was sent to."""
    return claim.refused(
        Reason.SCOPE,
        message=f"Credential should be scoped to correct service: '{service}'.",
        detail=f'incorrect service "{claim.service}". This endpoint belongs to "{service}".',
    )


def _not_the_region(claim: Claim) -> tuple[str, str]:
    return (
        f"Credential should be scoped to a valid region, not '{claim.region}'.",
        f'the region "{claim.region}" is wrong; expecting "us-east-1"',
    )


def _wrong_scope(claim: Claim, timestamp: str) -> list[tuple[str, str]]:
    """What is wrong with the credential's scope, as most services and as S3 say it."""
    wrong: list[tuple[str, str]] = []
    if not is_region(claim.region):
        wrong.append(_not_the_region(claim))
    if claim.terminator != TERMINATOR:
        wrong.append(
            (
                f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{claim.terminator}'.",
                f'incorrect terminal "{claim.terminator}". This endpoint uses "{TERMINATOR}".',
            )
        )
    if claim.date != timestamp[:8]:
        wrong.append(
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{claim.date}' != '{timestamp[:8]}', from '{timestamp}'.",
                f'Invalid credential date "{claim.date}". This date is not the same as X-Amz-Date: "{timestamp[:8]}".',
            )
        )
    return wrong


def _check_time(claim: Claim, now: float) -> str:
    """When the claim was signed, in basic ISO 8601."""
    moment = _moment(claim.timestamp)
    if moment is None:
        raise claim.refused(Reason.DATE, date=claim.timestamp)
    timestamp, signed = moment
    if signed > now + MAX_SKEW:
        raise _untimely(Reason.TOO_NEW, claim, timestamp, now, now + MAX_SKEW)
    lifetime = _lifetime(claim)
    if lifetime is None:
        if signed < now - MAX_SKEW:
            raise _untimely(Reason.TOO_OLD, claim, timestamp, now, now - MAX_SKEW)
    elif signed + lifetime < now:
        raise claim.refused(
            Reason.URL_EXPIRED,
            signed=timestamp,
            limit=_basic(now - lifetime),
            now=_basic(now),
            expires=lifetime,
            expired_at=_extended(signed + lifetime),
            server_time=_extended(now),
        )
    return timestamp


def _lifetime(claim: Claim) -> int | None:
    """How many seconds a presigned URL holds; None where the rule for headers applies."""
    # STS takes a presigned URL for 15 minutes whatever it says.
    if not claim.presigned or claim.expires is None or claim.service == "sts":
        return None
    if not claim.expires.lstrip("-").isascii() or not claim.expires.lstrip("-").isdigit() or len(claim.expires) > 12:
        raise claim.refused(Reason.EXPIRES, message="X-Amz-Expires should be a number")
    expires = int(claim.expires)
    if expires < 0:
        raise claim.refused(Reason.EXPIRES, message="X-Amz-Expires must be non-negative")
    if expires > _LONGEST_URL:
        raise claim.refused(
            Reason.EXPIRES,
            message="X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
            "less than 604800 seconds",
        )
    return expires


def _untimely(reason: Reason, claim: Claim, timestamp: str, now: float, limit: float) -> NotAuthenticated:
    return claim.refused(reason, signed=timestamp, limit=_basic(limit), now=_basic(now), server_time=_extended(now))


@lru_cache(maxsize=256)
def _moment(text: str) -> tuple[str, int] | None:
    """A date as its header gives it, in basic ISO 8601 and in seconds since the epoch; None where it is no date."""
    try:
        if not _BASIC.fullmatch(text):
            text = parsedate_to_datetime(text).strftime("%Y%m%dT%H%M%SZ") if "," in text else ""
        return text, timegm(strptime(text, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return None


def _basic(seconds: float) -> str:
    return strftime("%Y%m%dT%H%M%SZ", gmtime(seconds))


def _extended(seconds: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))


def payload_hash(request: Request, claim: Claim) -> str:
    """What stands for the body in the canonical request. Raises NotAuthenticated where S3's header belies the body."""
    declared = request.headers.get("x-amz-content-sha256")
    plain = claim.service in _PLAIN_PATHS
    if declared is None:
        if plain and claim.presigned:
            return _declared_in_query(request.query)
        if plain:
            raise claim.refused(Reason.NO_BODY_HASH)
        return _hash(request)
    if declared == UNSIGNED_PAYLOAD or declared.startswith("STREAMING-"):
        return declared
    if not isinstance(request.body, bytes):
        # The stream is checked against the hash as it is read: see `atoll.gateway.payload`.
        return declared
    computed = _hash(request)
    if plain and computed != declared:
        raise claim.refused(Reason.BODY_HASH, declared=declared, computed=computed)
    return computed


def _declared_in_query(query: str) -> str:
    for part in query.split("&"):
        if part.startswith("X-Amz-Content-Sha256="):
            return part.partition("=")[2]
    return UNSIGNED_PAYLOAD


def _hash(request: Request) -> str:
    body = request.body
    if not isinstance(body, bytes):
        raise TypeError("the body of a request whose hash is signed must be read before it is verified")
    return sha256(body).hexdigest() if body else _EMPTY


def canonical_request(request: Request, claim: Claim, body_hash: str, *, tight: bool = False) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request"""
    headers = request.headers
    names, _ = _split(claim.signed_headers)
    lines = []
    for name in names:
        value = headers.get(name, "")
        if "  " in value or "\t" in value:
            value = " ".join(value.split())
        if tight:
            value = value.replace(", ", ",")
        lines.append(f"{name}:{value.strip()}\n")
    path = canonical_path(request.path, claim.service in _PLAIN_PATHS)
    query = _canonical_query(request.query, claim.presigned) if request.query else ""
    return f"{request.method}\n{path}\n{query}\n{''.join(lines)}\n{';'.join(names)}\n{body_hash}"


@lru_cache(maxsize=1024)
def _split(signed_headers: str) -> tuple[tuple[str, ...], frozenset[str]]:
    names = tuple(sorted(signed_headers.lower().split(";")))
    return names, frozenset(names)


@lru_cache(maxsize=1024)
def canonical_path(path: str, plain: bool) -> str:
    """`path` is as it was sent."""
    if plain:
        return "/".join(map(_encoded, path.replace("+", "%2B").split("/"))) or "/"
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part and part != ".":
            kept.append(part)
    slash = "/" if kept and path.endswith("/") else ""
    return quote(f"/{'/'.join(kept)}{slash}".encode("latin-1", "replace"), safe="/~")


def _canonical_query(query: str, presigned: bool) -> str:
    pairs = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if part and not (presigned and name == "X-Amz-Signature"):
            pairs.append((_encoded(name), _encoded(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _encoded(text: str) -> str:
    if _ENCODED_ALREADY.fullmatch(text):
        return text
    return quote(unquote_to_bytes(text.replace("+", "%20").encode("latin-1", "replace")), safe="~")


def string_to_sign(claim: Claim, canonical: str) -> str:
    """Of a claim whose time has been checked."""
    moment = _moment(claim.timestamp)
    assert moment is not None
    hashed = sha256(canonical.encode("latin-1", "replace")).hexdigest()
    return f"AWS4-HMAC-SHA256\n{moment[0]}\n{claim.date}/{claim.region}/{claim.service}/{TERMINATOR}\n{hashed}"


def _matches(claim: Claim, secret: str, to_sign: str) -> bool:
    signer = _signer(secret, claim.date, claim.region, claim.service).copy()
    signer.update(to_sign.encode("latin-1", "replace"))
    return claim.signature.isascii() and hmac.compare_digest(signer.hexdigest(), claim.signature)


@lru_cache(maxsize=4096)
def _signer(secret: str, date: str, region: str, service: str) -> hmac.HMAC:
    """The signing key taken in already, to be copied."""
    return hmac.new(signing_key(secret, date, region, service), digestmod="sha256")


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that is good for one day, region and service."""
    key = hmac.digest(b"AWS4" + secret.encode(), date.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
