"""A platform that others take the place of while its agencies go on: what they were told by one holds at the next."""

import shutil
import threading
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml
from tests.faults.support.served import Served

from lienthong.client import Axis


class Changing:
    """One platform after the other. See `Served`."""

    def __init__(self, first: Served) -> None:
        """Begins with a platform, which may not run yet."""
        self._all = [first]
        self._lost: list[float] = []

    @property
    def current(self) -> Served:
        """The platform that takes calls now, or took them last."""
        return self._all[-1]

    @property
    def up(self) -> threading.Event:
        """Set while the present one takes calls."""
        return self.current.up

    @property
    def starts(self) -> list[float]:
        """How long each start of each took, in seconds."""
        return [*self._lost, *(seconds for one in self._all for seconds in one.starts)]

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.current.contexts

    def succeed(self, platform: Served) -> None:
        """Lets another platform take over, that does not run yet; agencies keep their credentials."""
        platform.contexts.mkdir(parents=True, exist_ok=True)
        for file in self.contexts.iterdir():
            # The operator's is written at each start.
            if not file.name.startswith("operator"):
                shutil.copy(file, platform.contexts / file.name)
        for file in platform.contexts.glob("*.yaml"):
            # Agencies have the certificate of the authority with them.
            context = yaml.safe_load(file.read_text("utf-8"))
            own = platform.contexts / f"{file.stem}-authority.pem"
            shutil.copy(file.parent / context["authority"], own)
            file.write_text(yaml.safe_dump({**context, "authority": str(own)}), "utf-8")
        self._all.append(platform)

    def replace(self, platform: Served) -> None:
        """Lets another platform take over from those that are destroyed; agencies keep their credentials."""
        self.succeed(platform)
        self._lost = [seconds for one in self._all[:-1] for seconds in one.starts]
        del self._all[:-1]

    def speak(self, name: str) -> Axis:
        """Opens a session as a context."""
        return self.current.speak(name)

    def start(self) -> bool:
        """Starts the present one and waits until it is ready."""
        return self.current.start()

    def close(self) -> None:
        """Leaves nothing running."""
        for one in self._all:
            one.close()

    def tail(self) -> str:
        """Gives the end of what the present one logged."""
        return self.current.tail()

    def stop(self) -> tuple[int, float]:
        """Asks the present one to end."""
        return self.current.stop()

    def alarms(self) -> list[str]:
        """Gives what all of them logged as an error or worse."""
        return [line for one in self._all for line in one.alarms()]

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of the present one."""
        return self.current.rows(service, statement)

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads the records of all event logs, the oldest log first."""
        found = (record for one in self._all for record in one.records())
        # What is published again goes out beside what is new: whoever reads it waits for the earlier version.
        yield from sorted(found, key=itemgetter(2)) if self._lost else found
