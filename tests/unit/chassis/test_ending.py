"""How the program ends: which signals it heeds, and that its workers end together."""

import asyncio
import os
import signal
import threading

import pytest
from tests.waiting import SECONDS

from lienthong.chassis.service import stop_together
from lienthong.chassis.signals import ending, heed


def test_a_signal_is_heard_whatever_goes_on() -> None:
    """While the loop is busy others fill what wakes it: the signal is not lost for that."""
    wakes = 10_000

    async def busy() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        heed(stopping)

        def wake() -> None:
            for _ in range(wakes):
                loop.call_soon_threadsafe(lambda: None)

        other = threading.Thread(target=wake)
        other.start()
        other.join()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stopping.wait(), 5)

    before = signal.getsignal(signal.SIGTERM)
    try:
        asyncio.run(busy())
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "the next one ends what does not end by itself"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_terminal_that_goes_is_nothing_under_nohup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had SIGHUP ignored wants the program to stay when the terminal closes."""
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    assert signal.SIGHUP in ending()
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)
    assert list(ending()) == [signal.SIGTERM, signal.SIGINT]


def test_workers_end_together() -> None:
    """While an engine hangs each takes as long as it may: one after the other they would outlast every supervisor."""
    meeting = threading.Barrier(5, timeout=SECONDS)

    class Hanging:
        def start(self) -> None:
            """Does nothing."""

        def stop(self, timeout: float) -> None:
            assert timeout == 10.0
            meeting.wait()

    stop_together([Hanging() for _ in range(meeting.parties)], 10.0)
    stop_together([], 10.0)
