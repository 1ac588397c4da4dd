"""A platform that doctor looks at."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from lienthong.app import Platform
from lienthong.chassis.config import ServerSection
from lienthong.cli.main import app
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.demo.timeline import wait_for
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.platform import Background


class MovedClock:
    """The time of this machine, moved by as much as a test wants."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        """Tells the time."""
        return datetime.now(UTC) + self.by


class Patient(NamedTuple):
    """A running platform, its folder, and its clock."""

    platform: Platform
    folder: Path
    clock: MovedClock

    def findings(self) -> dict[str, dict[str, Any]]:
        """What doctor finds, by what was looked at; its exit code must fit."""
        context = str(self.folder / "contexts" / "operator.yaml")
        ended = CliRunner().invoke(app, ["doctor", "--as", context, "--json"])
        found = {one["what"]: one for one in json.loads(ended.stdout)}
        assert ended.exit_code == int(any(not one["ok"] for one in found.values())), ended.output
        return found

    def wrong(self) -> set[str]:
        """What is not well; each must say what is to be done."""
        found = {name: one for name, one in self.findings().items() if not one["ok"]}
        assert all(one["text"] and one["remedy"] for one in found.values())
        return set(found)

    def words(self, what: str) -> str:
        """What is said about one thing."""
        return str(self.findings()[what]["text"])


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A platform that is well: keys encrypted, an authority trusted."""
    folder = tmp_path_factory.mktemp("patient")
    secret = folder / "passphrase"
    secret.write_text("đủ dài để làm mật khẩu\n", "utf-8")
    secret.chmod(0o600)
    anchors = folder / "data" / "trust" / "anchors"
    anchors.mkdir(parents=True)
    (anchors / "root.der").write_bytes(DemoAuthority.create(datetime.now(UTC)).root.der)
    settings = Settings.model_validate(
        {
            "data_dir": folder / "data",
            "server": ServerSection(listen="127.0.0.1:0", metrics="", drain_seconds=1),
            "keys": {"passphrase_file": secret},
        }
    )
    clock = MovedClock()
    with Background(settings, clock) as platform:
        made = Patient(platform, folder / "data", clock)
        wait_for("a platform that is well", lambda: not made.wrong())
        yield made


@pytest.fixture
def well(patient: Patient) -> Iterator[None]:
    """Every test leaves the platform as well as it found it."""
    patient.clock.by = timedelta()
    yield
    patient.clock.by = timedelta()
    wait_for("a platform that is well again", lambda: not patient.wrong())


def register(axis: Axis, code: str) -> None:
    """Registers an agency."""
    agency = common.Agency(display_name=code, codes=[common.AgencyCode(code=code)])
    axis.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
