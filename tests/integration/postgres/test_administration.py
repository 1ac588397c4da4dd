"""What the administrator of a server does while services run, or did before: each is borne, or told with its remedy."""

import json
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import astuple
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DisconnectionError
from structlog.testing import capture_logs
from tests.engines import close_databases, fresh_schemas, open_postgres, postgres
from tests.stores import Wire
from tests.waiting import eventually

from lienthong.chassis import migrations
from lienthong.chassis.checks import of_schema
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.postgres import database as own
from lienthong.chassis.engines.postgres import failures
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.provision import Passwords, make_database, make_roles
from lienthong.chassis.engines.postgres.settings import PostgresSection, named
from lienthong.chassis.errors import AxisError, Code, cause_of
from lienthong.chassis.examining import asked, of_tables, of_writes
from lienthong.chassis.seldom import Seldom
from lienthong.cli.main import main
from lienthong.engines import every_table

from .test_outages import add, added, counted, refusal

TITLE = "Ủy ban nhân dân"


@pytest.fixture
def section() -> Iterator[PostgresSection]:
    """A schema with its tables."""
    made = fresh_schemas("intake")
    migrations.upgrade(open_postgres(made, "intake", owner=True), "intake")
    yield made
    close_databases()


@pytest.fixture
def role(section: PostgresSection) -> str:
    """The role with which the service works."""
    return named(section.role, "intake")


def administer(statement: str, *names: str, database: str = "postgres") -> None:
    """Runs a statement as the administrator; names stand for the braces."""
    with postgres().administer(database) as administrator:
        administrator.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def end_connections(role: str) -> None:
    """Ends all connections of a role, and waits until they are gone."""
    there = "FROM pg_stat_activity WHERE usename = %s"
    with postgres().administer() as administrator:
        administrator.execute(f"SELECT pg_terminate_backend(pid) {there}".encode(), (role,))
        eventually(lambda: administrator.execute(f"SELECT count(*) {there}".encode(), (role,)).fetchone() == (0,))


def away(database: PostgresDatabase) -> str:
    """Gives the cause for which the database is away."""
    with pytest.raises(AxisError) as refused:
        add(database)
    assert refused.value.reason == "DATABASE_AWAY"
    return cause_of(refused.value)


def test_a_password_that_is_changed(section: PostgresSection, role: str, tmp_path: Path) -> None:
    """The next connection is opened with what the file holds then; until it does, the operator is told why."""
    file = tmp_path / "password"
    file.write_text(postgres().access.password_file.read_text("utf-8"), "utf-8")
    with closing(PostgresDatabase(section.model_copy(update={"password_file": str(file)}), "intake")) as database:
        add(database)
        administer("ALTER ROLE {} PASSWORD 'changed'", role)
        end_connections(role)
        eventually(lambda: "password authentication failed" in away(database))
        file.unlink()
        with pytest.raises(AxisError) as refused:
            add(database)
        assert str(file) in cause_of(refused.value)
        file.write_text("changed\n", "utf-8")
        add(database)
        assert counted(database) == 2


def test_nobody_meets_a_connection_that_was_ended(section: PostgresSection, role: str) -> None:
    """Connections that the server ended while nothing went on, as at a restart, are replaced before a call has one."""
    database = open_postgres(section, "intake")
    add(database)
    assert counted(database) == 1
    end_connections(role)
    add(database)
    assert counted(database) == 2


def test_a_server_whose_end_comes_late(section: PostgresSection, role: str) -> None:
    """It says that it ends the connection a moment before it does: nobody meets such a connection either."""
    with closing(Late(postgres().access.port)) as way:
        through = section.model_copy(update={"servers": (f"127.0.0.1:{way.port}",)})
        database = open_postgres(through, "intake")
        for count in range(1, 4):
            add(database)
            assert counted(database) == count
            end_connections(role)
            eventually(lambda: way.ending == 2 * count)  # noqa: B023 -- at once


class Late(Wire):
    """A way on which the end of a connection comes later than what was said before."""

    ending = 0
    """Connections of which the server has said its last word."""

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        with suppress(OSError):
            from_server = source.getpeername()[1] == self._target
            target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65_536):
                target.sendall(data)
            self.ending += from_server
        time.sleep(0.03)  # the fault itself
        super()._pass(source, target, limit)


def test_a_server_that_is_idle_for_long(section: PostgresSection, role: str) -> None:
    """A server that ends idle connections disturbs nobody, whatever it says before."""
    administer("ALTER ROLE {} SET idle_session_timeout = '50ms'", role)
    database = open_postgres(section, "intake")
    for count in range(1, 4):
        add(database)
        assert counted(database) == count
        with postgres().administer() as administrator:
            there = b"SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
            eventually(lambda: administrator.execute(there, (role,)).fetchone() == (0,))  # noqa: B023 -- at once


