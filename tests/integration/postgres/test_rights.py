"""A service has the rights that it needs in its own schema, and no others."""

import re

import pytest
from sqlalchemy import text

from lienthong.chassis import migrations
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.errors import AxisError, Code, cause_of
from lienthong.dev.postgres import PostgresServer

ENTRY = text(
    "INSERT INTO audit_entries (time, system, agency, person, action, resource, outcome, detail) "
    "VALUES (1, 's', 'a', 'p', 'x', 'r', 'ok', '')"
)


def run(database: PostgresDatabase, statement: str) -> None:
    """Runs a statement in a transaction that writes."""
    with database.write() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (id int)",
        "ALTER TABLE documents ADD COLUMN more int",
        "DROP TABLE documents",
        "SELECT * FROM routing.deliveries",
        "DELETE FROM routing.deliveries",
        "CREATE SCHEMA mine",
        "CREATE ROLE other LOGIN",
    ],
)
def test_a_service_works_in_its_own_rows_only(intake: PostgresDatabase, statement: str) -> None:
    """It changes no schema, not even its own, and sees nothing of the others."""
    with pytest.raises(AxisError) as refused:
        run(intake, statement)
    assert refused.value.reason == "DATABASE_REFUSES"
    assert re.search(r"permission denied|must be owner", cause_of(refused.value))


@pytest.mark.parametrize("statement", ["UPDATE audit_entries SET person = 'q'", "DELETE FROM audit_entries"])
def test_the_audit_trail_is_append_only(intake: PostgresDatabase, section: PostgresSection, statement: str) -> None:
    """What was written there stays, also for the owner of the table."""
    with intake.write() as connection:
        connection.execute(ENTRY)
    owner = PostgresDatabase(section, "intake", owner=True)
    for database in (intake, owner):
        with pytest.raises(Exception, match="append-only"):
            run(database, statement)
    owner.close()


def test_preparing_again_changes_nothing(intake: PostgresDatabase, server: PostgresServer) -> None:
    """The administrator may repeat: passwords, rows and rights stay."""
    with intake.write() as connection:
        connection.execute(ENTRY)
    server.provision(["intake", "routing"])
    with intake.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_entries")).scalar_one() == 1


def test_a_wrong_password_is_told_as_an_outage(section: PostgresSection, server: PostgresServer) -> None:
    """The caller is told that the database is away; the cause is for the log, and nothing of it reaches the caller."""
    wrong = section.model_copy(update={"password_file": str(server.access.password_file)})
    database = PostgresDatabase(wrong, "intake")
    with pytest.raises(AxisError) as caught, database.read() as connection:
        connection.execute(text("SELECT 1"))
    assert (caught.value.code, caught.value.reason) == (Code.UNAVAILABLE, "DATABASE_AWAY")
    assert "password authentication failed" in str(caught.value.__cause__)
    database.close()


def test_a_schema_that_is_too_old_is_refused(section: PostgresSection) -> None:
    """Without tables no service starts; it says what to do."""
    database = PostgresDatabase(section, "intake")
    assert "run `lienthong db upgrade`" in migrations.problem(database, "intake")
    owner = PostgresDatabase(section, "intake", owner=True)
    migrations.upgrade(owner, "intake")
    assert migrations.problem(database, "intake") == ""
    for one in (database, owner):
        one.close()
