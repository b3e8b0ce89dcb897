"""Secrets Manager's errors: codes as the model names them, and AWS's messages.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Iterable

from atoll.core.errors import AwsError


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def limit_exceeded(message: str) -> AwsError:
    return AwsError("LimitExceededException", message)


def resource_exists(message: str) -> AwsError:
    return AwsError("ResourceExistsException", message)


def validation(message: str) -> AwsError:
    return AwsError("ValidationException", message)


# ---- secrets


def invalid_name() -> AwsError:
    return validation(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    )


def secret_not_found() -> AwsError:
    return AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def secret_exists(name: str) -> AwsError:
    return resource_exists(f"The operation failed because the secret {name} already exists.")


def name_scheduled_for_deletion() -> AwsError:
    return invalid_request(
        "You can't create this secret because a secret with this name is already scheduled for deletion."
    )


def marked_for_deletion() -> AwsError:
    return invalid_request("You can't perform this operation on the secret because it was marked for deletion.")


def not_on_a_replica() -> AwsError:
    return invalid_parameter(
        "Operation not permitted on a replica secret. Call must be made in primary secret's region."
    )


def default_key_of_another_account() -> AwsError:
    return invalid_request(
        "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
        "service key."
    )


def invalid_next_token() -> AwsError:
    return AwsError("InvalidNextTokenException", "The NextToken value is invalid.")


# ---- versions


def no_value(what: str, which: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for {what}: {which}",
    )


def stage_not_of_version() -> AwsError:
    return invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")


def token_in_use(token: str, arn: str) -> AwsError:
    return resource_exists(
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    )


# ---- keys


def kms_not_allowed() -> AwsError:
    """What KMS does not let the caller have, or does not have."""
    return AwsError("AccessDeniedException", "Access to KMS is not allowed")


def encryption_failure(why: str) -> AwsError:
    return AwsError("EncryptionFailure", f"Secrets Manager can't encrypt the secret value: {why}")


def decryption_failure(why: str) -> AwsError:
    return AwsError("DecryptionFailure", f"Secrets Manager can't decrypt the secret value: {why}")


# ---- replicas, rotation, policies


def still_replicated(secret_id: str, regions: Iterable[str]) -> AwsError:
    return invalid_parameter(
        f"You can't delete secret {secret_id} that still has replica regions [{', '.join(regions)}]"
    )


def function_not_invokable() -> AwsError:
    return AwsError(
        "AccessDeniedException",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to "
        "the principal secretsmanager.amazonaws.com.",
    )


def rotation_not_complete() -> AwsError:
    return invalid_request("A previous rotation isn't complete. That rotation will be reattempted.")


def no_rotation_function() -> AwsError:
    return invalid_request("No Lambda rotation function ARN is associated with this secret.")


def malformed_policy(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocumentException", message)


def public_policy() -> AwsError:
    return AwsError(
        "PublicPolicyException", "You can't attach a resource-based policy that allows broad access to the secret."
    )
