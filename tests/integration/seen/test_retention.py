"""What has had its time on a running platform: it goes by itself, and by command."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lienthong.client import Axis, connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import operations_pb2 as pb
from lienthong.demo.timeline import wait_for
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.testing.clock import FakeClock
from lienthong.testing.platform import Background


@pytest.fixture
def clock() -> FakeClock:
    """A clock that a test moves."""
    return FakeClock(datetime.now(UTC))


def background(folder: Path, clock: FakeClock, sweep_seconds: float) -> Background:
    """Makes a platform that looks every so many seconds at what has had its time."""
    server = {"listen": "127.0.0.1:0", "metrics": ""}
    values = {"data_dir": folder, "server": server, "retention": {"sweep_seconds": sweep_seconds}}
    return Background(Settings.model_validate(values), clock)


def used(axis: Axis) -> None:
    """Registers an agency: routing tells of it, and remembers what it answered."""
    agency = common.Agency(display_name="VPCP", codes=[common.AgencyCode(code="G22")])
    axis.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
    wait_for("all is published", lambda: kept(axis) if not outbox(axis).waiting else None)


def outbox(axis: Axis) -> pb.GetOutboxResponse:
    """Asks for the state of routing's outbox."""
    return axis.operations("routing").GetOutbox(pb.GetOutboxRequest(service="routing"))


def kept(axis: Axis) -> int:
    """Counts the published events that routing keeps."""
    return outbox(axis).kept


def purge(axis: Axis, *, dry_run: bool) -> dict[str, int]:
    """Asks routing to remove what has had its time."""
    request = pb.PurgeExpiredRequest(service="routing", dry_run=dry_run, request_id=new_request_id())
    return {one.table: one.rows for one in axis.operations("routing").PurgeExpired(request).tables}


def test_old_rows_go_by_themselves(tmp_path: Path, clock: FakeClock) -> None:
    """Events go a week after they were published, and the metric counts them."""
    with background(tmp_path, clock, 0.05) as platform, operator(tmp_path) as axis:
        used(axis)
        clock.advance(days=6)
        assert kept(axis) >= 2
        clock.advance(days=2)
        wait_for("an empty outbox", lambda: kept(axis) == 0)
        labels = {"service": "routing", "table": "outbox"}
        assert (platform.metrics.registry.get_sample_value("lienthong_expired_rows_total", labels) or 0) >= 2


def test_old_rows_go_by_command(tmp_path: Path, clock: FakeClock) -> None:
    """A dry run tells what would go, and nothing goes; the command removes it, once."""
    with background(tmp_path, clock, 86_400) as _platform, operator(tmp_path) as axis:
        used(axis)
        clock.advance(days=31)
        told = purge(axis, dry_run=True)
        assert told["outbox"] == kept(axis) >= 2
        assert told["requests"] == 1
        assert purge(axis, dry_run=False) == told
        assert kept(axis) == 0
        # The command itself is remembered from now on.
        assert purge(axis, dry_run=False) == {"outbox": 0, "requests": 0}


def operator(folder: Path) -> Axis:
    """Opens the session of the operator."""
    return connect(load_context(folder / "contexts" / "operator.yaml"))
