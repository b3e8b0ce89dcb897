"""What of a running Atoll the control API steers and tells of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atoll.cell import Cell
from atoll.control.accounts import Accounts
from atoll.control.regions import Regions
from atoll.core.clock import Clock
from atoll.gateway.access_log import AccessLog
from atoll.gateway.app import Gateway
from atoll.gateway.call_log import CallLog
from atoll.gateway.init_scripts import InitScripts
from atoll.gateway.settings import Settings
from atoll.index import Index
from atoll.tenants.folder import DataFolder


@dataclass
class Parts:
    """`token` is what a caller shows who is not on this machine, or who means a closed realm; `data_port` is where
    AWS's services are."""

    settings: Settings
    token: str
    clock: Clock
    index: Index
    cell: Cell
    gateway: Gateway
    access_log: AccessLog
    calls: CallLog
    accounts: Accounts
    regions: Regions
    folder: DataFolder
    scripts: InitScripts
    data_port: Callable[[], int]
