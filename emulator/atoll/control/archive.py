"""A snapshot as one file: a zip archive, not compressed, of a manifest and each tenant's database.

manifest.json  eu-central-1.sqlite  us-east-1.sqlite

It has no more than LONGEST_FILE bytes, which is what Python writes without zip's extensions for larger ones.

Files come from anywhere, so nothing in one is believed: names are compared and never followed, no member may be larger
than the file, and a database may hold nothing that runs.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

import msgspec

from atoll.control.errors import BadSnapshot, Refused
from atoll.core.service import Registry, Service
from atoll.core.sqlite import apsw
from atoll.gateway.files import LONGEST_FILE
from atoll.tenants.copy import DATABASE
from atoll.tenants.database import ENGINE_VERSION, layout, layout_wanted

FORMAT = 1
"""Grows when older Atolls could not read what this one writes."""
_MOST_MEMBERS = 100
_LONGEST_DIRECTORY = 64 * 1024
"""Bytes of the manifest, and of the archive's list of its members: both are read into memory."""
_MANIFEST = "manifest.json"
_REGION = re.compile(r"[a-z][a-z0-9-]{1,40}")
_END = struct.Struct("<4s4H2LH")
_QUOTED = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(\w+)\"""", re.DOTALL)
"""Comments, strings, and names that needed no quotes."""
_BEFORE_BRACKET = re.compile(r"(\w*)\s*\(")
_TEMPLATE = re.compile(r"arn:\{partition\}:[a-z0-9-]+:(\{region\})?:(\{account\})?:.")
"""An ARN as a tenant keeps it, which names no account but its own."""
_LAST_MOMENT = 253_402_300_800.0
"""The year 10,000, in seconds since the epoch."""
_LOCATOR = 20
"""Bytes before the end in which an archive says that it uses the extensions for larger ones."""


class TenantPart(msgspec.Struct):
    """`services` are those that have tables, with their versions."""

    region: str
    services: dict[str, int] = {}


class Manifest(msgspec.Struct):
    """`created` is in seconds since the epoch."""

    format: int
    atoll: str
    realm: str
    account: str
    created: float
    tenants: list[TenantPart] = []


class _Head(msgspec.Struct):
    format: int


def pack(manifest: Manifest, folder: Path, file: IO[bytes]) -> None:
    """Writes the databases of `folder`, in a folder each by their region. Raises Refused where they are too large."""
    try:
        with ZipFile(file, "w", ZIP_STORED, allowZip64=False) as archive:
            archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
            for part in manifest.tenants:
                archive.write(folder / part.region / DATABASE, _member(part))
    except LargeZipFile:
        raise Refused(
            f"What is in the account is larger than the {LONGEST_FILE:,} bytes that a snapshot may have"
        ) from None


def read_manifest(path: Path) -> Manifest:
    """Raises BadSnapshot, OSError."""
    try:
        with _opened(path) as archive:
            return _manifest(archive)
    except _DAMAGE as damage:
        raise _damaged(damage) from damage


def unpack(path: Path, folder: Path, registry: Registry) -> Manifest:
    """Reads the databases into `folder`, in a folder each by their region. Raises BadSnapshot, OSError."""
    try:
        with _opened(path) as archive:
            manifest = _manifest(archive)
            _check_members(archive, manifest, path.stat().st_size)
            for part in manifest.tenants:
                target = folder / part.region / DATABASE
                target.parent.mkdir()
                with archive.open(_member(part)) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1024 * 1024)
                _check_database(target, part, registry)
    except _DAMAGE as damage:
        raise _damaged(damage) from damage
    return manifest


_DAMAGE = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    struct.error,
    OverflowError,
    apsw.Error,
    msgspec.MsgspecError,
)
"""What the standard library and SQLite raise on files that are none of theirs."""


def _damaged(damage: Exception) -> BadSnapshot:
    return BadSnapshot(f"This is no snapshot of Atoll's, or a damaged one ({damage})")


def _member(part: TenantPart) -> str:
    return f"{part.region}.sqlite"


def _opened(path: Path) -> ZipFile:
    """What is read into memory at opening is bounded first."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END.size - _LOCATOR))
        end = file.read()
    if len(end) < _END.size:
        raise BadZipFile("it is too short")
    signature, *_, count, directory, _offset, comment = _END.unpack(end[-_END.size :])
    if signature != b"PK\5\6" or comment or end[:4] == b"PK\6\7":
        raise BadZipFile("it does not end as one")
    if count > _MOST_MEMBERS or directory > _LONGEST_DIRECTORY:
        raise BadZipFile("it has too many parts")
    archive = ZipFile(path)
    if any(info.header_offset < 0 for info in archive.infolist()):
        archive.close()
        raise BadZipFile("its parts lie outside of it")
    return archive


def _manifest(archive: ZipFile) -> Manifest:
    try:
        info = archive.getinfo(_MANIFEST)
    except KeyError:
        raise BadZipFile("it has no manifest") from None
    if info.file_size > _LONGEST_DIRECTORY:
        raise BadZipFile("its manifest is too long")
    if info.compress_type != ZIP_STORED:
        raise BadZipFile("its manifest is compressed, as no snapshot's is")
    text = archive.read(info)
    found = msgspec.json.decode(text, type=_Head).format
    if found > FORMAT:
        raise BadSnapshot(
            f"The snapshot was written by a newer Atoll (its format is {found}, this one knows {FORMAT}): load it there"
        )
    manifest = msgspec.json.decode(text, type=Manifest)
    if not re.fullmatch(r"[0-9]{12}", manifest.account, re.ASCII):
        raise BadZipFile("it is of no account")
    for part in manifest.tenants:
        if _REGION.fullmatch(part.region) is None:
            raise BadZipFile("it names a region that is none")
    return manifest


