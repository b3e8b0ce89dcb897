"""The control API's side of snapshots, and of resetting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Annotated

from fastapi import FastAPI, Path, Request
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from atoll.control.errors import NeedsToken, NotThere, Refused
from atoll.control.guard import Guard
from atoll.control.models import Name, Page, ResetSpec, SnapshotSpec, SnapshotView, TenantView
from atoll.control.parts import Parts
from atoll.control.reset import Extent
from atoll.control.views import snapshot_view
from atoll.core.threads import in_thread
from atoll.gateway.files import LONGEST_FILE
from atoll.manifests.account import Account

SnapshotName = Annotated[str, Path(max_length=63)]
_PIECE = 1024 * 1024
"""Bytes that are read or written at a time."""


def add_snapshots(api: FastAPI, parts: Parts, guard: Guard) -> None:
    snapshots = parts.accounts.snapshots

    async def holder(realm: str, name: str) -> str:
        """The account id of one that is declared, or holds something. Raises NotThere."""
        id = await parts.accounts.account_id(realm, name)
        if not snapshots.tenants(realm, id) and await parts.index.declaration_of(realm, id) is None:
            raise NotThere(f"No account {name} was declared in the realm {realm}, and it holds nothing")
        return id

    @api.get("/_atoll/v1/realms/{realm}/accounts/{name}/snapshot", response_class=StreamingResponse)
    async def save_snapshot(request: Request, realm: Name, name: Name) -> StreamingResponse:
        """All that is in the account, as a file."""
        await guard.realm(request, realm)
        account = await holder(realm, name)
        with ExitStack() as opened:
            # Without a name, so that it goes when it is closed, whatever becomes of the one who asked.
            with snapshots.room() as room:
                file = opened.enter_context(TemporaryFile(dir=room))
            await snapshots.save(realm, account, file)
            opened.pop_all()
        headers = {"content-disposition": f'attachment; filename="{name}.atoll"', "content-length": str(file.tell())}
        file.seek(0)
        return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)

    @api.post("/_atoll/v1/realms/{realm}/accounts/{name}/snapshot")
    async def load_snapshot(request: Request, realm: Name, name: Name) -> Page[TenantView]:
        """The body is a snapshot's file: the account holds what that does, and nothing else."""
        await guard.realm(request, realm)
        account = await parts.accounts.account_id(realm, name)
        with snapshots.room() as room:
            path = room / "snapshot"
            with path.open("wb") as file:
                await _receive(request, file)
            await snapshots.load(path, realm, account)
        cell = parts.cell.name
        return Page(items=[TenantView(**id._asdict(), cell=cell) for id in snapshots.tenants(realm, account)])

    @api.get("/_atoll/v1/realms/{realm}/snapshots")
    async def list_snapshots(request: Request, realm: Name) -> Page[SnapshotView]:
        """Those of the realm that are kept under a name."""
        await guard.realm(request, realm)
        kept = await in_thread(snapshots.kept)
        return Page(items=[snapshot_view(name, manifest) for name, manifest in kept if manifest.realm == realm])

    @api.put("/_atoll/v1/realms/{realm}/snapshots/{snapshot}")
    async def keep_snapshot(request: Request, realm: Name, snapshot: SnapshotName, spec: SnapshotSpec) -> SnapshotView:
        """Saves an account under a name, for accounts to start from."""
        await guard.realm(request, realm)
        account = await holder(realm, spec.account)
        return snapshot_view(snapshot, await snapshots.keep(realm, account, snapshot))

    @api.delete("/_atoll/v1/realms/{realm}/snapshots/{snapshot}", status_code=204)
    async def forget_snapshot(request: Request, realm: Name, snapshot: SnapshotName) -> None:
        await guard.realm(request, realm)
        snapshots.forget(realm, snapshot)


def add_reset(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.post("/_atoll/v1/reset")
    async def reset(request: Request, spec: ResetSpec) -> Page[TenantView]:
        """Erases what is in all tenants that fit, or what one service has in them. What was declared stays. Answers
        with the tenants."""
        if spec.realm:
            await guard.realm(request, spec.realm)
        else:
            await guard.all_realms(request)
        if spec.everything == any((spec.realm, spec.account, spec.region, spec.service)):
            raise Refused(
                "Say what is to be erased: a realm, account, region or service, or else that it is everything"
            )
        account = await parts.accounts.account_id(spec.realm, spec.account) if spec.account else ""
        erased = await parts.accounts.reset(Extent(spec.realm, account, spec.region, spec.service))
        return Page(items=[TenantView(**id._asdict(), cell=parts.cell.name) for id in erased])


async def may_start_from(request: Request, parts: Parts, guard: Guard, account: Account) -> None:
    """What was saved in a closed realm starts an account for those only who show the token. Raises NeedsToken,
    NotThere, BadSnapshot."""
    if not account.from_snapshot or guard.trusted(request):
        return
    if await parts.index.declaration("Account", account.realm, account.name) is not None:
        return
    _, manifest = parts.accounts.snapshots.find(account.from_snapshot)
    realm = await parts.index.realm(manifest.realm)
    if realm is None or not realm.open:
        raise NeedsToken(f"The snapshot {account.from_snapshot} is of no open realm: show Atoll's token as a bearer")


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await in_thread(file.read, _PIECE):
            yield piece


async def _receive(request: Request, file: IO[bytes]) -> None:
    """Raises Refused where the body is too long, or ends early."""
    length, waiting = 0, bytearray()
    try:
        async for piece in request.stream():
            length += len(piece)
            if length > LONGEST_FILE:
                raise Refused(f"A snapshot has at most {LONGEST_FILE:,} bytes")
            waiting += piece
            if len(waiting) >= _PIECE:
                await in_thread(file.write, bytes(waiting))
                waiting.clear()
    except ClientDisconnect:
        raise Refused("The file was cut short") from None
    await in_thread(file.write, bytes(waiting))
