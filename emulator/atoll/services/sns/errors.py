"""SNS's errors: codes as the model names them, and AWS's messages. Status and wire code are the model's.

https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
"""

from __future__ import annotations

from atoll.core.errors import AwsError


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", f"Invalid parameter: {message}")


def invalid_value(message: str) -> AwsError:
    """Of message attributes."""
    return AwsError("InvalidParameterValueException", message)


def not_an_arn(parameter: str, text: str) -> AwsError:
    return invalid_parameter(f"{parameter} Reason: An ARN must have at least 6 elements, not {len(text.split(':'))}")


def topic_does_not_exist() -> AwsError:
    return AwsError("NotFoundException", "Topic does not exist")


def subscription_does_not_exist() -> AwsError:
    return AwsError("NotFoundException", "Subscription does not exist")


def platform_application_does_not_exist() -> AwsError:
    return AwsError("NotFoundException", "PlatformApplication does not exist")


def endpoint_does_not_exist() -> AwsError:
    return AwsError("NotFoundException", "Endpoint does not exist")


def no_endpoint_to_subscribe(arn: str) -> AwsError:
    return invalid_parameter(f"Endpoint Reason: Endpoint does not exist for endpoint {arn}")


def resource_does_not_exist() -> AwsError:
    return AwsError("ResourceNotFoundException", "Resource does not exist")


def not_authorized(principal: str, action: str, resource: str) -> AwsError:
    return AwsError(
        "AuthorizationErrorException",
        f"User: {principal} is not authorized to perform: SNS:{action} on resource: {resource}",
    )
