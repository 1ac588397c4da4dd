"""`lienthong context`: who one can speak as."""

from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.markup import escape

from lienthong.cli.console import Json, in_use, out, print_json
from lienthong.cli.tables import fit, table_of
from lienthong.client.addresses import ContextError, split
from lienthong.client.context import SERVICES, find_context, folders, load_context

app = typer.Typer(help="Choose who speaks.")


@app.command("list")
def list_(*, as_json: Json = False) -> None:
    """Lists the contexts that are found."""
    found = {file.stem: file for folder in reversed(folders()) for file in sorted(folder.glob("*.yaml"))}
    current = in_use() or "operator"
    if as_json:
        rows = [{"name": name, "file": str(file), "in_use": name == current} for name, file in found.items()]
        print_json(rows)
        return
    lines = [["*" if name == current else "", name, _address(file), str(file)] for name, file in sorted(found.items())]
    if not lines:
        out.print(f"[dim]no context in {escape(', '.join(map(str, folders())))}[/]", soft_wrap=True)
        return
    out.print(table_of(fit(("in use", "name", "address", "file"), lines, out.width)))


def _address(file: Path) -> str:
    try:
        return load_context(file).address
    except ContextError:
        return "cannot be read"


@app.command("use")
def use(name: Annotated[str, typer.Argument(help="Name of a context.")], *, as_json: Json = False) -> None:
    """Speaks as NAME from now on, in this folder."""
    file = find_context(name)
    chosen = Path("var") / "contexts" / "current"
    chosen.parent.mkdir(parents=True, exist_ok=True)
    chosen.write_text(f"{name}\n", "utf-8")
    if as_json:
        print_json({"name": name, "file": str(file)})
    else:
        out.print(f"speaking as {name} ({file})", markup=False, soft_wrap=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Name of the new context.")],
    address: Annotated[str, typer.Argument(help="host:port; those of several copies separated by commas.")],
    *,
    service: Annotated[
        list[str] | None, typer.Option(help="service=host:port,… where a service has its own; may be repeated.")
    ] = None,
    authority: Annotated[Path, typer.Option(help="Roots of the axis, PEM.")],
    certificate: Annotated[Path, typer.Option(help="Client certificate, PEM.")],
    key: Annotated[Path, typer.Option(help="Its private key, PEM.")],
    agency: Annotated[str, typer.Option(help="Agency to act for, where there are several.")] = "",
    as_json: Json = False,
) -> None:
    """Adds a context for ADDRESS, which serves every service that is not named by itself."""
    addresses = _by_service(service or [])
    for one in (address, *addresses.values()):
        split(one)
    for file in (authority, certificate, key):
        if not file.is_file():
            raise ContextError(f"{file} does not exist; a context names files that do")
    target = folders()[0] / f"{name}.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    values: dict[str, object] = {
        "address": address,
        "authority": str(authority.resolve()),
        "certificate": str(certificate.resolve()),
        "key": str(key.resolve()),
        **({"agency": agency} if agency else {}),
        **({"addresses": addresses} if addresses else {}),
    }
    target.write_text(yaml.safe_dump(values), "utf-8")
    if as_json:
        print_json({"name": name, "file": str(target)})
    else:
        out.print(f"context {name} written to {target}", markup=False, soft_wrap=True)


def _by_service(pairs: list[str]) -> dict[str, str]:
    found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    wrong = [pair for pair in pairs if pair.split("=", 1)[0] not in SERVICES or "=" not in pair]
    if wrong:
        raise ContextError(f"--service {wrong[0]}: write SERVICE=host:port, SERVICE one of {', '.join(SERVICES)}")
    return found
