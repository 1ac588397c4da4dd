"""Lines of the log: one form for all of them, whoever speaks."""

import json
import logging
import os
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Literal

import pytest
import structlog
from tests.waiting import SECONDS

from lienthong.chassis import sink
from lienthong.chassis.logging import bound, configure


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Gives logging back to the other tests."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_a_library_has_the_form_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the library, time, and what it is about; its errors are warnings, for it alone knows of no harm."""
    configure("INFO", "json")
    with bound(document="documents/1"):
        structlog.get_logger("lienthong").error("ours")
        error = ConnectionResetError(104, "reset")
        logging.getLogger("kafka.coordinator").error("Error sending %s", "Heartbeat", exc_info=error)
    ours, theirs = lines(capsys)
    assert ours["level"] == "error"
    assert (theirs["level"], theirs["event"]) == ("warning", "Error sending Heartbeat")
    assert (theirs["logger"], theirs["document"]) == ("kafka.coordinator", "documents/1")
    assert "ConnectionResetError" in json.dumps(theirs["exception"])
    assert theirs.keys() >= ours.keys()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_shows_no_variables(capsys: pytest.CaptureFixture[str], form: Literal["json", "text"]) -> None:
    """Where something failed is told, and nothing of what was in hand there: that may be content or a secret."""
    configure("INFO", form)

    def fail(password: str) -> None:
        raise ValueError(len(password))

    secret = "Xô viết Nghệ Tĩnh"
    try:
        fail(secret)
    except ValueError:
        structlog.get_logger("lienthong").exception("failed")
        logging.getLogger("kafka").exception("failed too")
    told = capsys.readouterr().err
    assert told.count("ValueError") >= 2
    assert secret not in told


def test_what_nobody_caught_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The interpreter tells of failures that nobody looked at: these are errors of the program."""
    configure("INFO", "json")
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    assert [line["level"] for line in lines(capsys)] == ["error"]


def test_levels_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    """What is below the level is not told, of libraries nothing below a warning; on a terminal lines are words."""
    configure("WARNING", "text")
    structlog.get_logger("lienthong").info("quiet")
    logging.getLogger("kafka").info("quiet")
    logging.getLogger("kafka").warning("told")
    told = capsys.readouterr().err
    assert "told" in told
    assert "quiet" not in told
    assert not told.startswith("{")


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_holds_nothing_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], form: Literal["json", "text"]
) -> None:
    """Whoever names documents cannot erase a line, hide one, or make up another."""
    configure("INFO", form)
    hostile = "7816\x1b[2K\x9b31m\u202e\u2028\r"
    structlog.get_logger("lienthong").info("accepted", number=hostile, lines=f"{hostile}\nserving")
    logging.getLogger("kafka").warning("odd %s", f"{hostile}\nserving")
    try:
        int(hostile)
    except ValueError:
        structlog.get_logger("lienthong").exception("failed")
    logging.getLogger("kafka").warning("odd", exc_info=OSError(hostile))
    told = capsys.readouterr().err
    assert set(told) & set("\x1b\x9b\u202e\u2028\r") == set()
    assert [line for line in told.splitlines() if line.startswith("serving")] == []
    assert told.count("\\u001b[2K") >= 4


def _terminal() -> tuple[int, int]:
    shown, writing = os.openpty()
    tty.setraw(writing)
    return shown, writing


@pytest.mark.parametrize("opened", [os.pipe, _terminal])
def test_a_log_that_nobody_reads_any_more(
    monkeypatch: pytest.MonkeyPatch, opened: Callable[[], tuple[int, int]]
) -> None:
    """Whoever logs goes on; when it is read again, it tells how many lines were lost, and all that follow."""
    reading, writing = opened()
    monkeypatch.setattr(sink, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(sys, "stderr", os.fdopen(writing, "w"))
    configure("INFO", "json")
    log = structlog.get_logger("lienthong")
    before = sink.LOST.value

    def tell() -> None:
        for number in range(100):
            log.info("line", number=number, text="ă" * 5000)

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    telling.join(SECONDS)
    assert not telling.is_alive(), "whoever logs waits"
    logging.getLogger("kafka").warning("lost as well")
    os.set_blocking(reading, False)
    assert _taken(reading)
    log.info("after")
    *_, told, after = (json.loads(line) for line in _taken(reading).decode().splitlines() if line)
    assert after["event"] == "after"
    assert (told["level"], told["event"]) == ("error", "lines of this log were lost: nobody took them")
    assert 80 < told["lost"] < 102
    assert sink.LOST.value - before == told["lost"]
    os.close(reading)
    sys.stderr.close()


def _taken(reading: int) -> bytes:
    """Takes all that is there."""
    taken = bytearray()
    with suppress(BlockingIOError):
        while part := os.read(reading, 1 << 20):
            taken += part
    return bytes(taken)


def test_a_log_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room for the log, and a reader that is gone, stop nobody."""
    reading, writing = os.pipe()
    os.close(reading)
    for stream in (open("/dev/full", "w"), os.fdopen(writing, "w")):  # noqa: PTH123, SIM115 -- closed below
        with stream, monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", stream)
            configure("INFO", "json")
            structlog.get_logger("lienthong").info("line")
            logging.getLogger("kafka").warning("line")
    structlog.get_logger("lienthong").info("after it was closed")
