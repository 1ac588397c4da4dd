"""Writes an installation that stands still into a folder."""

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Table

from lienthong.chassis import migrations
from lienthong.chassis.engines.blobs import BlobEntry, BlobStore
from lienthong.chassis.engines.database import Database
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.unfinished import unfinished
from lienthong.moving.form import (
    CONTENTS,
    FORMAT,
    MANIFEST,
    PIECE,
    Content,
    ContentsEntry,
    Manifest,
    MovingError,
    RowsHash,
    ServiceEntry,
    TableEntry,
    content_file,
    hash_of,
    rows_file,
)
from lienthong.moving.installation import Installation, tables_of
from lienthong.moving.parallel import in_parallel
from lienthong.moving.rows import lines_of
from lienthong.settings import Settings

Tell = Callable[[str], None]


def export_installation(settings: Settings, folder: Path, tell: Tell, *, with_keys: bool) -> Manifest:
    """Exports an installation. The manifest is written last: a folder without one is no export.

    Args:
        settings: Which installation.
        folder: Where to; empty or absent.
        tell: Is told what goes on.
        with_keys: Whether private keys go along.

    Raises:
        MovingError: The installation is at work or is none, or the folder is not empty.
        ConfigError: The data folder is in use.
        AxisError: An engine is away.
    """
    if not settings.engines.postgres.servers and not (settings.data_dir / "databases").is_dir():
        raise MovingError([f"{settings.data_dir}: holds no installation; name another one with --config or --data-dir"])
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise MovingError([f"{folder}: is not empty; name a folder that is, or remove what stands there"])
    folder.chmod(0o700)  # what is in it is as confidential as the documents
    with Installation(settings, owner=False) as source:
        source.insist_on_rest()
        services = {service: _service(source, service, folder, tell) for service in source.databases}
        contents = _contents(source.blobs, folder)
        tell(f"{contents.count} contents, {contents.bytes} bytes")
        files = _files(source, folder, with_keys=with_keys)
        # Whoever began meanwhile has changed what was read.
        source.insist_on_rest()
    manifest = Manifest(
        format=FORMAT,
        export=Uuid7Source().new(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        services=services,
        contents=contents,
        files=files,
    )
    os.sync()
    unfinished_file = folder / f".{MANIFEST}"
    unfinished_file.write_text(manifest.model_dump_json(indent=1), "utf-8")
    unfinished_file.rename(folder / MANIFEST)
    os.sync()
    return manifest


def _service(source: Installation, service: str, folder: Path, tell: Tell) -> ServiceEntry:
    database = source.databases[service]
    standing = migrations.standing(database, service)
    if standing.ahead != 0:
        rule = f"stands at {standing.current or 'nothing'}, and this program exports {standing.newest}"
        raise MovingError([f"the schema of {service} {rule}; run `lienthong db upgrade`, or start it once"])
    _insist_on_whole(database, service)
    with database.read() as connection:
        tables = {table.name: _table(connection, service, table, folder) for table in tables_of(service)}
    tell(f"{service}: {sum(table.rows for table in tables.values())} rows in {len(tables)} tables")
    return ServiceEntry(schema_version=standing.current, tables=tables)


def _insist_on_whole(database: Database, service: str) -> None:
    with database.read() as connection:
        begun = unfinished(connection)
    if begun is not None:
        raise MovingError([f"the database of {service} holds a part of export {begun.export}; end that import first"])


def _table(connection: Connection, service: str, table: Table, folder: Path) -> TableEntry:
    file, whole, rows = rows_file(folder, service, table.name), hashlib.sha256(), RowsHash()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        for line in lines_of(connection, table):
            stream.write(line)
            whole.update(line)
            rows.add(line)
    columns = tuple(column.name for column in table.columns)
    return TableEntry(columns=columns, rows=rows.count, sha256=whole.hexdigest(), content=rows.hex())


def _contents(blobs: BlobStore, folder: Path) -> ContentsEntry:
    def copied(entry: BlobEntry) -> Content:
        place = content_file(folder, entry.key)
        place.parent.mkdir(parents=True, exist_ok=True)
        stream, whole = open_content(blobs, entry.key)
        with stream, place.open("wb") as file:
            shutil.copyfileobj(stream, file, PIECE)
        return Content(key=entry.key, size=place.stat().st_size, sha256=hash_of(place), whole=whole)

    total, listed, count = 0, hashlib.sha256(), 0
    with (folder / CONTENTS).open("wb") as file:
        for content in in_parallel(copied, blobs.entries()):
            if not (content.whole or content.size):
                continue  # an upload that has no byte yet
            line = content.model_dump_json().encode() + b"\n"
            file.write(line)
            listed.update(line)
            count, total = count + 1, total + content.size
    return ContentsEntry(count=count, bytes=total, sha256=listed.hexdigest())


def open_content(blobs: BlobStore, key: str) -> tuple[BinaryIO, bool]:
    """Opens a content, and tells whether it is whole; else it is an upload that goes on.

    Raises:
        AxisError: NOT_FOUND when it is neither, UNAVAILABLE when the store is away.
    """
    try:
        return blobs.open(key), True
    except AxisError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        return blobs.open_partial(key), False


def _files(source: Installation, folder: Path, *, with_keys: bool) -> dict[str, str]:
    found: dict[str, Path] = {}
    if source.trust.is_dir():
        found |= {f"trust/{file.relative_to(source.trust)}": file for file in source.trust.rglob("*") if file.is_file()}
    if with_keys:
        found |= {f"keys/{file.name}": file for file in sorted(source.keys.iterdir()) if file.is_file()}
    for name, file in found.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy_file(file, place)
    return {name: hash_of(folder / name) for name in found}


def copy_file(file: Path, place: Path) -> None:
    """Copies a file; a private key is never readable by others, not for a moment."""
    secret = file.suffix == ".key"
    place.touch(mode=0o600 if secret else 0o644)
    shutil.copyfile(file, place)
