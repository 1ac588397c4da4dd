"""Files that commands read, and write: whole, or as they were before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Annotated, BinaryIO

import typer

from lienthong import edxml
from lienthong.chassis.errors import Violation
from lienthong.common.v1 import document_pb2

EdxmlFile = Annotated[Path, typer.Argument(help="An edXML file.")]


def told(problem: edxml.Problem | document_pb2.Problem) -> str:
    """Tells a problem of a file in one line: where, which rule, what was found, what to do."""
    place = problem.line, problem.column
    return Violation(problem.path, problem.reason, problem.rule, problem.remedy, problem.found, *place).text()


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """Opens a file that takes the place of `target` at the end of the block; after an error `target` is as it was.

    Several at once do not disturb each other. What is no file (`/dev/stdout`, a pipe) is written into as it is.

    Raises:
        OSError: It cannot be written; it is named.
    """
    with _named(target):
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                yield stream
            return
        part = target.with_name(f"{target.name}.{token_hex(4)}.part")
        try:
            with part.open("xb") as stream:
                yield stream
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _named(target: Path) -> Iterator[None]:
    """Names the file in errors of writing, such as of a full disk, which name none."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(target)
        raise
