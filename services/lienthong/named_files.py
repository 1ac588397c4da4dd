"""Files that a configuration names: whether a process can read them before it is started, or while it waits for one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.config import ConfigError, Section
from lienthong.chassis.engines.postgres.settings import named
from lienthong.chassis.ids import Uuid7Source
from lienthong.custody import open_keys
from lienthong.engines import CONTENTS
from lienthong.settings import Settings

_ENDING: Final = "_file"
_OF_COMMANDS: Final = frozenset({"owner_password_file"})
"""Files that commands read, and no service."""


def insist_on_files(settings: Settings, services: Sequence[str]) -> None:
    """Makes sure that the files which services read are there and not empty, and that mounted keys are whole.

    Raises:
        ConfigError: With all problems at once.
    """
    problems = [one for place, section in _used(settings, services).items() for one in _of(place, section, services)]
    if not settings.keys.managed:
        try:
            open_keys(settings, tuple(services), SystemClock(), Uuid7Source())
        except ConfigError as error:
            problems += [one for one in error.problems if one not in problems]
    if problems:
        raise ConfigError(problems)


def _used(settings: Settings, services: Sequence[str]) -> Mapping[str, Section]:
    """Gives the sections that name files of these services, by their places."""
    engines = settings.engines
    found: dict[str, Section] = {"keys": settings.keys}
    if engines.kafka.servers:
        found["engines.kafka"] = engines.kafka
    if engines.postgres.servers:
        found["engines.postgres"] = engines.postgres
    if engines.objects.url and CONTENTS.intersection(services):
        found["engines.objects"] = engines.objects
    if "notification" in services:
        found["notification"] = settings.notification
    return found


def _of(place: str, section: Section, services: Sequence[str]) -> Iterator[str]:
    for name in type(section).model_fields:
        value: Any = getattr(section, name)
        if not name.endswith(_ENDING) or name in _OF_COMMANDS or not value:
            continue
        for file in dict.fromkeys(Path(named(str(value), service)) for service in services):
            wrong = _unreadable(file)
            if wrong:
                yield f"{place}.{name}: {file} {wrong}"


def _unreadable(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return "" if stream.read(1) else "is empty"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
