"""Verification in child processes: same reports, and no file can do harm."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil
import pytest

from lienthong.chassis.workers import PoolClosedError
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.pool import VerificationPool
from lienthong.signing.verification.report import FileState
from lienthong.signing.verification.trust import TrustConfig

from .conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Office

pytestmark = pytest.mark.children

SOON = NOW + timedelta(hours=1)
MEMORY = 1 << 30
PATIENCE = 20.0


@pytest.fixture
def signed(office: Office, tmp_path: Path) -> Path:
    """The signed letter as a file."""
    path = tmp_path / "letter.pdf"
    path.write_bytes(office.signed)
    return path


def opened_when_read(fifo: Path) -> int:
    """Open a FIFO for writing, which works only once a child has it open for reading."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    raise AssertionError("no child reads the file")


def test_a_child_reports_what_the_verifier_reports(office: Office, signed: Path) -> None:
    """The way through another process changes nothing in the report."""
    with VerificationPool(2, office.trust, MEMORY, PATIENCE) as pool:
        futures = [pool.submit(signed, SOON) for _ in range(4)]
        expected = PadesVerifier(office.trust).verify_path(signed, SOON)
        assert expected.overall is FileState.VALID
        assert [future.result(PATIENCE) for future in futures] == [expected] * 4


def test_a_verification_that_takes_too_long_is_timed_out(office: Office, tmp_path: Path) -> None:
    """A file that never ends costs its own verdict; the next one is verified."""
    os.mkfifo(tmp_path / "endless.pdf")
    (tmp_path / "fine.pdf").write_bytes(office.letter)
    with VerificationPool(1, office.trust, MEMORY, 0.5) as pool:
        assert pool.submit(tmp_path / "endless.pdf", SOON).result(PATIENCE).overall is FileState.TIMED_OUT
        deadline = time.monotonic() + PATIENCE
        assert pool.verify(tmp_path / "fine.pdf", SOON, deadline).overall is FileState.UNSIGNED


def test_the_callers_deadline_holds(office: Office, tmp_path: Path) -> None:
    """A caller is answered at its own deadline, though the pool's limit is far away."""
    os.mkfifo(tmp_path / "endless.pdf")
    with VerificationPool(1, office.trust, MEMORY, 600.0) as pool:
        report = pool.verify(tmp_path / "endless.pdf", SOON, time.monotonic() + 0.2)
        assert report.overall is FileState.TIMED_OUT


def test_a_killed_child_never_hangs_its_caller(office: Office, signed: Path, tmp_path: Path) -> None:
    """A child killed under a job gives FAILED, and the pool goes on."""
    os.mkfifo(tmp_path / "endless.pdf")
    with VerificationPool(1, office.trust, MEMORY, 600.0) as pool:
        assert pool.submit(signed, SOON).result(PATIENCE).overall is FileState.VALID
        (child,) = pool.pids()
        dying = psutil.Process(child)
        stuck = pool.submit(tmp_path / "endless.pdf", SOON)
        writer = opened_when_read(tmp_path / "endless.pdf")
        os.kill(child, signal.SIGKILL)
        assert stuck.result(PATIENCE).overall is FileState.FAILED
        os.close(writer)
        # A pipe cannot be sought in: the child may have answered before it was hit, and then dies idle a moment later.
        psutil.wait_procs([dying], PATIENCE)
        assert pool.submit(signed, SOON).result(PATIENCE).overall is FileState.VALID


def test_a_missing_file_is_failed(office: Office, tmp_path: Path) -> None:
    """What cannot be read gets a report that says so."""
    with VerificationPool(1, office.trust, MEMORY, PATIENCE) as pool:
        report = pool.submit(tmp_path / "none.pdf", SOON).result(PATIENCE)
        assert report.overall is FileState.FAILED
        assert "FileNotFoundError" in report.detail


def test_close_ends_all_children(office: Office, signed: Path) -> None:
    """After close no child lives, and new files are refused."""
    pool = VerificationPool(2, office.trust, MEMORY, PATIENCE)
    pool.submit(signed, SOON).result(PATIENCE)
    pids = pool.pids()
    pool.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(PoolClosedError):
        pool.submit(signed, SOON)


def test_bad_settings_show_at_once(office: Office) -> None:
    """A damaged certificate or a hopeless memory limit is found at start-up, not with the first document."""
    with pytest.raises(ValueError, match="memory"):
        VerificationPool(1, office.trust, 1000, PATIENCE)
    with pytest.raises(ValueError, match=r"parsing|Insufficient"):
        VerificationPool(1, TrustConfig((b"nonsense",)), MEMORY, PATIENCE)


def test_trust_survives_json(office: Office) -> None:
    """A child gets exactly the configuration of its parent."""
    assert TrustConfig.from_json(office.trust.to_json()) == office.trust
