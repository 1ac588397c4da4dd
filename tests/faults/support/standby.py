"""A second PostgreSQL server that follows the first."""

import shutil
import subprocess
from pathlib import Path

from tests.faults.support.guarded import Guarded
from tests.waiting import eventually

from lienthong.dev.postgres import PostgresServer, tool
from lienthong.dev.servers import free_port

SECONDS = 120
_NAME = "standby"


def follow(first: PostgresServer, folder: Path) -> PostgresServer:
    """Copies a server that is at work, and starts the copy; from then on a commit waits for both."""
    copy(first, folder)
    second = PostgresServer(folder, tied=True, port=free_port())
    second.start()
    with first.administer() as administrator:
        administrator.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{_NAME}'")
        administrator.execute("SELECT pg_reload_conf()")
        state = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        eventually(lambda: administrator.execute(state).fetchone() == (1,), "the second server follows", SECONDS)
    return second


def copy(first: PostgresServer, folder: Path) -> None:
    """Fills the folder of a server that is to follow one that is at work."""
    folder.mkdir(exist_ok=True)
    access = first.access
    shutil.copy(access.password_file, folder / access.password_file.name)
    password = access.password_file.read_text("utf-8").strip()
    address = f"postgresql://{access.user}:{password}@127.0.0.1:{access.port}/?application_name={_NAME}"
    command = [tool("pg_basebackup"), f"--dbname={address}", f"--pgdata={folder / 'data'}", "--wal-method=stream"]
    done = subprocess.run(  # noqa: S603 -- PostgreSQL's own tools
        [*command, "--write-recovery-conf", "--checkpoint=fast"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def await_follower(first: PostgresServer) -> None:
    """Waits until a server that follows has all that was committed until now."""
    with first.administer() as administrator:
        row = administrator.execute("SELECT pg_current_wal_lsn()").fetchone()
        behind = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= %s"
        eventually(lambda: administrator.execute(behind, row).fetchone() == (1,), "the other server has all", SECONDS)


def promote(second: PostgresServer) -> None:
    """Lets a server that followed take writes."""
    with second.administer() as administrator:
        assert administrator.execute("SELECT pg_promote()").fetchone() == (True,)


def take_over(engine: Guarded, second: PostgresServer) -> None:
    """Kills the server that takes calls, makes the other one its successor, and leads its users there."""
    engine.kill()
    promote(second)
    engine.succeed(second, second.access.port)
