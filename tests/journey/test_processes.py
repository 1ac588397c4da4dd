"""The founding story on real engines: every service two processes, as an operator starts them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

SECONDS = 280
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "processes"
COMMAND = [sys.executable, "-m", "lienthong"]

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the platform stood."""
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="module")
def played(folder: Path) -> "subprocess.CompletedProcess[str]":
    """One command that starts engines and services, plays every step, and stops everything."""
    play = [*COMMAND, "dev", "platform", "play", "--copies", "2", "--dir", str(folder), "--json"]
    return subprocess.run(play, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 -- our own program


def complaints(folder: Path) -> str:
    """What each process warned of, the last of it."""
    logs = sorted((folder / "services").glob("*/*.log"))
    told = {file.stem: [line for line in file.read_text("utf-8").splitlines() if '"info"' not in line] for file in logs}
    return "".join(f"\n{name}: {line}" for name, lines in told.items() for line in lines[-20:])


def test_the_story_is_played_on_processes(played: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    """Every step is confirmed, and nothing is left running."""
    assert played.returncode == 0, played.stderr[-3000:] + played.stdout[-3000:] + complaints(folder)
    assert json.loads(played.stdout) == {"confirmed": True}
    status = [*COMMAND, "dev", "platform", "status", "--dir", str(folder), "--json"]
    left = subprocess.run(status, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- as above
    assert left.returncode == 3
    assert not any(row["pid"] for row in json.loads(left.stdout))


@pytest.mark.usefixtures("played")
def test_the_examples_are_what_was_played_on(folder: Path) -> None:
    """The configuration in the documentation is that of the processes, but for ports and places."""
    services = {place.name.removesuffix("-1") for place in (folder / "services").glob("*-1")}
    assert {file.stem for file in EXAMPLES.glob("*.yaml")} == services
    for service in services:
        used = (folder / "services" / f"{service}-1" / "config.yaml").read_text("utf-8")
        for place, shown in (
            (f"services/{service}-1", f"processes/{service}"),
            ("engines", "engines"),
            ("keys", "keys"),
        ):
            used = used.replace(str(folder / place), f"var/{shown}")
        assert without_ports(used) == without_ports((EXAMPLES / f"{service}.yaml").read_text("utf-8"))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: str(file.stem))
def test_the_examples_can_be_used(example: Path) -> None:
    """Each is a whole configuration."""
    check = [*COMMAND, "config", "check", "--config", str(example)]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- our own program
    assert done.returncode == 0, done.stdout + done.stderr


def without_ports(text: str) -> dict[str, Any]:
    """Reads what a process must be told of its surroundings."""
    read = yaml.safe_load(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", text))
    return {name: read[name] for name in ("data_dir", "server", "keys", "engines")}
