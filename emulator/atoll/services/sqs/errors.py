"""SQS's errors: codes as the model names them, or as AWS sends them where the model does not, and AWS's messages.

Status and wire code are the model's (`overlay.json` gives back the query protocol's); 400 and the sender's fault are
what is left unsaid. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from atoll.core.errors import AwsError

NOT_FOR_THIS_TYPE = "The request include parameter that is not valid for this queue type."


def missing_parameter(name: str) -> AwsError:
    return AwsError("MissingParameter", f"The request must contain the parameter {name}.")


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def invalid_value(value: object, name: str, reason: str) -> AwsError:
    return AwsError("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def invalid_attribute_value(name: str, reason: str = "") -> AwsError:
    message = f"Invalid value for the parameter {name}."
    return AwsError("InvalidAttributeValue", f"{message} Reason: {reason}" if reason else message)


def unknown_attribute(name: str) -> AwsError:
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def queue_does_not_exist() -> AwsError:
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid_address(url: str) -> AwsError:
    return AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.")


def invalid_action(operation: str) -> AwsError:
    return AwsError("InvalidAction", f"The action {operation} is not valid for this endpoint.")


def unknown_operation() -> AwsError:
    """What a queue's URL answers where no action is named."""
    return AwsError("UnknownOperationException", status=404)


def receipt_handle_is_invalid(handle: str) -> AwsError:
    return AwsError("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')


def receipt_handle_expired(handle: str) -> AwsError:
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")


def resource_not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def over_limit(message: str) -> AwsError:
    return AwsError("OverLimit", message)
