"""What Atoll says when it answers: where, with which data, and how to call it."""

from __future__ import annotations

from atoll import __version__
from atoll.gateway.logs import Announcer
from atoll.gateway.settings import Settings

_EVERYWHERE = ("0.0.0.0", "::")
_HERE = ("127.0.0.1", "::1", "localhost")


def announce_start(announcer: Announcer, settings: Settings, port: int) -> None:
    """Ends with the line that scripts wait for."""
    folder = settings.folder
    keeps = f"keeps its data in {folder}" if folder else "keeps its data until it ends"
    announcer.say(f"Atoll {__version__} listens on {settings.scheme}://{_listening(settings.host)}:{port} and {keeps}")
    if settings.log_format == "text":
        for line in _how_to_call(settings, port):
            announcer.say(line)
    announcer.ready()


def _how_to_call(settings: Settings, port: int) -> list[str]:
    host = "localhost" if settings.host in _EVERYWHERE or settings.host in _HERE else _listening(settings.host)
    trust = " --no-verify-ssl" if settings.scheme == "https" else ""
    command = f"aws --endpoint-url {settings.scheme}://{host}:{port}{trust} --region eu-central-1 sqs list-queues"
    if settings.closed:
        return ["Call it with the keys that it has issued:", f"  {command}"]
    return [
        "Call it with any AWS client; a 12-digit access key says which account you are:",
        f"  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test {command}",
    ]


def _listening(host: str) -> str:
    return f"[{host}]" if ":" in host else host
