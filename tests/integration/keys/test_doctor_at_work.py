"""`lienthong doctor` finds what is wrong with the work of services: events, verification, databases, contents."""

import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from lienthong.chassis import observe
from lienthong.chassis.config import ServerSection
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import unavailable
from lienthong.chassis.events.tables import dead_letters, parked
from lienthong.chassis.examining import of_contents
from lienthong.chassis.ids import Uuid7Source
from lienthong.client import connect, load_context
from lienthong.client.context import SERVICES
from lienthong.demo.timeline import wait_for
from lienthong.dev.servers import free_port
from lienthong.settings import Settings
from lienthong.signing import storage
from lienthong.signing.domain import SizeClass
from lienthong.testing.platform import Background

from .conftest import MovedClock, Patient, register

pytestmark = pytest.mark.usefixtures("well")


def test_an_event_log_that_never_was_there(tmp_path: Path) -> None:
    """On the first day nobody heard of the operator by events: doctor names what is wrong all the same, and soon."""
    kafka = {"servers": [f"127.0.0.1:{free_port()}"], "security": "plaintext", "answer_seconds": 0.5}
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "server": ServerSection(listen="127.0.0.1:0", metrics="", drain_seconds=1),
            "engines": {"kafka": kafka},
        }
    )
    with Background(settings) as platform:
        found = Patient(platform, tmp_path, MovedClock()).findings()
    assert "EVENT_LOG_AWAY" in found["topics"]["text"]
    assert "EVENT_LOG_AWAY" in found["workflow: lag"]["text"]
    assert found["workflow: database"]["ok"]


def test_a_consumer_that_stopped(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that stopped by itself is told with its reason."""
    consumer = next(one.consumer for one in patient.platform._running if one.component.context.name == "workflow")
    assert consumer is not None
    monkeypatch.setattr(consumer, "halted", "too much is parked")
    assert patient.wrong() == {"workflow: consumer"}
    assert "too much is parked" in patient.words("workflow: consumer")
    monkeypatch.undo()


def test_events_that_could_not_be_handled(patient: Patient) -> None:
    """Dead letters and parked events are told of the service that has them."""
    row = {"id": "x", "topic": "t", "partition": 0, "offset": 0, "type": "t", "subject": "s", "sequence": 3}
    row |= {"event_id": "e", "event_time": "2026", "traceparent": "", "value": b"", "held_at": 1, "reason": "broken"}
    database = next(one.context.database for one in patient.platform._components if one.context.name == "routing")
    with database.write() as connection:
        connection.execute(insert(dead_letters).values(**row, attempts=3))
        connection.execute(insert(parked).values(**row, waits_for=""))
    assert patient.wrong() == {"routing: dead letters", "routing: parked"}
    with database.write() as connection:
        connection.execute(delete(dead_letters))
        connection.execute(delete(parked))


def test_events_that_stay_behind(tmp_path: Path) -> None:
    """A relay that does not publish and a consumer that does not take are told by the age of what waits for them."""
    settings = Settings(data_dir=tmp_path, server=ServerSection(listen="127.0.0.1:0", metrics="", drain_seconds=1))
    clock = MovedClock()
    with ExitStack() as stack:
        platform = stack.enter_context(Background(settings, clock))
        axis = stack.enter_context(connect(load_context(tmp_path / "contexts" / "operator.yaml")))
        patient = Patient(platform, tmp_path, clock)
        running = {one.component.context.name: one for one in platform._running}
        slow = running["workflow"].consumer
        assert slow is not None
        slow.stop(10.0)
        register(axis, "G22")
        wait_for("an event that nobody takes", lambda: "0 events" not in patient.words("workflow: lag"))
        running["routing"].relay.stop(10.0)
        register(axis, "H29")
        clock.by = timedelta(seconds=60)
        assert {"workflow: lag", "routing: outbox"} <= patient.wrong()


def test_verification_that_stands_still(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents that wait too long for a verdict are told, and that the processes are gone while there is work."""
    since = int((patient.clock.now() - timedelta(seconds=90)).timestamp() * 1_000_000)
    monkeypatch.setattr(storage, "waiting_jobs", lambda _connection: {SizeClass.SMALL: (7, since)})
    assert patient.wrong() == {"signing: verification queue"}
    assert "7 documents wait for a verdict, the oldest for" in patient.words("signing: verification queue")
    (worker,) = next(one for one in patient.platform._components if one.context.name == "signing").workers
    monkeypatch.setattr(worker, "pids", lambda: (0x7FFFFFF,))
    assert patient.wrong() == {"signing: verification queue", "signing: verification processes"}
    monkeypatch.undo()


def test_a_database_whose_clock_differs(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is not the database's is told, and in which direction."""
    monkeypatch.setattr(observe, "database_now", lambda _connection: int((time.time() - 60) * 1e6))
    assert patient.wrong() == {f"{name}: clock beside the database's" for name in SERVICES}
    assert "60.0 s ahead of it" in patient.words("intake: clock beside the database's")
    monkeypatch.undo()


def test_contents_that_cannot_be_reached(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of contents that does not answer is told with its reason."""

    def away(_key: str) -> None:
        raise unavailable("STORAGE_UNAVAILABLE", "The object store does not answer.", timedelta(seconds=1))

    monkeypatch.setattr(patient.platform._engines.blobs, "open", away)
    assert patient.wrong() == {"contents"}
    assert "STORAGE_UNAVAILABLE" in patient.words("contents")
    monkeypatch.undo()


def test_a_store_of_contents_is_really_asked(tmp_path: Path) -> None:
    """An object store that nobody serves is found away; a folder that is there answers."""
    secret = tmp_path / "secret"
    secret.write_text("secret-of-a-test", "ascii")
    secret.chmod(0o600)
    files = {"access_key_id_file": secret, "secret_access_key_file": secret}
    endpoint = {"url": "s3://bucket/axis", "endpoint": "http://127.0.0.1:9", "retry_seconds": 1.0}
    (away,) = of_contents(ObjectBlobs(ObjectsSection.model_validate({**endpoint, **files}), Uuid7Source()))
    assert not away.well
    (there,) = of_contents(DirectoryBlobs(tmp_path / "blobs", Uuid7Source()))
    assert there.well


def test_what_is_deprecated_is_told_and_not_wrong(patient: Patient) -> None:
    """Uses of what will go are told with their number; nothing is wrong yet."""
    patient.platform.metrics.deprecated("server.old_name")
    found = patient.findings()["what is deprecated"]
    assert found["ok"]
    assert "server.old_name 1 times" in found["text"]
    assert "changelog" in found["advice"]
