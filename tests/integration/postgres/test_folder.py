"""The folder of a server of PostgreSQL for developers and tests, in whatever state somebody left it."""

from pathlib import Path

import pytest

from lienthong.dev.postgres import PostgresServer


def test_one_that_was_never_started(tmp_path: Path) -> None:
    """It is down, can be stopped, and tells already where it will listen."""
    server = PostgresServer(tmp_path / "postgres")
    assert dict(server.pids()) == {"postgres": None}
    server.stop()
    assert server.settings()["servers"] == [f"127.0.0.1:{server.access.port}"]


@pytest.mark.servers
def test_a_first_start_that_was_killed(tmp_path: Path) -> None:
    """Half a data folder, a port and a password that were not written: the next start begins anew."""
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("18\n", "ascii")
    for name in ("port", "superuser.password"):
        (tmp_path / name).touch(mode=0o600)
    server = PostgresServer(tmp_path, tied=True)
    try:
        server.start()
        with server.administer() as administrator:
            assert administrator.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