def test_a_role_that_took_no_writes_for_a_while(section: PostgresSection, role: str) -> None:
    """When it takes them again nobody needs to do anything: connections from before are left."""
    database = open_postgres(section, "intake")
    administer("ALTER ROLE {} SET default_transaction_read_only = on", role)
    assert refusal(lambda: add(database)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    administer("ALTER ROLE {} RESET default_transaction_read_only", role)
    eventually(lambda: added(database), seconds=5)


def test_settings_of_the_role(section: PostgresSection, role: str) -> None:
    """Whatever defaults a role has, a service works with its own."""
    for setting in (
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = 1",
        "idle_in_transaction_session_timeout = 1",
        "standard_conforming_strings = off",
        "client_encoding = 'LATIN1'",
        "lc_messages = 'C'",
        "TimeZone = 'Asia/Ho_Chi_Minh'",
        "search_path = 'public'",
        "DateStyle = 'SQL, DMY'",
    ):
        administer(f"ALTER ROLE {{}} SET {setting}", role)
    database = open_postgres(section, "intake")
    add(database)
    with database.write() as connection:
        connection.execute(text("UPDATE counters SET name = :name"), {"name": TITLE + " \\ '"})
    with database.read() as connection:
        assert connection.execute(text("SELECT name, value FROM counters")).one() == (TITLE + " \\ '", 1)


@pytest.mark.parametrize(
    ("taken", "given"),
    [
        ("REVOKE SELECT ON {0}.counters FROM {1}", "GRANT SELECT ON {0}.counters TO {1}"),
        ("REVOKE USAGE ON SCHEMA {0} FROM {1}", "GRANT USAGE ON SCHEMA {0} TO {1}"),
        ("ALTER TABLE {0}.counters RENAME TO hidden", "ALTER TABLE {0}.hidden RENAME TO counters"),
        ("ALTER TABLE {0}.counters RENAME value TO hidden", "ALTER TABLE {0}.counters RENAME hidden TO value"),
    ],
)
def test_a_right_that_is_taken_away(
    section: PostgresSection, role: str, monkeypatch: pytest.MonkeyPatch, taken: str, given: str
) -> None:
    """It is an outage, so that events wait, and the operator is told what is missing; given back, all goes on."""
    monkeypatch.setattr(failures, "_refusals", Seldom())
    database, schema = open_postgres(section, "intake"), named(section.schema_name, "intake")
    add(database)
    administer(taken, schema, role)
    with capture_logs() as logs:
        assert refusal(lambda: counted(database)) == (Code.UNAVAILABLE, "DATABASE_REFUSES")
    assert re.search("counters|value", logs[0]["reason"])
    administer(given, schema, role)
    assert counted(database) == 1


def test_doctor_names_what_was_taken_away(section: PostgresSection, role: str) -> None:
    """Each table that is missing or shut, with the remedy; what waits for it says so at a call only."""
    database, schema = open_postgres(section, "intake"), named(section.schema_name, "intake")
    tables = every_table("intake")
    assert asked("tables", lambda: of_tables(database, tables)).well
    administer("ALTER TABLE {}.receipts RENAME TO hidden", schema)
    administer("REVOKE UPDATE ON {}.documents FROM {}", schema, role)
    told = asked("tables", lambda: of_tables(database, tables))
    assert (told.well, told.text) == (False, "missing: receipts; not to be used by this role: documents")
    assert "lienthong db provision" in told.remedy


def test_a_database_that_was_set_to_read_only(
    section: PostgresSection, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers every question, and so seems well: log and doctor say what it does not do; set back, all goes on."""
    monkeypatch.setattr(failures, "_outages", Seldom())
    database = open_postgres(section, "intake")
    administer("ALTER ROLE {} SET default_transaction_read_only = on", role)
    with capture_logs() as logs:
        told = asked("database", lambda: of_writes(database))
    assert "read-only" in told.text
    assert "read-only" in logs[0]["reason"]
    administer("ALTER ROLE {} RESET default_transaction_read_only", role)
    assert asked("database", lambda: of_writes(database)).well


def test_connections_that_end_as_soon_as_they_are_opened(
    section: PostgresSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends them again and again takes the database away; no call fails inside, and no event is to blame."""

    def ended(*_: object) -> None:
        raise DisconnectionError

    monkeypatch.setattr(own, "_insist_on_open", ended)
    database = open_postgres(section, "intake")
    assert refusal(lambda: add(database)) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    assert refusal(lambda: counted(database)) == (Code.UNAVAILABLE, "DATABASE_AWAY")


@pytest.mark.parametrize(
    "taken",
    [
        "REVOKE ALL ON {schema}.counters FROM {role}",
        "REVOKE ALL ON SEQUENCE {schema}.outbox_id_seq FROM {role}",
        "REVOKE ALL ON SCHEMA {schema} FROM {role}, {owner}",
        "ALTER SCHEMA {schema} OWNER TO CURRENT_USER",
        "ALTER ROLE {role} NOLOGIN",
    ],
)
def test_preparing_again_gives_back_what_was_taken(section: PostgresSection, role: str, taken: str) -> None:
    """Whoever took a right away by hand repeats `lienthong db provision`, and service and owner work again."""
    names = {"schema": named(section.schema_name, "intake"), "role": role, "owner": named(section.owner, "intake")}
    with postgres().administer(section.database) as administrator:
        administrator.execute(sql.SQL(taken).format(**{key: sql.Identifier(name) for key, name in names.items()}))
        make_roles(administrator, section, "intake", Passwords(None, None))
    database = open_postgres(section, "intake")
    with database.write() as connection:
        connection.execute(text("SELECT nextval('outbox_id_seq')"))
    add(database)
    assert counted(database) == 1
    with open_postgres(section, "intake", owner=True).alter() as connection:
        connection.execute(text("CREATE TABLE later (id int)"))


def test_a_schema_that_is_not_there(section: PostgresSection) -> None:
    """It is told at once, by name and with the remedy, and so is one that the role may not use."""
    owner = named(section.owner, "intake")
    missing = open_postgres(section.model_copy(update={"schema_name": "absent"}), "intake", owner=True)
    with pytest.raises(ConfigError, match=rf"no schema absent that {owner} may use.*lienthong db provision"):
        migrations.upgrade(missing, "intake")
    administer("REVOKE USAGE ON SCHEMA {} FROM {}", named(section.schema_name, "intake"), named(section.role, "intake"))
    with pytest.raises(ConfigError, match="may use"):
        migrations.problem(open_postgres(section, "intake"), "intake")
    told = asked("schema", lambda: of_schema(*astuple(migrations.standing(missing, "intake"))))
    assert (told.well, "no schema absent" in told.text) == (False, True)


def test_a_pooler_that_drops_settings(section: PostgresSection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither services nor `lienthong db` work through it: they would meet another schema, and no deadlines."""
    arguments = own._arguments
    monkeypatch.setattr(own, "_arguments", lambda *args, **more: arguments(*args, **more) | {"options": ""})
    with pytest.raises(ConfigError, match="a pooler between drops `options`"):
        migrations.problem(open_postgres(section, "intake"), "intake")
    with pytest.raises(ConfigError, match="a pooler between drops `options`"):
        migrations.upgrade(open_postgres(section, "intake", owner=True), "intake")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_without_vietnamese(section: PostgresSection, encoding: str) -> None:
    """It is refused before anything is written into it."""
    name = f"old_{encoding.lower()}_{named(section.role, 'intake')}"
    make = f"CREATE DATABASE {{}} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    administer(make, name)
    administer("CREATE SCHEMA intake AUTHORIZATION {}", named(section.owner, "intake"), database=name)
    old = section.model_copy(update={"database": name, "schema_name": "intake"})
    with pytest.raises(ConfigError, match=rf"{name} keeps text as {encoding}"):
        migrations.upgrade(open_postgres(old, "intake", owner=True), "intake")


def test_a_database_is_made_for_vietnamese(section: PostgresSection) -> None:
    """Whatever the server makes of itself, ours holds every text, and sorts it alike everywhere."""
    name = f"new_{named(section.role, 'intake')}"
    with postgres().administer() as administrator:
        make_database(administrator, section.model_copy(update={"database": name}))
    with postgres().administer(name) as administrator:
        found = administrator.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == ("UTF8", "C")


def test_a_command_says_what_the_server_said(
    section: PostgresSection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whoever changes schemas learns why the server lets him not in, which services only tell their log."""
    file, config = tmp_path / "password", tmp_path / "config.yaml"
    file.write_text("guessed", "utf-8")
    settings = section.model_copy(update={"owner_password_file": str(file)}).model_dump(mode="json")
    config.write_text(json.dumps({"engines": {"postgres": settings}}), "utf-8")
    monkeypatch.setattr(sys, "argv", ["lienthong", "db", "check", "--service", "intake", "--config", str(config)])
    with pytest.raises(SystemExit):
        main()
    told = " ".join(capsys.readouterr().err.split())
    assert "DATABASE_AWAY" in told
    assert "password authentication failed for user" in told
