"""`atoll up`: starts Atoll, and says what to do where it cannot."""

from __future__ import annotations

import errno
import logging
import sys

from atoll.gateway.embedded import serve
from atoll.gateway.settings import Settings
from atoll.index import IndexUnavailable
from atoll.tenants import NewerSchema
from atoll.tenants.folder import DataFolderError


def run(settings: Settings) -> int:
    """Returns the exit code."""
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        return serve(settings)
    except (DataFolderError, IndexUnavailable, NewerSchema) as error:
        print(f"atoll: {error}", file=sys.stderr)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        print(f"atoll: {_words(settings, error)}", file=sys.stderr)
    return 1


def _words(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} of {settings.host} is taken: end what listens there, "
            "or give another one with --port (0 picks a free one)"
        )
    return f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): give others with --host, --port"
