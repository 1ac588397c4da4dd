"""Files that commands read, and write: whole, or as they were before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

EdxmlFile = Annotated[Path, typer.Argument(help="An edXML file.")]


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """Opens a file that takes the place of `target` at the end of the block; after an error `target` is as it was.

    Raises:
        OSError: It cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
