"""A stored time that no clock of ours can have set holds nothing up."""

from datetime import timedelta

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select
from tests.contract.databases import DatabaseEngine

from lienthong.chassis.waits import BATCH, Wait

MINUTE = 60_000_000
NOW = 20_000 * 24 * 60 * MINUTE
THINGS = Table("things", MetaData(), Column("id", Text, primary_key=True), Column("until", BigInteger))


def test_what_waits_longer_than_can_be_asked_waits_no_longer(database_engine: DatabaseEngine) -> None:
    """Rows that reach further ahead than the longest span end now, in bounded batches; all others keep their time."""
    database = database_engine.open()
    wait = Wait(THINGS.c.until, timedelta(minutes=10), THINGS.c.id != "of another kind")
    kept = {"passed": NOW - 1, "asked": NOW + 10 * MINUTE, "not waiting": None, "of another kind": NOW + 99 * MINUTE}
    ahead = {f"ahead {number}": NOW + 60 * MINUTE for number in range(BATCH + 1)}
    with database.write() as connection:
        THINGS.metadata.create_all(connection)
        connection.execute(THINGS.insert(), [{"id": name, "until": until} for name, until in (kept | ahead).items()])
    with database.write() as connection:
        assert wait.any_stuck(connection, NOW)
        assert [wait.end_stuck(connection, NOW) for _ in range(3)] == [BATCH, 1, 0]
        assert not wait.any_stuck(connection, NOW)
    with database.read() as connection:
        found = {row.id: row.until for row in connection.execute(select(THINGS))}
    assert found == kept | dict.fromkeys(ahead, NOW)
