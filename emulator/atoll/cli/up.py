"""`atoll up`: starts Atoll, and says what to do where it cannot."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from atoll.cli.variables import unheeded
from atoll.control.errors import Refused
from atoll.control.steer import steer
from atoll.core.sqlite import apsw
from atoll.gateway.embedded import Embedded, serve
from atoll.gateway.logs import unready
from atoll.gateway.server import CannotListen
from atoll.gateway.settings import BadSetting, Settings
from atoll.index import IndexUnavailable
from atoll.manifests.problems import BadManifests
from atoll.tenants import NewerSchema
from atoll.tenants.folder import DataFolderError

if TYPE_CHECKING:
    from atoll.manifests.check import Read

logger = logging.getLogger(__name__)


def run(settings: Settings, files: Sequence[str] = ()) -> int:
    """Starts with the Accounts and Regions of `files` declared. Returns the exit code. Where it is to start anew, the
    process does so in its place."""
    try:
        manifests = _read(files) if files else []

        async def prepare(atoll: Embedded) -> None:
            for line in unheeded(os.environ):
                logger.warning("%s", line)
            await steer(atoll, manifests)

        if serve(settings, prepare):
            _start_anew()
        return 0
    except (DataFolderError, IndexUnavailable, NewerSchema, BadManifests, Refused) as error:
        return _refuse(str(error))
    except apsw.Error as error:
        return _refuse(
            f"The data folder {settings.folder} cannot be used ({error}): see to its disk and its files, "
            "or give another folder with --data"
        )
    except CannotListen as error:
        return _refuse(_address_words(error, settings))
    except BadSetting as error:
        return _refuse(f"{error.option}: {error}")
    except OSError as error:
        if error.filename is not None and Path(error.filename) in (settings.tls_certificate, settings.tls_key):
            return _refuse(f"{error.filename} cannot be read: {error.strerror}")
        raise


def _read(files: Sequence[str]) -> list[Read]:
    """Raises BadManifests."""
    # Imported here, since few start with manifests, and they bring YAML and JSON Schema along.
    from atoll.manifests.check import read_manifests

    return read_manifests(files)


def _refuse(words: str) -> int:
    print(unready(f"atoll: {words}"), file=sys.stderr)
    return 1


def _start_anew() -> NoReturn:
    """By the same command line, as the same process."""
    sys.stdout.flush()
    os.execv(sys.executable, sys.orig_argv)


def _address_words(error: CannotListen, settings: Settings) -> str:
    # Its host is the first of the others', so that it is its port that is to blame for what both may be.
    port = "--control-port" if settings.control_port == error.port else "--port or --listen"
    if error.no_such_host:
        return f"There is no host {error.host}: give an address of this machine with --host or --listen"
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {error.port} of {error.host} is taken: end what listens there, "
            f"or give another one with {port} (0 picks a free one)"
        )
    where = f"{error.host}:{error.port}"
    return f"{where} cannot be listened on ({error.strerror}): give others with --host, {port}"
