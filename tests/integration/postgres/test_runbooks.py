"""What runbooks ask the database itself."""

import pytest
from tests.commands import PAGES, shown, words_of

from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.dev.postgres import PostgresServer

LINES = sorted({line for page in PAGES for line, _ in shown(page.read_text("utf-8"), "psql")})


@pytest.mark.servers
def test_its_lines_run(server: PostgresServer, section: PostgresSection) -> None:
    """Each line names the database of the services, and a statement that the server takes."""
    assert LINES
    for words in map(words_of, LINES):
        database, statement = words[1].removeprefix("--dbname="), words[words.index("--command") + 1]
        assert database == section.database
        with server.administer() as administrator:
            administrator.execute(statement.encode())
