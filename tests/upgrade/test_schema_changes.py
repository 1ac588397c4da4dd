"""A version of a schema is made while programs work with the tables, and no one waits a second for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from sqlalchemy import Engine, Table, event, text
from tests.engines import fresh_schemas, open_postgres, postgres
from tests.upgrade.support.crowd import Crowd, fill
from tests.upgrade.support.unsafe import unsafe
from tests.upgrade.support.versions import LARGEST, this_places
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


def opened(service: str) -> tuple[PostgresDatabase, PostgresDatabase]:
    """A schema at its first version with rows in it: as its owner, and as the service."""
    section = fresh_schemas(service)
    owner, role = open_postgres(section, service, owner=True), open_postgres(section, service)
    migrations.upgrade(owner, service, "0001")
    with role.write() as connection:
        fill(connection, table_of(service), ROWS)
    return owner, role


@pytest.fixture
def intake() -> tuple[PostgresDatabase, PostgresDatabase]:
    """A schema of intake."""
    return opened("intake")


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
        assert migrations.standing(owner, service).current == "0002"
        migrations.downgrade(owner, service, "0001")
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
    migrations.downgrade(owner, service, "0001")
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
    assert migrations.standing(owner, "intake").current == "0001"
    migrations.upgrade(owner, "intake")
    assert count(role, "written_by = 'before'") == ROWS


@pytest.mark.usefixtures("next_program")
def test_two_that_change_a_schema_take_turns(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """Two commands at once both end well, and the schema is changed once."""
    owner, role = intake
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: migrations.upgrade(owner, "intake"), range(2)))
    assert migrations.standing(role, "intake").current == "0002"


@pytest.mark.usefixtures("next_program")
def test_a_broken_index_is_built_again(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """What a build that was broken off left behind serves nobody: the next try drops and builds it."""
    owner, role = intake
    migrations.upgrade(owner, "intake")
    with postgres().administer() as administrator, owner.write() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        broken = f"{schema}.next_written_by"
        administrator.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [broken])
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    migrations.upgrade(owner, "intake")
    with role.read() as connection:
        valid = connection.exec_driver_sql(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'next_written_by'::regclass"
        )
        assert valid.scalar_one() is True


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0001", ""),
        ("0002", ""),
        ("0003", "this program knows 0001 only; start a newer program"),
        ("", "has no tables, and 0001 is needed; run `lienthong db upgrade`"),
    ],
)
def test_older_code_works_one_version_apart(
    intake: tuple[PostgresDatabase, PostgresDatabase], version: str, said: str
) -> None:
    """A schema one version ahead is worked with; one that is two ahead, or not there, is refused, with what to do."""
    owner, role = intake
    with owner.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if version:
            connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
    assert said in migrations.problem(role, "intake")
    assert bool(migrations.problem(role, "intake")) is bool(said)


@pytest.mark.usefixtures("next_program")
def test_newer_code_works_one_version_apart(intake: tuple[PostgresDatabase, PostgresDatabase]) -> None:
    """A schema one version behind is worked with; the older program does not take the newer's version back."""
    owner, role = intake
    assert migrations.problem(role, "intake") == ""
    migrations.upgrade(owner, "intake")
    with pytest.MonkeyPatch.context() as older:
        older.setattr(migrations, "places", this_places)
        migrations.upgrade(owner, "intake")
        with pytest.raises(ConfigError, match="made by a newer program"):
            migrations.downgrade(owner, "intake", "0001")
    assert migrations.standing(role, "intake").current == "0002"
