"""Transfers of the client library over the death of the server: they go on where they stood, byte for byte."""

import hashlib
import io
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.support.harness import Program
from tests.faults.support.pair import document, join
from tests.faults.support.papers import Press

from lienthong.client.transfers import PIECE
from lienthong.intake.v1 import intake_pb2

SIZE = 48 * 1024 * 1024
KILL_AT = SIZE // 2


class Assassin:
    """Kills the program once a transfer has come half of its way, and starts it again beside the transfer."""

    def __init__(self, program: Program) -> None:
        self.struck = False
        self.furthest = 0
        self._program = program
        self._starting = threading.Thread(target=program.start)

    def watch(self, done: int, _total: int) -> None:
        """Is told how far the transfer is."""
        self.furthest = max(self.furthest, done)
        if not self.struck and done >= KILL_AT:
            self.struck = True
            self._program.kill()
            self._starting.start()

    def wait(self) -> None:
        """Waits until the program is up again."""
        self._starting.join()


@pytest.fixture
def program(tmp_path: Path, press: Press) -> Iterator[Program]:
    """A program with two agencies, of which VPCP speaks."""
    press.write_trust(tmp_path / "trust")
    running = Program(tmp_path)
    try:
        assert running.start(), running.tail()
        with running.speak("operator") as operator:
            join(operator, running.contexts, "000.00.00.G22", "vpcp")
            join(operator, running.contexts, "000.00.00.H29", "city")
        yield running
    finally:
        running.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is its own random content, so that no piece looks like another."""
    place = tmp_path / "ban-do.zip"
    place.write_bytes(random.Random(29).randbytes(SIZE))  # noqa: S311 -- content, not a secret
    return place


def test_an_upload_goes_on_after_the_server_died(program: Program, file: Path) -> None:
    """Killed in the middle and started again: the rest is sent, the axis has every byte once."""
    assassin = Assassin(program)
    with program.speak("vpcp") as axis:
        upload = axis.upload(file, assassin.watch)
        assassin.wait()
        found = axis.intake.GetUpload(intake_pb2.GetUploadRequest(name=upload))
    assert assassin.struck
    assert found.complete
    assert found.sha256 == hashlib.sha256(file.read_bytes()).digest()


def test_another_process_goes_on_with_the_upload(program: Program, file: Path) -> None:
    """A sender that died in the middle goes on with the same key: what is durable is not sent again."""
    with program.speak("vpcp") as axis, pytest.raises(KeyboardInterrupt):
        axis.upload(file, die_half_way, "ban-do")
    sent: list[int] = []
    with program.speak("vpcp") as axis:
        upload = axis.upload(file, lambda done, _total: sent.append(done), "ban-do")
        found = axis.intake.GetUpload(intake_pb2.GetUploadRequest(name=upload))
    assert found.sha256 == hashlib.sha256(file.read_bytes()).digest()
    assert sent[0] > 2 * PIECE, "it began anew"


def die_half_way(done: int, _total: int) -> None:
    """Stops a transfer as a person does."""
    if done >= KILL_AT:
        raise KeyboardInterrupt


def test_a_download_goes_on_after_the_server_died(program: Program, file: Path) -> None:
    """Killed in the middle and started again: what was read is not read again, and the whole is what was sent."""
    assassin = Assassin(program)
    target = io.BytesIO()
    with program.speak("vpcp") as axis:
        receipt = axis.intake.SubmitDocument(document(axis.upload(file)))
        digest = axis.download(f"{receipt.document}/attachments/0", target, assassin.watch, SIZE)
        assassin.wait()
    assert assassin.struck
    assert target.getvalue() == file.read_bytes()
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_submission_is_one_over_restarts_of_both(program: Program, tmp_path: Path) -> None:
    """A sender that dies and hands the same file in again with the same key gets the same receipt, at any size."""
    place = tmp_path / "cong-van.edxml"
    with program.speak("vpcp") as axis:
        content = random.Random(7).randbytes(3 * 1024 * 1024)  # noqa: S311 -- content, not a secret
        source = tmp_path / "phu-luc.bin"
        source.write_bytes(content)
        made = axis.intake.SubmitDocument(document(axis.upload(source)))
        with place.open("wb") as target:
            axis.download(f"{made.document}/rendition", target)
        place.write_bytes(place.read_bytes().replace(b"7816", b"7817"))
        first = axis.submit_file(place, request_id="cong-van-7817")
    program.kill()
    program.start()
    with program.speak("vpcp") as axis:
        assert axis.submit_file(place, request_id="cong-van-7817") == first
