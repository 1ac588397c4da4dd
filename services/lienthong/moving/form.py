"""How an export is written down: the manifest, rows as lines, and hashes that do not depend on an engine."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import LargeBinary, Table

FORMAT: Literal[1] = 1
"""Grows when an older program could not read an export any more."""

MANIFEST = "manifest.json"
CONTENTS = "contents.jsonl"
"""The list of contents: a line for each, as `Content`."""
PIECE = 1 << 20
"""Bytes read at once."""
_MODULUS = 1 << 256


class MovingError(Exception):
    """An installation cannot be exported or imported.

    Attributes:
        problems: All of them, one line each: the thing, the rule, the remedy.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Part(BaseModel):
    """A part of the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TableEntry(Part):
    """One table.

    Attributes:
        columns: In the order of each line.
        rows: How many lines there are.
        sha256: Of the file.
        content: What `RowsHash` gives for its rows, in whatever order.
    """

    columns: tuple[str, ...]
    rows: int = Field(ge=0)
    sha256: str
    content: str


class ServiceEntry(Part):
    """The database of one service."""

    schema_version: str
    tables: dict[str, TableEntry]


class ContentsEntry(Part):
    """All contents: how many, of how many bytes, and the hash of their list."""

    count: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str


def _inside(name: str) -> str:
    """Refuses a name that leads out of the folders of keys and trust: an import writes files of these names."""
    path = PurePosixPath(name)
    parts = path.parts
    # Only a name that is written as it is meant: behind `trust//` an absolute path would take the folder's place.
    plain = str(path) == name and ".." not in parts and "\0" not in name
    if not plain or len(parts) < 2 or parts[0] not in {"keys", "trust"}:  # noqa: PLR2004 -- a folder and a file
        raise ValueError(f"{name}: is no file of keys/ or trust/")
    return name


class Manifest(Part):
    """What an export holds.

    Attributes:
        format: Of the folder.
        export: Identifier of this export.
        made_at: When it was made, RFC 3339.
        services: By name.
        contents: Files below `contents/`.
        files: SHA-256 of the other files by their name in the export: keys, trust.
    """

    format: Literal[1]
    export: str
    made_at: str
    services: dict[str, ServiceEntry]
    contents: ContentsEntry
    files: dict[Annotated[str, AfterValidator(_inside)], str]


class Content(Part):
    """One content.

    Attributes:
        key: Its key.
        size: Its bytes.
        sha256: Their hash.
        whole: Whether it was committed; False for an upload that goes on.
    """

    key: str
    size: int = Field(ge=0)
    sha256: str
    whole: bool


def rows_file(folder: Path, service: str, table: str) -> Path:
    """Names the file with the rows of a table."""
    return folder / "tables" / service / f"{table}.jsonl"


def content_file(folder: Path, key: str) -> Path:
    """Names the file with a content."""
    return folder / "contents" / key[-2:] / key


def write_line(values: Iterable[Any]) -> bytes:
    """Writes a row; bytes are base64."""
    plain = [base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value for value in values]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads rows of a table back from their lines."""

    table: Table

    def read(self, line: bytes) -> dict[str, Any]:
        """Gives the values by column."""
        row = {}
        for column, value in zip(self.table.columns, json.loads(line), strict=True):
            binary = isinstance(column.type, LargeBinary) and value is not None
            row[column.name] = base64.b64decode(value) if binary else value
        return row


class RowsHash:
    """The sum of the SHA-256 of each line, modulo 2^256: the same in whatever order an engine gives the rows."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Counts a line in."""
        self.count += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest())) % _MODULUS

    def hex(self) -> str:
        """Gives the sum, 64 digits."""
        return f"{self._sum:064x}"


def hash_of(file: Path) -> str:
    """Gives the SHA-256 of a file, in constant memory."""
    with file.open("rb") as stream:
        return hash_of_stream(stream)


def hash_of_stream(stream: BinaryIO) -> str:
    """Gives the SHA-256 of what is still to be read of a stream, in constant memory."""
    found = hashlib.sha256()
    while piece := stream.read(PIECE):
        found.update(piece)
    return found.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest of an export.

    Raises:
        MovingError: There is none, or this program cannot read it.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise MovingError([f"{folder}: holds no {MANIFEST}, which an export writes last; export again"])
    try:
        found = json.loads(file.read_bytes())
        made = found.get("format") if isinstance(found, dict) else None
        if made != FORMAT:
            raise MovingError([f"{file}: format {made!r}; this program reads format {FORMAT}"])
        return Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        first = str(error).partition("\n")[0]
        raise MovingError([f"{file}: is damaged: {first}; copy the export again"]) from error
