"""Work of one transaction that another one overtook is done again, and sees then what that one did."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from lienthong.chassis.engines.database import lost_race

ATTEMPTS = 6
"""Times that work is done at most; what loses so often is not overtaken but wrong."""

_PAUSE_SECONDS = 0.01

Result = TypeVar("Result")


def again(action: Callable[[], Result]) -> Result:
    """Does work, and does it again when its transaction lost a race.

    Args:
        action: Opens its own transaction, and leaves nothing behind when that fails.

    Raises:
        Exception: Whatever the last attempt raised.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return action()
        except Exception as error:
            if not lost_race(error):
                raise
        # Whoever was first is hardly alone: those that come again do not come together.
        time.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311 -- spreads retries, guards nothing
    return action()
