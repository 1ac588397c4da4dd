"""`lienthong doctor` finds real faults: each is caused on a running platform, told in words, and gone when mended."""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import delete, insert
from typer.testing import CliRunner

from lienthong.app import Platform
from lienthong.chassis import observe
from lienthong.chassis.checks import of_certificates
from lienthong.chassis.config import ServerSection
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import unavailable
from lienthong.chassis.events.tables import dead_letters, parked
from lienthong.chassis.examining import of_contents
from lienthong.chassis.ids import Uuid7Source
from lienthong.cli.main import app
from lienthong.client import Axis, connect, credentials, load_context
from lienthong.client.context import SERVICES
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.demo.timeline import wait_for
from lienthong.dev.servers import free_port
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.setup import CERTIFIED
from lienthong.signing import storage
from lienthong.signing.domain import SizeClass
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


@pytest.fixture(autouse=True)
def well(patient: Patient) -> Iterator[None]:
    """Every test leaves the platform as well as it found it."""
    patient.clock.by = timedelta()
    yield
    patient.clock.by = timedelta()
    wait_for("a platform that is well again", lambda: not patient.wrong())


def test_a_well_platform_is_told_so(patient: Patient) -> None:
    """Nothing wrong: exit code 0, and everything that was looked at is named."""
    found = patient.findings()
    expected = {"server", "your certificate", "server certificate", "clock", "disk", "key files", "encryption of keys"}
    expected |= {f"certificate {name}" for name in ("axis-root", "server", "intake-seal", "workflow-seal", "operator")}
    expected |= {f"{name}: consumer" for name in ("routing", "intake", "workflow", "signing", "notification")}
    expected |= {"signing: verification queue", "signing: verification processes", "signing: credentials of systems"}
    expected |= {f"intake: {what}" for what in ("outbox", "lag", "dead letters", "parked")}
    expected |= {"topics", "contents", "what is deprecated", "intake: schema", "intake: clock beside the database's"}
    assert expected <= set(found)


def test_keys_that_others_may_read(patient: Patient) -> None:
    """A key file opened to others is told by its name."""
    file = patient.platform.keyring.server.key
    file.chmod(0o644)
    assert patient.wrong() == {"key files"}
    assert "server.key" in patient.words("key files")
    file.chmod(0o600)


def test_the_key_of_the_authority_is_gone(patient: Patient) -> None:
    """The next start fails without it, and nobody is certified until then: that is told while there is time."""
    file = patient.platform.keyring.root.key
    away = file.rename(file.with_suffix(".away"))
    assert patient.wrong() == {"certificate axis-root"}
    assert str(file) in patient.words("certificate axis-root")
    away.rename(file)


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


def test_plain_keys_are_told_and_not_wrong(tmp_path: Path) -> None:
    """Without a passphrase file keys are plain by choice: doctor says so, and how to encrypt them; exit code 0."""
    settings = Settings(data_dir=tmp_path, server=ServerSection(listen="127.0.0.1:0", metrics="", drain_seconds=1))
    with Background(settings) as platform:
        found = Patient(platform, tmp_path, MovedClock()).findings()["encryption of keys"]
    assert found["ok"]
    assert "not encrypted" in found["text"]
    assert "keys.passphrase_file" in found["advice"]


def test_a_plain_key(patient: Patient) -> None:
    """A key that lies there in plain is told."""
    ring = patient.platform.keyring
    type(ring)(ring.folder).write(ring.folder / "forgotten.key", ring.load(ring.server.key))
    assert patient.wrong() == {"encryption of keys"}
    assert "forgotten.key" in patient.words("encryption of keys")
    (ring.folder / "forgotten.key").unlink()


def test_a_key_that_does_not_open(patient: Patient) -> None:
    """A damaged key is told now, not at the next start."""
    file = patient.platform.keyring.named("intake-seal").key
    kept = file.read_bytes()
    file.write_bytes(kept[:-80] + b"\n")
    assert {"opening of keys", "certificate intake-seal"} == patient.wrong()
    file.write_bytes(kept)


def test_a_certificate_of_another_key(patient: Patient) -> None:
    """Key and certificate that do not belong together are told."""
    ring = patient.platform.keyring
    file = ring.named("workflow-seal").chain
    kept = file.read_bytes()
    shutil.copy(ring.named("intake-seal").chain, file)
    assert patient.wrong() == {"certificate workflow-seal"}
    assert "another key" in patient.words("certificate workflow-seal")
    file.write_bytes(kept)


