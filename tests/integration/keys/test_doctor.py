"""`lienthong doctor` finds real faults: each is caused on a running platform, told in words, and gone when mended."""

import json
import shutil
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lienthong.chassis.checks import of_certificates
from lienthong.chassis.config import ServerSection
from lienthong.cli.main import app
from lienthong.client import connect, credentials, load_context
from lienthong.client.transfers import new_request_id
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.setup import CERTIFIED
from lienthong.testing.platform import Background

from .conftest import MovedClock, Patient, register

pytestmark = pytest.mark.usefixtures("well")


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
        register(axis, "G22")
        issued = credentials.issue(axis, "G22", "dms-vpcp", credentials.Place(patient.folder / "contexts"))
        _shorten(patient.folder / "databases" / "signing.db", patient.clock.now() + timedelta(days=20))
        assert patient.wrong() == {"signing: credentials of systems"}
        assert "dms-vpcp" in patient.words("signing: credentials of systems")
        revocation = directory_pb2.RevokeSystemRequest(name=issued.system, request_id=new_request_id())
        axis.directory.RevokeSystem(revocation)


def test_who_is_no_operator_is_told_so_once(patient: Patient) -> None:
    """An agency's context is no fault of the server: the finding says whose context to take."""
    contexts = patient.folder / "contexts"
    with connect(load_context(contexts / "operator.yaml")) as axis:
        register(axis, "K01")
        issued = credentials.issue(axis, "K01", "agency", credentials.Place(contexts))
        ended = CliRunner().invoke(app, ["doctor", "--as", str(issued.context), "--json"])
        revocation = directory_pb2.RevokeSystemRequest(name=issued.system, request_id=new_request_id())
        axis.directory.RevokeSystem(revocation)
    assert ended.exit_code == 1
    (wrong,) = (one for one in json.loads(ended.stdout) if not one["ok"])
    assert "ROLE_NOT_ALLOWED" in wrong["text"]
    assert "--as operator" in wrong["remedy"]


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


def _shorten(database: Path, end: datetime) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE certificates SET expires_at = ?", (int(end.timestamp() * 1_000_000),))
