"""Real engines for tests: one server of each kind for a run, started when the first test asks for it."""

import atexit
import itertools
import tempfile
from functools import cache
from pathlib import Path
from shutil import rmtree

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.provision import Passwords, make_roles
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.dev.postgres import PostgresServer

_numbers = itertools.count()


def _folder(name: str) -> Path:
    """Gives a folder that goes when the run ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"lienthong-{name}-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    return folder


@cache
def postgres() -> PostgresServer:
    """Gives the PostgreSQL server of this run."""
    server = PostgresServer(_folder("postgres"), tied=True)
    server.start()
    atexit.register(server.kill)
    return server


def fresh_schemas(*services: str) -> PostgresSection:
    """Gives the settings of schemas in which nothing stands, with roles of their own."""
    server, mark = postgres(), f"t{next(_numbers)}"
    section = PostgresSection(
        servers=(f"127.0.0.1:{server.access.port}",),
        database="postgres",
        schema_name=f"{mark}_{{service}}",
        role=f"{mark}_{{service}}",
        password_file=str(server.access.password_file),
        owner=f"{mark}_{{service}}_owner",
        owner_password_file=str(server.access.password_file),
        tls="plain",
        connections=8,
    )
    password = server.access.password_file.read_text("utf-8").strip()
    with server.administer() as administrator:
        for service in services:
            make_roles(administrator, section, service, Passwords(password, password))
    return section


_opened: list[PostgresDatabase] = []


def open_postgres(section: PostgresSection, service: str, *, owner: bool = False) -> PostgresDatabase:
    """Opens a database; `close_databases` closes it."""
    _opened.append(PostgresDatabase(section, service, owner=owner))
    return _opened[-1]


def close_databases() -> None:
    """Closes what a test opened."""
    while _opened:
        _opened.pop().close()


_benches: dict[tuple[Path, str], PostgresSection] = {}


def postgres_database(folder: Path, service: str) -> Database:
    """Opens the database of a service with its tables, as the role with which a service works; the same one again."""
    section = _benches.get((folder, service))
    if section is None:
        section = _benches[folder, service] = fresh_schemas(service)
        migrations.upgrade(open_postgres(section, service, owner=True), service)
    return open_postgres(section, service)