def test_certificates_near_their_end(patient: Patient) -> None:
    """Certificates with a third of their life left that nobody renewed are told; those with more are not."""
    patient.clock.by = timedelta(days=300)
    assert {"certificate server", "certificate operator", "clock"} <= patient.wrong()
    assert "good until" in patient.words("certificate server")
    found = {one.subject: one for one in of_certificates(patient.platform.keyring, CERTIFIED, _years_on(patient, 3))}
    assert not any(one.well for one in found.values())
    assert "ended on" in found["certificate server"].text
    (root,) = of_certificates(patient.platform.keyring, ["axis-root"], _years_on(patient, 7))
    assert not root.well
    assert "lienthong keys extend" in root.remedy


def test_clocks_that_differ(patient: Patient) -> None:
    """A server whose clock goes wrong by more than two seconds is told, and in which direction."""
    patient.clock.by = timedelta(seconds=90)
    assert "clock" in patient.wrong()
    assert "ahead" in patient.words("clock")
    patient.clock.by = timedelta(seconds=-90)
    assert "behind" in patient.words("clock")


def test_a_full_disk(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little room is told in figures."""
    usage = type(shutil.disk_usage(patient.folder))
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: usage(100 << 30, 99 << 30, 1 << 28))
    assert patient.wrong() == {"disk"}
    assert "256 MiB free" in patient.words("disk")
    monkeypatch.undo()


def test_credentials_that_end_soon(patient: Patient) -> None:
    """A system whose last certificate ends within a month is told by name; revoked, it is told no more."""
    with connect(load_context(patient.folder / "contexts" / "operator.yaml")) as axis:
        _register(axis, "G22")
        issued = credentials.issue(axis, "G22", "dms-vpcp", credentials.Place(patient.folder / "contexts"))
        _shorten(patient.folder / "databases" / "signing.db", patient.clock.now() + timedelta(days=20))
        assert patient.wrong() == {"signing: credentials of systems"}
        assert "dms-vpcp" in patient.words("signing: credentials of systems")
        revocation = directory_pb2.RevokeSystemRequest(name=issued.system, request_id=new_request_id())
        axis.directory.RevokeSystem(revocation)


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
        _register(axis, "G22")
        wait_for("an event that nobody takes", lambda: "0 events" not in patient.words("workflow: lag"))
        running["routing"].relay.stop(10.0)
        _register(axis, "H29")
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


def test_who_is_no_operator_is_told_so_once(patient: Patient) -> None:
    """An agency's context is no fault of the server: the finding says whose context to take."""
    contexts = patient.folder / "contexts"
    with connect(load_context(contexts / "operator.yaml")) as axis:
        _register(axis, "K01")
        issued = credentials.issue(axis, "K01", "agency", credentials.Place(contexts))
        ended = CliRunner().invoke(app, ["doctor", "--as", str(issued.context), "--json"])
        revocation = directory_pb2.RevokeSystemRequest(name=issued.system, request_id=new_request_id())
        axis.directory.RevokeSystem(revocation)
    assert ended.exit_code == 1
    (wrong,) = (one for one in json.loads(ended.stdout) if not one["ok"])
    assert "ROLE_NOT_ALLOWED" in wrong["text"]
    assert "--as operator" in wrong["remedy"]


def test_what_is_deprecated_is_told_and_not_wrong(patient: Patient) -> None:
    """Uses of what will go are told with their number; nothing is wrong yet."""
    patient.platform.metrics.deprecated("server.old_name")
    found = patient.findings()["what is deprecated"]
    assert found["ok"]
    assert "server.old_name 1 times" in found["text"]
    assert "changelog" in found["advice"]


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    """Nobody at the address: told, with exit code 1, and nothing else is asked."""
    context = tmp_path / "nobody.yaml"
    context.write_text("address: 127.0.0.1:9\n", "utf-8")
    ended = CliRunner().invoke(app, ["doctor", "--as", str(context), "--json"])
    assert ended.exit_code == 1
    (only,) = json.loads(ended.stdout)
    assert (only["what"], only["ok"]) == ("server", False)
    assert only["remedy"]


def _years_on(patient: Patient, years: int) -> datetime:
    return patient.clock.now() + timedelta(days=365 * years)


def _register(axis: Axis, code: str) -> None:
    agency = common.Agency(display_name=code, codes=[common.AgencyCode(code=code)])
    axis.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))


def _shorten(database: Path, end: datetime) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE certificates SET expires_at = ?", (int(end.timestamp() * 1_000_000),))
