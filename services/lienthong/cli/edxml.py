"""`lienthong edxml`: files, without any platform."""

import dataclasses
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from lienthong import edxml
from lienthong.cli.console import Json, err, out, print_json
from lienthong.cli.files import EdxmlFile, told, written

app = typer.Typer(help="edXML files: check, show, rewrite in the canonical form.")

REFUSED = 3


@app.command("check")
def check(file: EdxmlFile, *, as_json: Json = False) -> None:
    """Reads FILE and says what deviates. Exit code 3 when it is refused."""
    with _read(file, as_json=as_json) as (result, _spools):
        rows = [_plain(finding) for finding in result.warnings]
        if as_json:
            print_json({"acceptable": True, "warnings": rows})
            return
        for row in rows:
            text = escape(f"{row['path']}: {row.get('found', '')} → {row.get('taken', 'absent')}")
            out.print(f"[yellow]{row['code']}[/] {text}", soft_wrap=True)
        out.print(
            f"{file.name}: can be read, {len(rows)} deviations from the canonical form", markup=False, soft_wrap=True
        )


@app.command("show")
def show(file: EdxmlFile, *, as_json: Json = False) -> None:
    """Shows what FILE says."""
    with _read(file, as_json=as_json) as (result, _spools):
        values = _plain(result.message)
        if as_json:
            print_json(values)
            return
        for name, value in values.items():
            if value:
                out.print(f"[dim]{name:>16}[/]  {escape(str(value))}", soft_wrap=True)


@app.command("canonical")
def canonical(
    file: EdxmlFile,
    *,
    target: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; standard output when absent.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Writes FILE in the canonical form; with --json it needs a file to write, of which it then tells."""
    if as_json and target is None:
        raise typer.BadParameter("--json tells of the file that was written: name one", param_hint="--output")
    with _read(file, as_json=as_json) as (result, spools):
        pieces = edxml.write(result.message, spools)
        if target is None:
            sys.stdout.buffer.writelines(pieces)
            return
        with written(target) as stream:
            stream.writelines(pieces)
    if as_json:
        print_json({"file": str(target), "size": target.stat().st_size})
    else:
        out.print(f"{target}: {target.stat().st_size} bytes", markup=False, soft_wrap=True)


@contextmanager
def _read(file: Path, *, as_json: bool) -> Iterator[tuple[edxml.ReadResult, edxml.Spools]]:
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder:
        spools = edxml.FileSpools(Path(folder))
        try:
            with file.open("rb") as stream:
                result = edxml.read(stream, spools)
        except edxml.EdxmlError as error:
            _refused(file, error, as_json=as_json)
            raise typer.Exit(REFUSED) from error
        yield result, spools


def _refused(file: Path, error: edxml.EdxmlError, *, as_json: bool) -> None:
    if as_json:
        print_json({"acceptable": False, "problems": [_plain(problem) for problem in error.problems]})
        return
    for problem in error.problems:
        err.print(f"[red]{problem.reason}[/] {escape(f'{file.name}: {told(problem)}')}", soft_wrap=True)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (field.name for field in dataclasses.fields(value) if field.name != "handle")
        return {name: _plain(getattr(value, name)) for name in fields if getattr(value, name) not in (None, "", ())}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value if isinstance(value, int | float | bool) else str(value)
