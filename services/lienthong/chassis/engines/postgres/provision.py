"""What an administrator makes ready once: the database, and for each service two roles and a schema.

The owner of a service's tables changes their schema and nothing else is done with it; the service itself works with a
role that reads and writes rows, in its own schema only.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from psycopg import Connection, sql
from psycopg.errors import DuplicateDatabase, DuplicateObject

from lienthong.chassis.engines.postgres.settings import PostgresSection, named


@dataclass(frozen=True, slots=True)
class Passwords:
    """Passwords of a service's roles; None lets the role keep what it has."""

    role: str | None
    owner: str | None


_DATABASE = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"


def make_database(administrator: "Connection[tuple[object, ...]]", section: PostgresSection) -> None:
    """Makes the database; one that is there already is no error. Nobody but its roles may connect to it.

    Whatever the server makes of itself, its text is UTF-8, ordered by code points: the order of a language changes with
    the libraries of the machine, and takes the indexes with it.

    Args:
        administrator: A connection with autocommit, of a role that may make databases.
        section: Names.
    """
    name = sql.Identifier(section.database)
    try:
        administrator.execute(sql.SQL(_DATABASE).format(name))
    except DuplicateDatabase:
        return
    administrator.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def make_roles(
    administrator: "Connection[tuple[object, ...]]", section: PostgresSection, service: str, passwords: Passwords
) -> None:
    """Makes the roles and the schema of a service; what is there stays, passwords and rights are given anew.

    Args:
        administrator: A connection to the database of the platform, with autocommit, that may make roles.
        section: Names.
        service: Name of the service.
        passwords: Of its roles.
    """
    role, owner = named(section.role, service), named(section.owner, service)
    for name, password in ((role, passwords.role), (owner, passwords.owner)):
        _make_role(administrator, name, password)
    for statement in _schema(section.database, named(section.schema_name, service), role, owner):
        administrator.execute(statement)


def _make_role(administrator: "Connection[tuple[object, ...]]", name: str, password: str | None) -> None:
    role = sql.Identifier(name)
    with suppress(DuplicateObject):
        administrator.execute(sql.SQL("CREATE ROLE {}").format(role))
    administrator.execute(sql.SQL("ALTER ROLE {} LOGIN").format(role))
    if password is not None:
        administrator.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))


_ROWS = "SELECT, INSERT, UPDATE, DELETE"
_LATER = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT"


def _schema(database: str, schema: str, role: str, owner: str) -> Iterator[sql.Composed]:
    names = {
        "database": sql.Identifier(database),
        "schema": sql.Identifier(schema),
        "role": sql.Identifier(role),
        "owner": sql.Identifier(owner),
    }
    for text in (
        "GRANT CONNECT ON DATABASE {database} TO {role}, {owner}",
        "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}",
        "ALTER SCHEMA {schema} OWNER TO {owner}",
        "GRANT ALL ON SCHEMA {schema} TO {owner}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        # What the owner has made, where somebody took the rights away; what it makes later is covered too.
        f"GRANT {_ROWS} ON ALL TABLES IN SCHEMA {{schema}} TO {{role}}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        f"{_LATER} {_ROWS} ON TABLES TO {{role}}",
        f"{_LATER} USAGE ON SEQUENCES TO {{role}}",
    ):
        yield sql.SQL(text).format(**names)
