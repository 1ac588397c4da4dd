"""`lienthong export` and `lienthong import`: an installation moves to other engines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lienthong.cli.console import Json, complain, err, out, print_json
from lienthong.cli.run import ConfigFile, DataDir, load
from lienthong.cli.tables import fit, table_of

if TYPE_CHECKING:
    from lienthong.moving.form import Manifest

NOT_IN_THIS_STATE = 7
_HASH_SHOWN = 16

Folder = Annotated[Path, typer.Argument(help="Folder of the export.")]


def export(
    folder: Folder,
    *,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Private keys of the axis too; whoever reads them speaks as anybody.")
    ] = False,
    config_file: ConfigFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Writes all that an installation keeps into a folder; the services are stopped before."""
    from lienthong.moving.exporting import export_installation

    settings = load(data_dir, config_file)
    with _explained("EXPORT"):
        manifest = export_installation(settings, folder, _teller(as_json=as_json), with_keys=with_keys)
    if not with_keys:
        err.print("no keys were exported: without them receipts and credentials are worth nothing; see --with-keys")
    _show(manifest, {"export": manifest.export, "keys": with_keys}, as_json=as_json)


def import_(folder: Folder, *, config_file: ConfigFile = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Fills empty engines from an export and verifies that all arrived; interrupted, it is begun again."""
    from lienthong.moving.importing import import_installation

    settings = load(data_dir, config_file)
    with _explained("IMPORT"):
        done = import_installation(settings, folder, _teller(as_json=as_json))
    told = {"export": done.manifest.export, "published_again": done.told_again}
    _show(done.manifest, told, as_json=as_json)
    if not as_json:
        out.print(f"{done.told_again} events will be published again")


def _teller(*, as_json: bool) -> Callable[[str], None]:
    return (lambda _: None) if as_json else (lambda text: err.print(escape(text), soft_wrap=True))


@contextmanager
def _explained(what: str) -> Iterator[None]:
    from lienthong.moving.form import MovingError

    try:
        yield
    except MovingError as error:
        complain(what, *error.problems)
        raise typer.Exit(NOT_IN_THIS_STATE) from error


def _show(manifest: "Manifest", facts: dict[str, object], *, as_json: bool) -> None:
    rows = [
        {"service": service, "what": name, "count": table.rows, "sha256": table.sha256}
        for service, entry in manifest.services.items()
        for name, table in entry.tables.items()
    ]
    contents = manifest.contents
    rows.append({"service": "", "what": "contents", "count": contents.count, "sha256": contents.sha256})
    rows.append({"service": "", "what": "keys and trust", "count": len(manifest.files), "sha256": ""})
    if as_json:
        print_json({**facts, "parts": rows})
        return
    titles = ("service", "what", "count", "sha256")
    texts = [[str(row[name])[:_HASH_SHOWN] if name == "sha256" else str(row[name]) for name in titles] for row in rows]
    out.print(table_of(fit(titles, texts, out.width)))
