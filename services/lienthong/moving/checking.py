"""Looks whether an export is what its manifest says, before anything is done with it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.moving.form import (
    CONTENTS,
    Content,
    Manifest,
    MovingError,
    TableEntry,
    content_file,
    hash_of,
    rows_file,
)
from lienthong.moving.installation import SERVICES, tables_of
from lienthong.moving.parallel import in_parallel

_NAMED_AT_MOST = 50


def insist_on_undamaged(folder: Path, manifest: Manifest) -> None:
    """Reads the whole export.

    Raises:
        MovingError: Names what is damaged or missing.
    """
    problems: list[str] = []
    for problem in _problems(folder, manifest):
        if len(problems) == _NAMED_AT_MOST:
            problems.append("and more")
            break
        problems.append(problem)
    if problems:
        raise MovingError([*problems, f"{folder}: the export is damaged; copy it again"])


def insist_on_known(manifest: Manifest, databases: dict[str, Database]) -> None:
    """Compares the schemas of the export with those of this program, which the databases have.

    Raises:
        MovingError: They are of another version.
    """
    problems = []
    for service, database in databases.items():
        entry, here = manifest.services[service], migrations.standing(database, service)
        if not entry.schema_version == here.current == here.newest:
            rule = f"the export's stands at {entry.schema_version}, the target's at {here.current}"
            problems.append(f"the schema of {service}: {rule}, and this program works with {here.newest}")
    if problems:
        raise MovingError([*problems, "export and import with the same version of the program"])


def _problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    if set(manifest.services) != set(SERVICES):
        yield f"manifest: names the services {', '.join(sorted(manifest.services))}"
        return
    for service, entry in manifest.services.items():
        declared = {table.name: tuple(column.name for column in table.columns) for table in tables_of(service)}
        if declared != {name: table.columns for name, table in entry.tables.items()}:
            yield f"manifest: tables of {service} are not those of this program"
        for name, table in entry.tables.items():
            yield from _table(rows_file(folder, service, name), table)
    listed = list(_hashed(folder / CONTENTS, manifest.contents.sha256))
    yield from listed
    # A damaged list cannot be gone through.
    found = [] if listed else in_parallel(lambda one: _content(folder, one), contents_of(folder))
    yield from (problem for some in found for problem in some)
    for name, sha256 in manifest.files.items():
        yield from _hashed(folder / name, sha256)


def _table(file: Path, table: TableEntry) -> Iterator[str]:
    if not file.is_file():
        yield f"{file}: is missing"
        return
    whole, count = hashlib.sha256(), 0
    with file.open("rb") as stream:
        for line in stream:
            whole.update(line)
            count += 1
    if (count, whole.hexdigest()) != (table.rows, table.sha256):
        yield f"{file}: holds {count} rows of {table.rows}, or others; SHA-256 {whole.hexdigest()}, not {table.sha256}"


def _content(folder: Path, content: Content) -> list[str]:
    return list(_hashed(content_file(folder, content.key), content.sha256))


def _hashed(file: Path, sha256: str) -> Iterator[str]:
    if not file.is_file():
        yield f"{file}: is missing"
    elif hash_of(file) != sha256:
        yield f"{file}: is damaged; its SHA-256 is not {sha256}"


def contents_of(folder: Path) -> Iterator[Content]:
    """Reads the list of contents, line by line; nothing where it is missing."""
    file = folder / CONTENTS
    if not file.is_file():
        return
    with file.open("rb") as stream:
        for line in stream:
            yield Content.model_validate_json(line)
