"""The founding story on real engines: every service two processes, as an operator starts them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 280


@pytest.mark.servers
def test_the_story_is_played_on_processes(tmp_path: Path) -> None:
    """One command starts engines and services, plays every step, and leaves nothing running."""
    command = [sys.executable, "-m", "lienthong", "dev", "platform"]
    place = ["--dir", str(tmp_path / "platform"), "--json"]
    played = subprocess.run(  # noqa: S603 -- our own program
        [*command, "play", "--copies", "2", *place], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert played.returncode == 0, played.stderr[-3000:] + played.stdout[-3000:]
    assert json.loads(played.stdout.splitlines()[-1]) == {"confirmed": True}
    left = subprocess.run([*command, "status", *place], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- as above
    assert left.returncode == 3
    assert not any(row["pid"] for row in json.loads(left.stdout))
