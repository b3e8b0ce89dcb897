"""What an error looks like on the wire, by the service's model: its code, status, fault and further members."""

from __future__ import annotations

from typing import Any, NamedTuple

from atoll.core.errors import AwsError, Fault
from atoll.wire.model import Service, Shape


class WireError(NamedTuple):
    shape: Shape | None
    code: str
    """As the query, ec2 and rest-xml protocols write it."""
    status: int
    fault: Fault
    message: str
    members: dict[str, Any]


def of(service: Service, error: AwsError) -> WireError:
    """`error` by the service's model, where it is modelled, else as it stands."""
    shape = service.error(error.code)
    members = {
        name: value for name, value in error.members.items() if value is not None and name not in ("message", "Message")
    }
    if shape is None:
        status = error.status or (500 if error.fault == "Receiver" else 400)
        return WireError(None, error.code, status, error.fault, error.message, members)
    fault: Fault = "Receiver" if "Receiver" in (shape.fault, error.fault) else "Sender"
    message = shape.error_message or error.message
    return WireError(shape, shape.error_code, error.status or shape.error_status, fault, message, members)


def message_name(shape: Shape | None) -> str:
    """What an exception calls its message: `message`, or `Message` in some models."""
    if shape is not None and "message" not in shape.members and "Message" in shape.members:
        return "Message"
    return "message"
