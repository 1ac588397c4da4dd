"""The signals that end the program in good order."""

import asyncio
import signal
from collections.abc import Iterable
from contextlib import suppress


def ending() -> Iterable[signal.Signals]:
    """Gives the signals that end the program in good order."""
    yield from (signal.SIGTERM, signal.SIGINT)
    # It is ignored under `nohup`: whoever closes that terminal wants the program to stay.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def heed(stopping: asyncio.Event) -> None:
    """Sets an event when a signal comes that ends the program; in the running loop, as long as that is open.

    The loop would tell of a signal by what it read from the pipe that wakes it. Threads that have news for it fill that
    pipe while it is busy, and what does not go in is lost: so the signal speaks for itself.
    """
    loop = asyncio.get_running_loop()
    with suppress(ValueError, RuntimeError):  # not the main thread
        for number in ending():
            loop.add_signal_handler(number, stopping.set)
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
        # It wakes the loop still; that the pipe was full need not be told.
        signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)
