"""Why a caller is not believed, and how AWS says so in each family of protocols: one table.

The reasons are found without knowing which service is called, since that is found out beside them; the words are put
to them once service and protocol are known. The order of the checks and their messages are AWS's:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.core.errors import AwsError

if TYPE_CHECKING:
    from atoll.gateway.identify import Identity


class Reason(Enum):
    """Each names the facts that its messages need."""

    NO_CREDENTIALS = auto()
    TWO_SIGNATURES = auto()
    """Signed in the header and in the query string."""
    ALGORITHM = auto()
    """algorithm"""
    OLD_SIGNATURE = auto()
    """Signature version 2."""
    NOT_A_PAIR = auto()
    """part, authorization: of the Authorization header."""
    HEADER_INCOMPLETE = auto()
    """missing: names, and whether the date is among them; authorization"""
    QUERY_INCOMPLETE = auto()
    """missing: names of parameters"""
    DATE = auto()
    """date: as it was given"""
    CREDENTIAL = auto()
    """credential: not of five elements"""
    SCOPE = auto()
    """message; detail, as S3 has it"""
    EXPIRES = auto()
    """message"""
    HOST_UNSIGNED = auto()
    HEADERS_UNSIGNED = auto()
    """names"""
    TOO_OLD = auto()
    """signed, limit, now: as basic ISO 8601; request_time, server_time: as S3 writes them"""
    TOO_NEW = auto()
    URL_EXPIRED = auto()
    """signed, limit, now, expires, expired_at, server_time"""
    UNKNOWN_KEY = auto()
    """key_id"""
    UNKNOWN_TOKEN = auto()
    """token"""
    EXPIRED_TOKEN = auto()
    """token"""
    NO_BODY_HASH = auto()
    BODY_HASH = auto()
    """declared, computed"""
    MISMATCH = auto()
    """key_id, canonical_request, string_to_sign, signature"""
    REALM = auto()
    """message"""


class NotAuthenticated(Exception):
    """The caller is refused. `unsigned` is who it is to operations that need no signature, where nothing was signed."""

    def __init__(self, reason: Reason, *, unsigned: Identity | None = None, **facts: Any) -> None:
        super().__init__(reason, facts)
        self.reason = reason
        self.facts = facts
        self.unsigned = unsigned


class _Words(NamedTuple):
    code: str
    status: int
    message: str
    members: Callable[[dict[str, Any]], dict[str, Any]] | None = None


_MALFORMED = "The authorization header is malformed; "

_INVALID_TOKEN = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_CALCULATED = (
    "\n\nThe Canonical String for this request should have been\n'{canonical_request}'"
    "\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
)

_QUERY: dict[Reason, _Words] = {
    Reason.NO_CREDENTIALS: _Words("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    Reason.TWO_SIGNATURES: _Words(
        "SignatureDoesNotMatch",
        403,
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    ),
    Reason.ALGORITHM: _Words("IncompleteSignature", 400, "Unsupported AWS 'algorithm': '{algorithm}'."),
    Reason.OLD_SIGNATURE: _Words("IncompleteSignature", 400, "Unsupported AWS 'algorithm': 'AWS'."),
    Reason.NOT_A_PAIR: _Words(
        "IncompleteSignature",
        400,
        "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{authorization}'.",
    ),
    Reason.HEADER_INCOMPLETE: _Words("IncompleteSignature", 400, "{missing} Authorization={authorization}"),
    Reason.QUERY_INCOMPLETE: _Words("IncompleteSignature", 400, "{missing} Re-examine the query-string parameters."),
    Reason.DATE: _Words(
        "IncompleteSignature",
        400,
        "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    Reason.CREDENTIAL: _Words(
        "IncompleteSignature",
        400,
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        "got '{credential}'",
    ),
    Reason.SCOPE: _Words("SignatureDoesNotMatch", 403, "{message}"),
    Reason.EXPIRES: _Words("IncompleteSignature", 400, "{message}"),
    Reason.HOST_UNSIGNED: _Words(
        "SignatureDoesNotMatch", 403, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    ),
    Reason.HEADERS_UNSIGNED: _Words(
        "SignatureDoesNotMatch", 403, "'{names}' must be a 'SignedHeader' in the AWS Authorization."
    ),
    Reason.TOO_OLD: _Words(
        "SignatureDoesNotMatch", 403, "Signature expired: {signed} is now earlier than {limit} ({now} - 15 min.)"
    ),
    Reason.TOO_NEW: _Words(
        "SignatureDoesNotMatch",
        403,
        "Signature not yet current: {signed} is still later than {limit} ({now} + 15 min.)",
    ),
    Reason.URL_EXPIRED: _Words(
        "SignatureDoesNotMatch",
        403,
        "Signature expired: {signed} is now earlier than {limit} ({now} - {expires} sec.)",
    ),
    Reason.UNKNOWN_KEY: _Words("InvalidClientTokenId", 403, _INVALID_TOKEN),
    Reason.UNKNOWN_TOKEN: _Words("InvalidClientTokenId", 403, _INVALID_TOKEN),
    Reason.EXPIRED_TOKEN: _Words("ExpiredToken", 403, "The security token included in the request is expired"),
    Reason.NO_BODY_HASH: _Words("SignatureDoesNotMatch", 403, _MISMATCH),
    Reason.BODY_HASH: _Words("SignatureDoesNotMatch", 403, _MISMATCH),
    Reason.MISMATCH: _Words("SignatureDoesNotMatch", 403, _MISMATCH),
    Reason.REALM: _Words("InvalidClientTokenId", 403, "{message}"),
}

# Coral's JSON protocols: the same words under exceptions' names.
_JSON_CODES = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
}
_JSON: dict[Reason, _Words] = {
    reason: words._replace(code=_JSON_CODES[words.code], status=400) for reason, words in _QUERY.items()
} | {
    Reason.NO_CREDENTIALS: _Words("MissingAuthenticationTokenException", 400, "Missing Authentication Token"),
    Reason.MISMATCH: _Words("InvalidSignatureException", 400, _MISMATCH + _CALCULATED),
}
_REST_JSON = {reason: words._replace(status=403) for reason, words in _JSON.items()}

# EC2 tells callers least. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_NOT_VALIDATED = _Words("AuthFailure", 401, "AWS was not able to validate the provided access credentials")
_EC2: dict[Reason, _Words] = dict.fromkeys(Reason, _NOT_VALIDATED) | {
    Reason.NO_CREDENTIALS: _Words("MissingParameter", 400, "The request must contain the parameter AWSAccessKeyId"),
    Reason.TOO_OLD: _Words("RequestExpired", 400, "Request has expired."),
    Reason.URL_EXPIRED: _Words("RequestExpired", 400, "Request has expired."),
    Reason.EXPIRED_TOKEN: _Words("RequestExpired", 400, "Request has expired."),
    Reason.REALM: _Words("AuthFailure", 401, "{message}"),
}


def _skewed(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "RequestTime": facts["signed"],
        "ServerTime": facts["server_time"],
        "MaxAllowedSkewMilliseconds": "900000",
    }


def _calculated(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "AWSAccessKeyId": facts["key_id"],
        "StringToSign": facts["string_to_sign"],
        "SignatureProvided": facts["signature"],
        "StringToSignBytes": facts["string_to_sign"].encode().hex(" "),
        "CanonicalRequest": facts["canonical_request"],
        "CanonicalRequestBytes": facts["canonical_request"].encode().hex(" "),
    }


_TOO_SKEWED = _Words(
    "RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.", _skewed
)

_S3: dict[Reason, _Words] = {
    Reason.NO_CREDENTIALS: _Words("AccessDenied", 403, "Access Denied"),
    Reason.TWO_SIGNATURES: _Words(
        "InvalidArgument",
        400,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
        "or the Authorization header should be specified",
    ),
    Reason.ALGORITHM: _Words("InvalidArgument", 400, "Unsupported Authorization Type"),
    Reason.OLD_SIGNATURE: _Words(
        "InvalidRequest",
        400,
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    ),
    Reason.NOT_A_PAIR: _Words(
        "AuthorizationHeaderMalformed", 400, _MALFORMED + 'the authorization component "{part}" is malformed.'
    ),
    Reason.HEADER_INCOMPLETE: _Words(
        "AuthorizationHeaderMalformed",
        400,
        _MALFORMED + "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
    ),
    Reason.QUERY_INCOMPLETE: _Words(
        "AuthorizationQueryParametersError",
        400,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
        "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    ),
    Reason.DATE: _Words("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"),
    Reason.CREDENTIAL: _Words(
        "AuthorizationHeaderMalformed",
        400,
        _MALFORMED + 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ),
    Reason.SCOPE: _Words("AuthorizationHeaderMalformed", 400, _MALFORMED + "{detail}"),
    Reason.EXPIRES: _Words("AuthorizationQueryParametersError", 400, "{message}"),
    Reason.HOST_UNSIGNED: _Words(
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
        lambda facts: {"HeadersNotSigned": "host"},
    ),
    Reason.HEADERS_UNSIGNED: _Words(
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
        lambda facts: {"HeadersNotSigned": facts["names"]},
    ),
    Reason.TOO_OLD: _TOO_SKEWED,
    Reason.TOO_NEW: _TOO_SKEWED,
    Reason.URL_EXPIRED: _Words(
        "AccessDenied",
        403,
        "Request has expired",
        lambda facts: {
            "X-Amz-Expires": str(facts["expires"]),
            "Expires": facts["expired_at"],
            "ServerTime": facts["server_time"],
        },
    ),
    Reason.UNKNOWN_KEY: _Words(
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
        lambda facts: {"AWSAccessKeyId": facts["key_id"]},
    ),
    Reason.UNKNOWN_TOKEN: _Words(
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
        lambda facts: {"Token-0": facts["token"]},
    ),
    Reason.EXPIRED_TOKEN: _Words(
        "ExpiredToken", 400, "The provided token has expired.", lambda facts: {"Token-0": facts["token"]}
    ),
    Reason.NO_BODY_HASH: _Words(
        "InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"
    ),
    Reason.BODY_HASH: _Words(
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        lambda facts: {
            "ClientComputedContentSHA256": facts["declared"],
            "S3ComputedContentSHA256": facts["computed"],
        },
    ),
    Reason.MISMATCH: _Words(
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
        _calculated,
    ),
    Reason.REALM: _Words("InvalidAccessKeyId", 403, "{message}"),
}

_IN_CREDENTIAL = "Error parsing the X-Amz-Credential parameter; "
_S3_PRESIGNED: dict[Reason, _Words] = _S3 | {
    Reason.ALGORITHM: _Words(
        "AuthorizationQueryParametersError",
        400,
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
    ),
    Reason.DATE: _Words(
        "AuthorizationQueryParametersError",
        400,
        "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    ),
    Reason.CREDENTIAL: _Words(
        "AuthorizationQueryParametersError",
        400,
        _IN_CREDENTIAL + 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ),
    Reason.SCOPE: _Words("AuthorizationQueryParametersError", 400, _IN_CREDENTIAL + "{detail}"),
    Reason.TOO_NEW: _Words("AccessDenied", 403, "Request is not valid yet"),
}

_FAMILIES = {"json": _JSON, "rest-json": _REST_JSON, "ec2": _EC2, "query": _QUERY, "rest-xml": _QUERY}


def in_words(refused: NotAuthenticated, service: str, protocol: str, *, query_compatible: bool = False) -> AwsError:
    """The refusal as `service` (botocore's name) says it in `protocol`.

    A service that is awsQueryCompatible kept the query protocol's codes when it moved to JSON.
    """
    if service == "s3":
        family = _S3_PRESIGNED if refused.facts.get("presigned") else _S3
    elif query_compatible and protocol == "json":
        family = _QUERY
    else:
        family = _FAMILIES.get(protocol, _QUERY)
    words = family[refused.reason]
    members = words.members(refused.facts) if words.members else {}
    return AwsError(words.code, words.message.format_map(refused.facts), status=words.status, members=members)
