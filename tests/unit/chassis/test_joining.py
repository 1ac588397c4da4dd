"""Repeats of what runs: they join it, and hold no thread for long."""

import threading

import pytest

from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.joining import InFlight


def test_a_repeat_joins_what_runs() -> None:
    """Callers under one key share one run and its outcome; afterwards the key is free."""
    work, entered, go_on = InFlight(), threading.Event(), threading.Event()
    runs: list[int] = []

    def slow() -> str:
        runs.append(1)
        entered.set()
        go_on.wait(10.0)
        return "xong"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(work.join("k", slow))) for _ in range(3)]
    threads[0].start()
    entered.wait(10.0)
    for thread in threads[1:]:
        thread.start()
    assert work.join("other", lambda: "khác") == "khác"
    go_on.set()
    for thread in threads:
        thread.join(10.0)
    assert found == ["xong"] * 3
    before = len(runs)
    assert work.join("k", slow) == "xong"
    assert len(runs) == before + 1


def test_a_repeat_does_not_hold_a_thread_for_long() -> None:
    """Who repeats what takes long is told to come again, as often as it likes: others keep their threads."""
    work, entered, go_on = InFlight(patience_seconds=0.05), threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        go_on.wait(10.0)
        return "xong"

    found: list[str] = []
    first = threading.Thread(target=lambda: found.append(work.join("k", slow)))
    first.start()
    entered.wait(10.0)
    for _ in range(3):
        with pytest.raises(AxisError) as refused:
            work.join("k", slow)
        assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "REQUEST_RUNNING")
        assert refused.value.retry_after is not None
    go_on.set()
    first.join(10.0)
    assert found == ["xong"]
    assert work.join("k", lambda: "anew") == "anew"


def test_a_failure_is_shared_and_forgotten() -> None:
    """A failed run fails for whoever joined; the next one begins anew."""
    work = InFlight()
    with pytest.raises(ZeroDivisionError):
        work.join("k", lambda: 1 // 0)
    assert work.join("k", lambda: 1) == 1
