"""KMS's errors: codes as the model names them, or as AWS sends them where the model does not, and AWS's messages.

https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

from __future__ import annotations

from atoll.core.errors import AwsError


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def key_not_found(arn: str) -> AwsError:
    return AwsError("NotFoundException", f"Key '{arn}' does not exist")


def invalid_key_id(key_id: str) -> AwsError:
    return AwsError("NotFoundException", f"Invalid keyId '{key_id}'")


def alias_not_found(arn: str) -> AwsError:
    return AwsError("NotFoundException", f"Alias {arn} is not found.")


def not_found(message: str) -> AwsError:
    return AwsError("NotFoundException", message)


def invalid_arn(arn: str) -> AwsError:
    return AwsError("InvalidArnException", f"Invalid arn {arn}")


def disabled(arn: str) -> AwsError:
    return AwsError("DisabledException", f"{arn} is disabled.")


def invalid_state(message: str) -> AwsError:
    return AwsError("KMSInvalidStateException", message)


def unsupported(message: str = "") -> AwsError:
    return AwsError("UnsupportedOperationException", message)


def not_valid_for_origin(arn: str, origin: str) -> AwsError:
    return unsupported(f"{arn} origin is {origin} which is not valid for this operation.")


def invalid_usage(arn: str, usage: str, operation: str) -> AwsError:
    return AwsError("InvalidKeyUsageException", f"{arn} key usage is {usage} which is not valid for {operation}.")


def incompatible(algorithm: str, spec: str) -> AwsError:
    return AwsError("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec {spec}.")


def invalid_ciphertext() -> AwsError:
    return AwsError("InvalidCiphertextException")


def unknown_ciphertext() -> AwsError:
    """What a ciphertext's key is not there for, or not for this caller: AWS does not say which."""
    return AwsError(
        "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are "
        "not allowed to access.",
    )


def incorrect_key() -> AwsError:
    return AwsError(
        "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."
    )


def invalid_signature() -> AwsError:
    return AwsError("KMSInvalidSignatureException")


def invalid_mac() -> AwsError:
    return AwsError("KMSInvalidMacException")


def dry_run() -> AwsError:
    return AwsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def invalid_grant_token() -> AwsError:
    return AwsError("InvalidGrantTokenException")


def invalid_grant_id() -> AwsError:
    return AwsError("InvalidGrantIdException")


def invalid_marker() -> AwsError:
    return AwsError("InvalidMarkerException")


def malformed_policy(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def tag_exception(message: str) -> AwsError:
    return AwsError("TagException", message)


def limit_exceeded(message: str) -> AwsError:
    return AwsError("LimitExceededException", message)


def already_exists(message: str) -> AwsError:
    return AwsError("AlreadyExistsException", message)


def not_authorized(principal: str, operation: str, arn: str) -> AwsError:
    """What AWS says of changes to a key that it manages: its policy allows nobody but the service to make them."""
    return AwsError(
        "AccessDeniedException",
        f"User: {principal} is not authorized to perform: kms:{operation} on resource: {arn} because no resource-based "
        f"policy allows the kms:{operation} action",
    )
