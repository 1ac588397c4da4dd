"""Fills the engines of an installation that is empty from an export, and verifies that all of it arrived."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Table, func, insert, select

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.topics import TOPICS
from lienthong.chassis.unfinished import Stage, finish, mark, unfinished
from lienthong.moving.arrived import insist_on_arrived, write_contents
from lienthong.moving.checking import insist_on_known, insist_on_undamaged
from lienthong.moving.events import tell_again
from lienthong.moving.exporting import copy_file
from lienthong.moving.form import LineReader, Manifest, MovingError, hash_of, read_manifest, rows_file
from lienthong.moving.installation import Installation, tables_of
from lienthong.moving.rows import count_of
from lienthong.settings import Settings

ROWS_AT_ONCE = 500
"""Rows of one transaction."""

_READER = "import"
"""A consumer group that nobody joins: to it the whole log is still to be read."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done.

    Attributes:
        manifest: Of the export.
        told_again: Events that will be published again.
    """

    manifest: Manifest
    told_again: int


def import_installation(settings: Settings, folder: Path, tell: Tell) -> Imported:
    """Imports an export. Interrupted, it is begun again with the same export and goes on where it stood.

    Args:
        settings: The installation that is filled: empty, and nobody is at work on it.
        folder: The export.
        tell: Is told what goes on.

    Raises:
        MovingError: The export is damaged or of another version, or the target is not empty or at work.
        ConfigError: The data folder is in use.
        AxisError: An engine is away or full.
    """
    manifest = read_manifest(folder)
    insist_on_undamaged(folder, manifest)
    tell("the export is undamaged")
    with Installation(settings, owner=True) as target:
        target.insist_on_rest()
        for service, database in target.databases.items():
            migrations.upgrade(database, service)
        insist_on_known(manifest, dict(target.databases))
        stage = _stage(target, manifest)
        if stage is not Stage.VERIFIED:
            _bring(target, folder, manifest, tell, again=stage is Stage.FILLING)
        told = tell_again(target.databases)
        for database in target.databases.values():
            with database.write() as connection:
                finish(connection)
    return Imported(manifest, told)


def _bring(target: Installation, folder: Path, manifest: Manifest, tell: Tell, *, again: bool) -> None:
    # Keys first: a start that finds none makes others, before it looks into the databases.
    _files(target, folder, manifest)
    _mark(target, manifest, Stage.FILLING)
    for service, database in target.databases.items():
        for table in tables_of(service):
            _fill(database, table, rows_file(folder, service, table.name))
        _count_on(database, service)
        tell(f"{service}: rows are there")
    write_contents(target.blobs, folder, again=again)
    tell("contents are there")
    insist_on_arrived(target, manifest)
    tell("all is there as it was exported")
    _mark(target, manifest, Stage.VERIFIED)


def _mark(target: Installation, manifest: Manifest, stage: Stage) -> None:
    for database in target.databases.values():
        with database.write() as connection:
            mark(connection, manifest.export, stage)


def _stage(target: Installation, manifest: Manifest) -> Stage | None:
    """Tells how far an interrupted import of the same export is; None when there was none and there is room.

    Raises:
        MovingError: The target is not empty.
    """
    marks = []
    for database in target.databases.values():
        with database.read() as connection:
            marks.append(unfinished(connection))
    others = sorted({one.export for one in marks if one is not None} - {manifest.export})
    if others:
        rule = "end that import, or make the target empty"
        raise MovingError([f"the target holds a part of export {', '.join(others)}; {rule}"])
    stages = {one.stage for one in marks if one is not None}
    if not stages:
        _insist_on_room(target)
    # Nothing is done after verification before all are marked so, and marks are taken away after all else.
    return min(stages, default=None)


def _insist_on_room(target: Installation) -> None:
    problems = [f"{service}: table {name} has rows" for service, name in _filled(target)]
    if next(target.blobs.entries(), None) is not None:
        problems.append("the store of contents is not empty")
    if any(one.records for one in target.log.lag(_READER, [topic.name for topic in TOPICS])):
        problems.append("the event log has records")
    if problems:
        raise MovingError([*problems, "an import fills empty engines only; name others, or remove what stands there"])


def _filled(target: Installation) -> Iterator[tuple[str, str]]:
    for service, database in target.databases.items():
        with database.read() as connection:
            for table in tables_of(service):
                if connection.execute(select(table.columns[0]).limit(1)).first() is not None:
                    yield service, table.name


def _files(target: Installation, folder: Path, manifest: Manifest) -> None:
    """Puts keys and trust into their folders; a file that is there already must be the same."""
    places = {"keys": target.keys, "trust": target.trust}
    wanted = {}
    for name, sha256 in manifest.files.items():
        kind, _, rest = name.partition("/")
        place = places[kind] / rest
        if not place.is_file():
            wanted[name] = place
        elif hash_of(place) != sha256:
            raise MovingError([f"{place}: another file stands there; the export's {kind} go into an empty folder"])
    for name, place in wanted.items():
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_file(folder / name, place)


def _fill(database: Database, table: Table, file: Path) -> None:
    """Inserts the rows of a file after those that an interrupted import inserted: it went through them in order."""
    reader, statement = LineReader(table), insert(table)
    with database.read() as connection:
        there = count_of(connection, table)
    with file.open("rb") as stream:
        lines = islice(stream, there, None)
        while rows := [reader.read(line) for line in islice(lines, ROWS_AT_ONCE)]:
            with database.write() as connection:
                connection.execute(statement, rows)


def _count_on(database: Database, service: str) -> None:
    """Lets numbers that the database gives go on after the highest that was imported; SQLite does so by itself."""
    with database.write() as connection:
        if connection.dialect.name != "postgresql":
            return
        for table in tables_of(service):
            counted = table.autoincrement_column
            if counted is not None and counted.autoincrement is True:
                highest = select(func.coalesce(func.max(counted), 0) + 1).scalar_subquery()
                sequence = func.pg_get_serial_sequence(table.name, counted.name)
                connection.execute(select(func.setval(sequence, highest, False)))
