"""`lienthong db`: schemas of PostgreSQL, made ready, brought to a version, looked at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lienthong.cli.console import Json, out, print_json
from lienthong.cli.run import ConfigFile, DataDir, load

if TYPE_CHECKING:
    from psycopg import Connection

    from lienthong.chassis.engines.postgres.database import PostgresDatabase
    from lienthong.chassis.engines.postgres.settings import PostgresSection
    from lienthong.settings import Settings

app = typer.Typer(help="Schemas of PostgreSQL: make ready, upgrade, check, downgrade.")

BEHIND = 3
_PASSWORD_BYTES = 24

Patience = Annotated[float, typer.Option(help="Seconds for which each schema is tried while others hold its tables.")]
_PATIENCE = 120.0

Service = Annotated[list[str] | None, typer.Option(help="Only this service; may be repeated.")]


@app.command("provision")
def provision(
    administrator: Annotated[str, typer.Argument(help="The server: postgresql://user@host:port/postgres.")],
    *,
    password_file: Annotated[Path | None, typer.Option(help="File with that user's password.")] = None,
    service: Service = None,
    config_file: ConfigFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Makes database, roles and schemas; password files that are named and missing are made too.

    Safe to repeat: rights that somebody took away are given back.
    """
    from lienthong.chassis.engines.postgres.provision import Passwords, make_database, make_roles
    from lienthong.chassis.engines.postgres.settings import named

    section, wanted = _section(load(data_dir, config_file)), _wanted(service)
    password = password_file.read_text("utf-8", "replace").strip() if password_file else None
    with _administered(administrator, password=password) as server:
        make_database(server, section)
    with (
        _administered(administrator, password=password, dbname=section.database) as server,
        _telling(as_json=as_json) as tell,
    ):
        for name in wanted:
            role, owner = named(section.password_file, name), named(section.owner_password_file, name)
            make_roles(server, section, name, Passwords(_password(role), _password(owner)))
            schema = named(section.schema_name, name)
            tell(name, {"schema": schema}, f"schema {schema} is ready")


