"""STS's errors, in AWS's words. Status and wire code are the model's; the statuses given here are of those that the
model leaves out. https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from atoll.core.errors import AwsError


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def invalid_parameter_value(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def access_denied(message: str) -> AwsError:
    return AwsError("AccessDenied", message, status=403)


def malformed_policy(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def packed_policy_too_large(message: str) -> AwsError:
    return AwsError("PackedPolicyTooLargeException", message)


def invalid_identity_token(message: str) -> AwsError:
    return AwsError("InvalidIdentityTokenException", message)


def rejected_claim(message: str) -> AwsError:
    return AwsError("IDPRejectedClaimException", message)


def expired_token(message: str) -> AwsError:
    return AwsError("ExpiredTokenException", message)


def expired_trade_in_token() -> AwsError:
    return AwsError(
        "ExpiredTradeInTokenException",
        "The trade-in token provided in the request has expired and can no longer be exchanged for credentials. "
        "Request a new token and retry the operation.",
    )


def session_duration_escalation() -> AwsError:
    return AwsError(
        "SessionDurationEscalationException",
        "The requested token duration would extend the session beyond its original expiration time.",
    )


def jwt_payload_size_exceeded() -> AwsError:
    return AwsError(
        "JWTPayloadSizeExceededException", "The requested token payload size exceeds the maximum allowed size."
    )


def invalid_authorization_message() -> AwsError:
    return AwsError("InvalidAuthorizationMessageException", "Message is not valid")
