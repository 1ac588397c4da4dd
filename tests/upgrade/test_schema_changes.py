"""A version of a schema is made while programs work with the tables, and no one waits a second for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from sqlalchemy import Engine, Table, event, text
from tests.engines import fresh_schemas, open_postgres, postgres
from tests.upgrade.support.crowd import Crowd, fill
from tests.upgrade.support.unsafe import unsafe
from tests.upgrade.support.versions import FIRST, LARGEST, newest, this_scripts
from tests.waiting import until

from lienthong.chassis import migrations
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.errors import AxisError, Code

pytestmark = pytest.mark.servers

ROWS = 400
READER_SECONDS = 2.0


@pytest.fixture(params=sorted(LARGEST))
def service(request: pytest.FixtureRequest) -> str:
    """Each service in turn."""
    return str(request.param)


def table_of(service: str) -> Table:
    """The table of a service that grows most."""
    metadata = import_module(f"lienthong.{service}.storage.tables").metadata
    found: Table = metadata.tables[LARGEST[service]]
    return found


def opened(service: str, version: str = FIRST) -> tuple[PostgresDatabase, PostgresDatabase]:
    """A schema at a version with rows in it: as its owner, and as the service."""
    section = fresh_schemas(service)
    owner, role = open_postgres(section, service, owner=True), open_postgres(section, service)
    migrations.upgrade(owner, service, version)
    with role.write() as connection:
        fill(connection, table_of(service), ROWS)
    return owner, role


@pytest.fixture
def intake() -> tuple[PostgresDatabase, PostgresDatabase]:
    """A schema of intake at the version of this program."""
    return opened("intake", newest("intake"))


def count(database: PostgresDatabase, condition: str) -> int:
    """How many documents are so."""
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM documents WHERE {condition}")).scalar_one())  # noqa: S608 -- our own text


@pytest.mark.usefixtures("next_program")
def test_nobody_waits_a_second_for_any_version(service: str) -> None:
    """Writers go on beside each version, up and down, also while somebody reads for long and everybody must wait."""
    owner, role = opened(service)
    crowd = Crowd(role, LARGEST[service])
    with crowd.at_work(), crowd.reading_for_long(READER_SECONDS):
        migrations.upgrade(owner, service)
        assert migrations.standing(owner, service).ahead == 0
        migrations.downgrade(owner, service, FIRST)
    assert not crowd.failures
    assert crowd.done > 100


def test_the_crowd_tells_of_a_lock_that_is_held_too_long(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """What the test above relies on: somebody who keeps the table from the others is told."""
    owner, role = intake
    crowd = Crowd(role, "documents")
    with crowd.at_work(), owner.write() as connection:
        connection.execute(text("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE"))
        assert until(lambda: bool(crowd.failures), 30.0)
    assert {error.reason for error in crowd.failures if isinstance(error, AxisError)} == {"DATABASE_BUSY"}


@pytest.mark.usefixtures("next_program")
def test_no_version_does_what_stops_others(service: str) -> None:
    """What each version after the first asks of the database is looked through, up and down."""
    owner, _ = opened(service)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    migrations.upgrade(owner, service)
    migrations.downgrade(owner, service, FIRST)
    event.remove(Engine, "before_cursor_execute", note)
    assert any("CONCURRENTLY" in one for one in statements)
    assert not unsafe(statements)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX one ON documents (id)",
        "DROP INDEX one",
        "ALTER TABLE documents ADD CONSTRAINT one CHECK (length(id) < 9)",
        "ALTER TABLE documents ADD CONSTRAINT one UNIQUE (id)",
        "ALTER TABLE documents ALTER COLUMN id TYPE varchar(9)",
        "ALTER TABLE documents ALTER COLUMN id SET NOT NULL",
        "ALTER TABLE documents ADD COLUMN more text NOT NULL",
        "ALTER TABLE documents ADD COLUMN more text DEFAULT gen_random_uuid()",
        "ALTER TABLE documents RENAME COLUMN id TO ident",
        "LOCK TABLE documents",
        "UPDATE documents SET id = id",
    ],
)
def test_what_stops_others_is_found(statement: str) -> None:
    """The look through versions finds each thing that it is there for; a table that the version makes is free."""
    assert unsafe([statement])
    assert unsafe(["CREATE TABLE others (id text)", statement])
    if " documents" in statement and not statement.startswith("UPDATE"):
        assert not unsafe(["CREATE TABLE documents (id text)", statement])


@pytest.mark.usefixtures("next_program")
def test_a_table_that_is_held_is_tried_again_and_then_told(
    intake: tuple[PostgresDatabase, PostgresDatabase],
) -> None:
    """A version that cannot have its lock gives up within its patience, says where; the next try does the rest."""
    owner, role = intake
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with role.read() as connection:
            connection.execute(text("SELECT count(*) FROM documents"))
            held.set()
            go_on.wait(30)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        assert held.wait(30)
        with pytest.raises(AxisError) as caught:
            migrations.upgrade(owner, "intake", patience=2.0)
        go_on.set()
        holding.result()
    assert (caught.value.code, caught.value.reason) == (Code.UNAVAILABLE, "SCHEMA_BUSY")
    assert "ALTER TABLE documents ADD COLUMN" in caught.value.message
    assert migrations.standing(owner, "intake").ahead == -1
    migrations.upgrade(owner, "intake")
    assert count(role, "written_by = 'before'") == ROWS


@pytest.mark.usefixtures("next_program")
def test_two_that_change_a_schema_take_turns(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """Two commands at once both end well, and the schema is changed once."""
    owner, role = intake
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: migrations.upgrade(owner, "intake"), range(2)))
    assert migrations.standing(role, "intake").ahead == 0


@pytest.mark.parametrize(
    ("service", "index"), [("intake", "next_written_by"), ("workflow", "deliveries_owing_state")], indirect=["service"]
)
@pytest.mark.usefixtures("next_program")
def test_a_broken_index_is_built_again(service: str, index: str) -> None:
    """What a build that was broken off left behind serves nobody: the next try drops and builds it."""
    owner, role = opened(service)
    migrations.upgrade(owner, service)
    with postgres().administer() as administrator, owner.write() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        broken = f"{schema}.{index}"
        administrator.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [broken])
        connection.execute(text("UPDATE alembic_version SET version_num = :first"), {"first": FIRST})
    migrations.upgrade(owner, service)
    with role.read() as connection:
        valid = text("SELECT indisvalid FROM pg_index WHERE indexrelid = CAST(:name AS regclass)")
        assert connection.execute(valid, {"name": index}).scalar_one() is True


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (0, ""),
        (1, ""),
        (2, "this program knows {newest} only; start a newer program"),
        (None, "has no tables, and {newest} is needed; run `lienthong db upgrade`"),
    ],
)
def test_older_code_works_one_version_apart(
    intake: tuple[PostgresDatabase, PostgresDatabase], ahead: int | None, said: str
) -> None:
    """A schema one version ahead is worked with; one that is two ahead, or not there, is refused, with what to do."""
    owner, role = intake
    with owner.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if ahead is not None:
            version = {"version": newest("intake", ahead)}
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), version)
    assert said.format(newest=newest("intake")) in migrations.problem(role, "intake")
    assert bool(migrations.problem(role, "intake")) is bool(said)


@pytest.mark.usefixtures("next_program")
def test_newer_code_works_one_version_apart(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """A schema one version behind is worked with; the older program does not take the newer's version back."""
    owner, role = intake
    assert migrations.problem(role, "intake") == ""
    migrations.upgrade(owner, "intake")
    with pytest.MonkeyPatch.context() as older:
        older.setattr(migrations, "scripts", this_scripts)
        migrations.upgrade(owner, "intake")
        with pytest.raises(ConfigError, match="made by a newer program"):
            migrations.downgrade(owner, "intake", "-1")
    assert migrations.standing(role, "intake").ahead == 0