def _check_members(archive: ZipFile, manifest: Manifest, size: int) -> None:
    members: list[ZipInfo] = archive.infolist()
    if sorted(info.filename for info in members) != sorted([_MANIFEST, *map(_member, manifest.tenants)]):
        raise BadZipFile("its parts are not those that its manifest names")
    if any(info.compress_type != ZIP_STORED or info.flag_bits & 1 for info in members):
        raise BadZipFile("it is compressed, or encrypted, as no snapshot is")
    if sum(info.file_size for info in members) > size:
        raise BadZipFile("its parts are larger than it is")


def _check_database(path: Path, part: TenantPart, registry: Registry) -> None:
    """Raises BadSnapshot, apsw.Error."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        # https://www.sqlite.org/security.html
        db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        for kind, table, sql in db.execute("SELECT type, tbl_name, coalesce(sql, '') FROM sqlite_schema").fetchall():
            if kind not in ("table", "index") or not _is_plain(str(table), str(sql)):
                raise BadSnapshot(f"The database of {part.region} holds what no Atoll wrote: {str(sql)[:80]!r}")
        if not db.execute("PRAGMA user_version").fetchall()[0][0]:
            raise BadSnapshot(f"The database of {part.region} is none of Atoll's")
        if (verdict := db.execute("PRAGMA quick_check(1)").fetchall()) != [("ok",)]:
            raise BadSnapshot(f"The database of {part.region} is damaged: {verdict[0][0]}")
        services: list[tuple[Any, ...]] = db.execute("SELECT name, version FROM service").fetchall()
        for name, version in services:
            _check_service(part.region, str(name), version, registry)
        _check_tables(part.region, db, {registry[str(name)]: version for name, version in services})
        _check_catalogue(part.region, db, {str(name) for name, _ in services})
    finally:
        db.close()


def _check_tables(region: str, db: apsw.Connection, versions: Mapping[Service, int]) -> None:
    """That what is of today's version has today's tables; what is older is brought there by its migrations."""
    now = [each for each, version in versions.items() if each.schema is not None and version == each.schema.version]
    if db.execute("PRAGMA user_version").fetchall()[0][0] != ENGINE_VERSION:
        return
    wanted = layout_wanted(now)
    tables = {table for table, *_ in wanted}
    found = {row for row in layout(db) if row[0] in tables}
    if found != wanted:
        table, column, *_ = min(found ^ wanted, key=repr)
        raise BadSnapshot(f"The database of {region} has other tables than Atoll's: {table}, {column}")
    if len(now) == len(versions) and (more := {row[0] for row in layout(db)} - tables):
        raise BadSnapshot(f"The database of {region} has tables that are no service's: {min(more)}")


def _check_catalogue(region: str, db: apsw.Connection, services: set[str]) -> None:
    """That the index can be told what it says: that is shown to everybody in the realm."""
    for row in db.execute("SELECT service, kind, id, arn, tags, created, version FROM catalogue"):
        if not _is_entry(row, services):
            raise BadSnapshot(f"The catalogue of {region} says what no Atoll wrote: {str(row)[:80]}")
    for row in db.execute("SELECT kind, name, generation, version FROM holding"):
        *texts, version = row
        if not (all(isinstance(text, str) for text in texts) and _is_version(version)):
            raise BadSnapshot(f"The names of {region} are not as Atoll writes them: {str(row)[:80]}")


def _is_entry(row: tuple[Any, ...], services: set[str]) -> bool:
    service, kind, id, arn, tags, created, version = row
    if not all(isinstance(text, str) and text for text in (service, kind, id, arn, tags)) or service not in services:
        return False
    named = msgspec.json.decode(tags, type=dict[str, str])
    return (
        _TEMPLATE.match(arn) is not None
        and all(isinstance(text, str) for text in named)
        and isinstance(created, float)
        and 0 <= created < _LAST_MOMENT
        and _is_version(version)
    )


def _is_version(version: object) -> bool:
    return isinstance(version, int) and 0 <= version < 2**62


def _is_plain(table: str, sql: str) -> bool:
    """Whether the statement makes a table, or an index, of columns: without checks, defaults and indexes that are
    expressions, and would be run with each write."""
    if not sql:
        # An index that a table brings.
        return True
    sql = _QUOTED.sub(lambda match: match[1] or " ", sql)
    first, *others = _BEFORE_BRACKET.findall(sql.lower())
    virtual = sql.lower().split()[1:2] == ["virtual"]
    return not virtual and not set(sql) & set('"`[') and first == table.lower() and set(others) <= {"key", "unique"}


def _check_service(region: str, name: str, version: object, registry: Registry) -> None:
    service = registry.get(name)
    if service is None:
        raise BadSnapshot(f"The database of {region} has tables of {name}, a service that this Atoll lacks")
    known = 0 if service.schema is None else service.schema.version
    if not isinstance(version, int):
        raise BadSnapshot(f"The database of {region} does not say which {name} wrote it")
    if version > known:
        raise BadSnapshot(
            f"The database of {region} has tables of {name} in version {version}, this Atoll knows {known}: load it "
            "in a newer one"
        )