@app.command("upgrade")
def upgrade(
    *,
    to: Annotated[str, typer.Option(help="Version of the schema; the newest when absent.")] = "head",
    patience: Patience = _PATIENCE,
    service: Service = None,
    config_file: ConfigFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Brings schemas to a version, beside services of that version and the one before. Safe to repeat."""
    from lienthong.chassis import migrations

    with _telling(as_json=as_json) as tell:
        for name, database in _owned(load(data_dir, config_file), service):
            before = migrations.standing(database, name).current
            migrations.upgrade(database, name, to, patience)
            after = migrations.standing(database, name).current
            words = f"{before or 'nothing'} → {after}" if before != after else f"stays at {after}"
            tell(name, {"before": before, "after": after}, words)


@app.command("downgrade")
def downgrade(
    to: Annotated[str, typer.Argument(help="Version of the schema.")],
    *,
    patience: Patience = _PATIENCE,
    service: Service = None,
    config_file: ConfigFile = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Takes schemas back to an older version, beside services of that version; newer ones must be gone before."""
    from lienthong.chassis import migrations

    with _telling(as_json=as_json) as tell:
        for name, database in _owned(load(data_dir, config_file), service):
            migrations.downgrade(database, name, to, patience)
            after = migrations.standing(database, name).current
            tell(name, {"after": after}, f"back at {after}")


@app.command("adopt")
def adopt(
    *, service: Service = None, config_file: ConfigFile = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Gives databases to the authority of the services that start next: for when the last one was replaced for good."""
    from lienthong.chassis import belonging

    with _telling(as_json=as_json) as tell:
        for name, database in _owned(load(data_dir, config_file), service):
            belonging.give_up(database)
            tell(name, {}, "belongs to the authority of whoever starts next")


@app.command("check")
def check(
    *, service: Service = None, config_file: ConfigFile = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """Tells where each schema stands. Exit code 3 when one is behind, or so far ahead that this program refuses it."""
    from lienthong.chassis import migrations

    rows: list[dict[str, Any]] = []
    for name, database in _owned(load(data_dir, config_file), service):
        found = migrations.standing(database, name)
        usable = not migrations.problem(database, name)
        rows.append({"service": name, **asdict(found), "usable": usable})
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            words = "this program works with it" if row["usable"] else "this program does not work with it"
            out.print(
                f"{row['service']}: at {row['current'] or 'nothing'}, newest {row['newest']}; {words}", soft_wrap=True
            )
    if any(row["ahead"] < 0 or not row["usable"] for row in rows):
        raise typer.Exit(BEHIND)


@contextmanager
def _telling(*, as_json: bool) -> "Iterator[Callable[[str, dict[str, str], str], None]]":
    """Gives what tells of each service that is done: a line at once, or one list in JSON, also if a later fails."""
    rows: list[dict[str, str]] = []

    def tell(service: str, facts: dict[str, str], words: str) -> None:
        rows.append({"service": service, **facts})
        if not as_json:
            out.print(f"{service}: {words}", markup=False, soft_wrap=True)

    try:
        yield tell
    except BaseException:
        if as_json and rows:
            print_json(rows)
        raise
    if as_json:
        print_json(rows)


def _section(settings: "Settings") -> "PostgresSection":
    from lienthong.chassis.config import ConfigError

    section = settings.engines.postgres
    if not section.servers:
        raise ConfigError(["engines.postgres.servers: no server is named; embedded databases look after themselves"])
    return section


def _wanted(service: list[str] | None) -> list[str]:
    from lienthong.app import MODULES

    known = [module.name for module in MODULES]
    for name in service or ():
        if name not in known:
            raise typer.BadParameter(f"{name!r} is no service; there are {', '.join(known)}", param_hint="--service")
    return service or known


@contextmanager
def _administered(address: str, **arguments: Any) -> "Iterator[Connection[tuple[object, ...]]]":
    """Opens a connection as the administrator, for statements that each stand for themselves.

    Raises:
        typer.BadParameter: The address is none.
        AxisError: UNAVAILABLE when the server does not answer or lets nobody in, PERMISSION_DENIED.
    """
    import psycopg

    from lienthong.chassis.errors import AxisError, Code, unavailable

    try:
        with psycopg.connect(address, autocommit=True, **arguments) as server:
            yield server
    except psycopg.errors.InsufficientPrivilege as error:
        raise AxisError(
            Code.PERMISSION_DENIED, "NOT_AN_ADMINISTRATOR", f"The server refuses: {_first(error)}"
        ) from error
    except psycopg.OperationalError as error:
        text = f"The server cannot be reached: {_first(error)}"
        raise unavailable("DATABASE_AWAY", text, timedelta(seconds=1)) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate:
            raise
        raise typer.BadParameter(
            f"it is no address of a server: {_first(error)}", param_hint="ADMINISTRATOR"
        ) from error


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _owned(settings: "Settings", service: list[str] | None) -> "Iterator[tuple[str, PostgresDatabase]]":
    section = _section(settings)
    for name in _wanted(service):
        with _opened(section, name) as database:
            yield name, database


@contextmanager
def _opened(section: "PostgresSection", name: str) -> "Iterator[PostgresDatabase]":
    from lienthong.chassis.engines.postgres.database import PostgresDatabase

    database = PostgresDatabase(section, name, owner=True)
    try:
        yield database
    finally:
        database.close()


def _password(file: str) -> str | None:
    """Reads a password, made and written down (mode 0600) where the file is missing; None when no file is named."""
    if not file:
        return None
    place = Path(file)
    # Whoever is killed before it writes leaves an empty one.
    if not place.exists() or not place.stat().st_size:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_text(token_urlsafe(_PASSWORD_BYTES), "utf-8")
    return place.read_text("utf-8").strip()
