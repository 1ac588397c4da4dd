"""The program as tests start it: with seeded defects, and with a clock that may be set while it runs.

`python -m tests.faults.support.launched DEFECTS run …`; the clock stands in the folder in which the process runs.
"""

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from lienthong.chassis.clock import SystemClock

CLOCK = "clock"
"""File with the seconds by which the clock is before or after that of the machine; absent for none."""


def follow(file: Path) -> None:
    """Lets the clock of this process follow a file."""
    right = SystemClock.now

    def now(self: SystemClock) -> datetime:
        moment = right(self)
        with suppress(FileNotFoundError):
            moment += timedelta(seconds=float(file.read_text("ascii")))
        return moment

    SystemClock.now = now  # type: ignore[method-assign] # the clock that is set


if __name__ == "__main__":
    from tests.faults.support.defects import install

    from lienthong.cli import main

    defects = sys.argv.pop(1)
    if defects:
        install(defects)
    follow(Path(CLOCK).absolute())
    main()
