"""The one error that a caller may see: AWS's code, AWS's message, and whose fault it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Fault = Literal["Sender", "Receiver"]


class AwsError(Exception):
    """An error of an operation, in AWS's words.

    `code` is the name of the exception's shape in the service's model where the model has one (the codec then takes
    wire code, status and fault from it), else the code itself as AWS sends it. `status` overrides the model's HTTP
    status; without either it is 400. `members` are the further members of a modelled exception.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        fault: Fault = "Sender",
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.fault: Fault = fault
        self.members: Mapping[str, Any] = members or {}

    def pack(self) -> tuple[Any, ...]:
        """As plain data, to travel between processes."""
        return (self.code, self.message, self.status, self.fault, dict(self.members))

    @classmethod
    def unpack(cls, packed: Sequence[Any]) -> AwsError:
        code, message, status, fault, members = packed
        return cls(code, message, status=status, fault=fault, members=members)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def missing_action() -> AwsError:
    """What a caller is told who names no operation."""
    return AwsError("MissingAction", "Could not find operation to perform.")


def service_unavailable() -> AwsError:
    """What a caller is told of a call that was given up and may be made again.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    """
    return AwsError(
        "ServiceUnavailable",
        "The request has failed due to a temporary failure of the server.",
        status=503,
        fault="Receiver",
    )


def internal_failure() -> AwsError:
    """What a caller is told of a failure that is ours: nothing of the inside.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    """
    return AwsError(
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
        status=500,
        fault="Receiver",
    )
