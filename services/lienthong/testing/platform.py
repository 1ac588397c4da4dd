"""A whole platform in a thread of this process, for tests."""

import asyncio
import threading

from lienthong.app import Platform
from lienthong.chassis.clock import Clock
from lienthong.settings import Settings


class Background:
    """A platform in a thread of this process; up within its block."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.platform = Platform(settings, clock)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="platform", daemon=True)

    def __enter__(self) -> Platform:
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self.platform

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self.platform.serve(self._stopping, self._ready.set))
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits for readiness
            self._error = error
        finally:
            self._loop.close()
            self._ready.set()
