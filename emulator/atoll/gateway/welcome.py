"""What Atoll says when it answers: where, with which data, and how to call it."""

from __future__ import annotations

from collections.abc import Sequence

from atoll import __version__
from atoll.gateway.logs import Announcer
from atoll.gateway.settings import Settings


def announce_start(
    announcer: Announcer, settings: Settings, ports: Sequence[int], control_port: int | None = None
) -> None:
    """Ends with the line that scripts wait for. `ports` are those that the settings' addresses came to, `control_port`
    the control API's own."""
    folder = settings.folder
    keeps = f"keeps its data in {folder}" if folder else "keeps its data until it ends"
    where = " and ".join(
        f"{settings.scheme}://{address.name}:{port}" for address, port in zip(settings.addresses, ports, strict=True)
    )
    announcer.say(f"Atoll {__version__} listens on {where} and {keeps}")
    if control_port is not None:
        address = settings.addresses[0]
        announcer.say(f"The control API listens on {settings.scheme}://{address.name}:{control_port}")
    if settings.log_format == "text":
        for line in _how_to_call(settings, ports[0]):
            announcer.say(line)
    announcer.ready()


def _how_to_call(settings: Settings, port: int) -> list[str]:
    host = settings.addresses[0].near
    trust = " --no-verify-ssl" if settings.scheme == "https" else ""
    command = f"aws --endpoint-url {settings.scheme}://{host}:{port}{trust} --region eu-central-1 sqs list-queues"
    if settings.closed:
        return ["Call it with the keys that it has issued:", f"  {command}"]
    return [
        "Call it with any AWS client; a 12-digit access key says which account you are:",
        f"  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test {command}",
    ]
