"""What was imported is read back: by count and hash it is what the export holds."""

import shutil
from pathlib import Path

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code
from lienthong.moving.checking import contents_of
from lienthong.moving.exporting import open_content
from lienthong.moving.form import PIECE, Content, Manifest, MovingError, RowsHash, content_file, hash_of_stream
from lienthong.moving.installation import Installation, tables_of
from lienthong.moving.parallel import in_parallel
from lienthong.moving.rows import lines_of


def write_contents(blobs: BlobStore, folder: Path, *, again: bool) -> None:
    """Writes all contents under their keys, and reads each back.

    Args:
        blobs: Where to.
        folder: The export.
        again: Whether an interrupted import may have written some of them.

    Raises:
        MovingError: What was written is read back as something else.
        AxisError: The store is away or full.
    """

    def bring(content: Content) -> None:
        if again:
            if _is_there(blobs, content):
                return
            blobs.delete(content.key)  # what was begun of it
        _write(blobs, content, content_file(folder, content.key))
        if not _is_there(blobs, content):
            raise MovingError([f"content {content.key}: the store gives back other bytes than it was given"])

    for _ in in_parallel(bring, contents_of(folder)):
        pass


def insist_on_arrived(target: Installation, manifest: Manifest) -> None:
    """Compares what the target holds with the manifest: rows by count and hash, contents by count.

    Raises:
        MovingError: Names the tables that differ.
    """
    problems = []
    for service, database in target.databases.items():
        with database.read() as connection:
            for table in tables_of(service):
                wanted, found = manifest.services[service].tables[table.name], RowsHash()
                for line in lines_of(connection, table):
                    found.add(line)
                if (found.count, found.hex()) != (wanted.rows, wanted.content):
                    problems.append(f"{service}: table {table.name} has {found.count} rows of {wanted.rows}, or others")
    count = sum(1 for _ in target.blobs.entries())
    if count != manifest.contents.count:
        problems.append(f"the store holds {count} contents, and {manifest.contents.count} were exported")
    if problems:
        raise MovingError([*problems, "somebody else wrote to the target; make it empty and import again"])


def _write(blobs: BlobStore, content: Content, file: Path) -> None:
    with file.open("rb") as source:
        if content.whole:
            with blobs.create(content.key) as writer:
                shutil.copyfileobj(source, writer, PIECE)
            return
        part = blobs.resume(content.key, 0)
        shutil.copyfileobj(source, part, PIECE)
        part.sync()
        part.close()


def _is_there(blobs: BlobStore, content: Content) -> bool:
    try:
        stream, whole = open_content(blobs, content.key)
    except AxisError as error:
        if error.code is not Code.NOT_FOUND:
            raise
        return False
    with stream:
        return whole == content.whole and hash_of_stream(stream) == content.sha256
