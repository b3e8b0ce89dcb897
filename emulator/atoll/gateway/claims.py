"""Reads what a request says of its signer, in the Authorization header or in the query string of a presigned URL,
without judging whether it is true.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from atoll.gateway.refusals import NotAuthenticated, Reason
from atoll.wire.http import Request

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"
"""SigV4A: its credential names no region; the regions stand in X-Amz-Region-Set."""
TERMINATOR = "aws4_request"

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^,\s]+)/([^/,\s]*)/([^/,\s]*)/([^/,\s]*)/([^/,\s]*)\s*"
    r",\s*SignedHeaders=([^,\s]+)\s*,\s*Signature="
)
_SIGNATURE = "Signature="
SIGNATURE_LENGTH = 64
_IN_HEADER = ("Credential", "Signature", "SignedHeaders")
_IN_QUERY = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")


class Claim:
    """`problem` is what makes the claim unfit to be verified; what could be read stands beside it all the same, since
    a caller who need not prove anything is taken at it. `expires` is the text of X-Amz-Expires."""

    __slots__ = (
        "date",
        "expires",
        "key_id",
        "presigned",
        "problem",
        "region",
        "service",
        "signature",
        "signed_headers",
        "terminator",
        "timestamp",
        "token",
    )

    def __init__(
        self,
        key_id: str = "",
        date: str = "",
        region: str = "",
        service: str = "",
        terminator: str = "",
        signed_headers: str = "",
        signature: str = "",
        timestamp: str = "",
        token: str = "",
        *,
        presigned: bool = False,
    ) -> None:
        self.key_id = key_id
        self.date = date
        self.region = region
        self.service = service
        self.terminator = terminator
        self.signed_headers = signed_headers
        self.signature = signature
        self.timestamp = timestamp
        self.token = token
        self.presigned = presigned
        self.expires: str | None = None
        self.problem: NotAuthenticated | None = None

    @property
    def full_credential(self) -> str:
        return f"{self.key_id}/{self.date}/{self.region}/{self.service}/{self.terminator}"

    def refused(self, reason: Reason, **facts: Any) -> NotAuthenticated:
        return NotAuthenticated(reason, presigned=self.presigned, **facts)

    def read_credential(self, credential: str) -> None:
        parts = credential.rsplit("/", 4)
        if len(parts) == 5 and parts[0]:
            self.key_id, self.date, self.region, self.service, self.terminator = parts
        else:
            self.key_id = parts[0]
            self.note(Reason.CREDENTIAL, credential=credential)

    def note(self, reason: Reason, **facts: Any) -> None:
        """The first problem counts."""
        if self.problem is None:
            self.problem = self.refused(reason, **facts)


def read_claim(request: Request) -> Claim | None:
    """What the request says of its signer; None where it is not signed."""
    headers = request.headers
    query = request.query
    authorization = headers.get("authorization")
    in_query = "X-Amz-" in query and ("X-Amz-Credential=" in query or "X-Amz-Algorithm=" in query)
    if authorization is None:
        if in_query:
            return _read_query(query)
        return _read_old_query(query) if "AWSAccessKeyId=" in query else None
    claim = _read_header(authorization, headers)
    if in_query:
        claim.note(Reason.TWO_SIGNATURES)
    return claim


def _read_header(authorization: str, headers: dict[str, str]) -> Claim:
    timestamp = headers.get("x-amz-date") or headers.get("date", "")
    token = headers.get("x-amz-security-token", "")
    before, _, signature = authorization.rpartition(_SIGNATURE)
    parts = _read_usual_header(before)
    if parts is not None and timestamp and len(signature) == SIGNATURE_LENGTH:
        return Claim(*parts, signature, timestamp, token)
    claim = Claim(timestamp=timestamp, token=token)
    _read_other_header(claim, authorization, headers)
    return claim


@lru_cache(maxsize=1024)
def _read_usual_header(before: str) -> tuple[str, str, str, str, str, str] | None:
    """The parts of a header as SDKs write it, up to its signature: all that a client's calls have in common."""
    match = _HEADER.fullmatch(before + _SIGNATURE)
    if match is None:
        return None
    key_id, date, region, service, terminator, signed_headers = match.groups()
    return key_id, date, region, service, terminator, signed_headers


def _read_other_header(claim: Claim, authorization: str, headers: dict[str, str]) -> None:
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm == "AWS":
        claim.key_id = rest.strip().partition(":")[0]
        claim.note(Reason.OLD_SIGNATURE)
        return
    if algorithm != ALGORITHM:
        claim.note(Reason.ALGORITHM, algorithm=algorithm)
        if algorithm != ASYMMETRIC:
            return
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            parts[name] = value
        elif name:
            claim.note(Reason.NOT_A_PAIR, part=name, authorization=authorization)
    missing = [f"Authorization header requires '{name}' parameter." for name in _IN_HEADER if not parts.get(name)]
    if not claim.timestamp:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        claim.note(Reason.HEADER_INCOMPLETE, missing=" ".join(missing), authorization=algorithm)
    claim.signed_headers = parts.get("SignedHeaders", "")
    claim.signature = parts.get("Signature", "")
    if algorithm == ASYMMETRIC:
        _read_asymmetric(claim, parts.get("Credential", ""), headers.get("x-amz-region-set", ""))
    elif credential := parts.get("Credential"):
        claim.read_credential(credential)


def _read_query(query: str) -> Claim:
    claim = Claim(presigned=True)
    given: dict[str, str] = {}
    for part in query.split("&"):
        if part.startswith("X-Amz-"):
            name, _, value = part.partition("=")
            given[name] = unquote(value)
    missing = [f"AWS query-string parameters must include '{name}'." for name in _IN_QUERY if not given.get(name)]
    if missing:
        claim.note(Reason.QUERY_INCOMPLETE, missing=" ".join(missing))
    claim.signed_headers = given.get("X-Amz-SignedHeaders", "")
    claim.signature = given.get("X-Amz-Signature", "")
    claim.timestamp = given.get("X-Amz-Date", "")
    claim.token = given.get("X-Amz-Security-Token", "")
    claim.expires = given.get("X-Amz-Expires")
    algorithm = given.get("X-Amz-Algorithm", ALGORITHM)
    credential = given.get("X-Amz-Credential", "")
    if algorithm != ALGORITHM:
        claim.note(Reason.ALGORITHM, algorithm=algorithm)
    if algorithm == ASYMMETRIC:
        _read_asymmetric(claim, credential, given.get("X-Amz-Region-Set", ""))
    elif credential:
        claim.read_credential(credential)
    if claim.service == "s3" and claim.expires is None:
        # S3 alone demands it. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
        claim.note(Reason.QUERY_INCOMPLETE, missing="AWS query-string parameters must include 'X-Amz-Expires'.")
    return claim


def _read_asymmetric(claim: Claim, credential: str, regions: str) -> None:
    parts = credential.rsplit("/", 3)
    if len(parts) == 4:
        claim.key_id, claim.date, claim.service, claim.terminator = parts
    if "," not in regions and "*" not in regions:
        claim.region = regions


def _read_old_query(query: str) -> Claim:
    """Signature version 2, as older presigned URLs of S3 have it."""
    claim = Claim(presigned=True)
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name == "AWSAccessKeyId":
            claim.key_id = unquote(value)
    claim.note(Reason.OLD_SIGNATURE)
    return claim
