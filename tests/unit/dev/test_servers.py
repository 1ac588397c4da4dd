"""Servers that the project starts: they are found again, and nothing of them is left."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lienthong.dev.servers import Command, ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that runs."""
    made = ServerProcess(Command("sleeper", ["sleep", "60"], tmp_path), tied=True)
    made.launch()
    try:
        yield made
    finally:
        made.kill()


def test_a_clock_that_is_set_loses_no_server(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets the time of the machine moves the time at which it began, and with it that of every process."""
    before = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: before + 1)
    assert server.process()


def test_a_process_of_the_same_number_is_another(server: ServerProcess, tmp_path: Path) -> None:
    """The number alone says nothing: it is given again once its process has ended."""
    _, begun = (tmp_path / "sleeper.pid").read_text().split()
    (tmp_path / "sleeper.pid").write_text(f"{os.getpid()} {begun}")
    assert server.process() is None


def test_what_was_started_ends_although_its_file_is_gone(server: ServerProcess, tmp_path: Path) -> None:
    """Whoever removes the file of a running server does not leave that server behind."""
    found = server.process()
    assert found
    (tmp_path / "sleeper.pid").unlink()
    server.stop()
    assert not found.is_running()
