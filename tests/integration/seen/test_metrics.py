"""What a running platform tells of itself in figures."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from lienthong.app import Platform
from lienthong.chassis import observe
from lienthong.chassis.config import ServerSection
from lienthong.client import connect, load_context
from lienthong.demo.timeline import wait_for
from lienthong.demo.trial import Codes, play_trial
from lienthong.dev.servers import free_port
from lienthong.settings import Settings
from lienthong.testing.platform import Background

SERVICES = ("intake", "notification", "routing", "signing", "workflow")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform that serves."""
    settings = Settings(data_dir=tmp_path, server=ServerSection(listen="127.0.0.1:0", metrics=""))
    with Background(settings) as running:
        yield running


def value(platform: Platform, name: str, **labels: str) -> float | None:
    """What a metric says; None where it says nothing."""
    return platform.metrics.registry.get_sample_value(name, labels)


def test_a_delivery_is_timed_from_its_acceptance(platform: Platform, tmp_path: Path) -> None:
    """Each recipient counts once, however often the document is read."""
    with connect(load_context(tmp_path / "contexts" / "operator.yaml")) as axis:
        play_trial(Console(quiet=True), axis, Codes("Z98", "Z99"))
    wait_for("the delivery", lambda: value(platform, "lienthong_delivery_seconds_count") == 1.0)
    seconds = value(platform, "lienthong_delivery_seconds_sum")
    assert seconds is not None
    assert 0.0 < seconds < platform.settings.routing.held_seconds + 30.0


def test_certificates_and_disk(platform: Platform, tmp_path: Path) -> None:
    """Each certificate that the process has tells its end; one that cannot be read says nothing, and others go on."""
    server = value(platform, "lienthong_certificate_end_seconds", certificate="server")
    assert server is not None
    left = datetime.fromtimestamp(server, UTC) - datetime.now(UTC)
    assert timedelta(days=390) < left < timedelta(days=398)
    (tmp_path / "keys" / "operator.crt").write_text("no certificate")
    assert value(platform, "lienthong_certificate_end_seconds", certificate="operator") is None
    assert value(platform, "lienthong_certificate_end_seconds", certificate="axis-root") is not None
    free, size = value(platform, "lienthong_disk_free_bytes"), value(platform, "lienthong_disk_size_bytes")
    assert free is not None
    assert size is not None
    assert 0.0 < free < size


def test_a_data_folder_that_is_gone(tmp_path: Path) -> None:
    """A process is not ready without its folder: what it wrote would be lost. Other figures are told all the same."""
    folder, port = tmp_path / "data", free_port()
    server = ServerSection(listen="127.0.0.1:0", metrics=f"127.0.0.1:{port}")
    with Background(Settings(data_dir=folder, server=server)) as running:

        def ready() -> bool:
            return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200

        wait_for("it is ready", ready)
        folder.rename(tmp_path / "away")
        wait_for("it is not", lambda: not ready())
        told = httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert told.status_code == 200
        assert "lienthong_outbox_waiting{" in told.text
        assert value(running, "lienthong_disk_free_bytes") is None
        (tmp_path / "away").rename(folder)
        wait_for("it is ready again", ready)


@pytest.mark.parametrize("service", SERVICES)
def test_connections_in_use(platform: Platform, service: str) -> None:
    """A connection counts as long as somebody has it, and there are so many at most."""
    database = next(one for one in platform._components if one.context.name == service).context.database

    def reading() -> float:
        found = value(platform, "lienthong_pool_in_use", service=service, pool="read")
        assert found is not None
        return found

    with database.read(), database.read():
        assert reading() >= 2.0
    wait_for("all given back", lambda: reading() == 0.0)
    assert value(platform, "lienthong_pool_size", service=service, pool="read") == 16.0
    assert value(platform, "lienthong_pool_size", service=service, pool="write") == 1.0


@pytest.mark.parametrize("ahead", [-60.0, 0.0, 60.0])
def test_a_clock_that_is_not_the_databases(platform: Platform, monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    """A clock that is ahead says so with a plus; the time of the answer alone is no difference."""
    monkeypatch.setattr(observe, "database_now", lambda _connection: int((time.time() - ahead) * 1e6))
    found = value(platform, "lienthong_clock_skew_seconds", service="intake")
    assert found is not None
    assert abs(found - ahead) < 1.0
