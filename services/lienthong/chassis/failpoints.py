"""Named places at which a test can kill the program.

A fail point is a call `reach("name")` between two steps that must survive a crash. It does nothing unless `arm` was
called, which the program does only when its setting `test.failpoints` is on; `run` refuses that setting unless the
environment says `LIENTHONG_TEST=1`.
"""

import os
import signal
import threading
from collections import Counter
from typing import Final

from lienthong.chassis.config import ConfigError

KNOWN: Final = frozenset(
    {
        "blob.before-fsync",
        "blob.before-rename",
        "blob.after-rename",
        "uow.before-commit",
        "uow.after-commit",
        "relay.before-publish",
        "relay.after-publish",
        "relay.after-mark",
        "log.before-commit",
        "log.after-commit",
        "consumer.before-transaction",
        "consumer.after-commit",
        "consumer.after-offsets",
        "rpc.before-answer",
    }
)
"""Every fail point of the program; a test checks that each is reached."""


class FailPoints:
    """Counts how often each point was reached, and kills the process at the chosen one."""

    def __init__(self) -> None:
        self._armed: tuple[str, int] | None = None
        self._reached: Counter[str] = Counter()
        self._lock = threading.Lock()

    def arm(self, name: str, countdown: int = 1) -> None:
        """Kills the process with SIGKILL when `name` is reached for the `countdown`-th time.

        Raises:
            ConfigError: No such point.
        """
        if name not in KNOWN:
            known = ", ".join(sorted(KNOWN))
            raise ConfigError([f"test.failpoint: no fail point {name!r}; known: {known}"])
        self._armed = (name, countdown)

    def reach(self, name: str) -> None:
        """Marks the place."""
        if self._armed is None:
            return
        armed, countdown = self._armed
        with self._lock:
            self._reached[name] += 1
            due = name == armed and self._reached[name] >= countdown
        if due:
            os.kill(os.getpid(), signal.SIGKILL)


_points = FailPoints()
arm = _points.arm
reach = _points.reach
