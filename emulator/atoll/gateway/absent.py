"""What is told of services and operations that Atoll has not, or is not to serve."""

from __future__ import annotations

from atoll.core.errors import AwsError
from atoll.core.service import Registry, Service
from atoll.gateway.detect import Detected


def name_of(detected: Detected) -> str:
    """What was called, as it is counted."""
    return f"{detected.service}.{detected.operation_name}" if detected.operation_name else detected.service


def not_there(registry: Registry, detected: Detected, service: Service | None) -> AwsError:
    """`service` is None where it is the service that Atoll has not."""
    name = name_of(detected)
    if service is None:
        there = f"The services that it has: {', '.join(sorted(registry))}."
    else:
        names = sorted(each.name for each in service.operations.values() if not each.internal)
        if detected.operation_name in names:
            name = f"{name} in the protocol {detected.protocol}"
        there = f"The operations of {detected.service} that it has: {', '.join(names)}."
    return AwsError("NotImplemented", f"Atoll has no {name}. {there}", status=501, fault="Receiver")


def not_enabled(service: str) -> AwsError:
    """In LocalStack's words, which name its variable; `--service` is another spelling of it."""
    words = f"Service '{service}' is not enabled. Please check your 'SERVICES' configuration variable."
    return AwsError("InternalFailure", words, status=501, fault="Receiver")
