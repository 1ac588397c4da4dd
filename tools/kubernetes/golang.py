"""The Go command, how programs are built with it, and what becomes of its failures."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lienthong.dev.servers import EngineError

_LAST_LINES = 5
_BUILD_SECONDS = 1800.0
_VERSION_SECONDS = 60.0
_FLAGS = ("-trimpath", "-mod=readonly", "-buildvcs=false", "-gcflags=all=-dwarf=false")
"""What is for debuggers is stripped at the end, so it is not made: that takes a tenth of the time."""
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOGC": "400"}


def build(packages: Sequence[str], module: Path, folder: Path, *, stamps: Sequence[str] = (), tags: str = "") -> None:
    """Builds programs; packages that several of them share are compiled once.

    Args:
        packages: Of the programs, each named by its last part.
        module: Folder of the module that pins them.
        folder: Where the programs go.
        stamps: `package.variable=value` that are set in all of them.
        tags: Of the build.

    Raises:
        EngineError: Go is not here, fails, or takes longer than half an hour.
    """
    linked = " ".join(("-s", "-w", *(f"-X {stamp}" for stamp in stamps)))
    flags = (*_FLAGS, f"-ldflags={linked}", f"-tags={tags}", "-o", f"{folder}/")
    go(["build", *flags, *packages], module, _ENVIRONMENT, _BUILD_SECONDS)


def go(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> str:
    """Runs Go in a folder; gives what it prints.

    Raises:
        EngineError: Go is not here, fails, or takes longer.
    """
    program = shutil.which("go")
    if program is None:
        raise EngineError("the command go is not here: install Go 1.26 or later, on the PATH")
    try:
        done = subprocess.run(  # noqa: S603 -- our own words
            [program, *arguments],
            cwd=folder,
            env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", **environment},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"go {' '.join(arguments[:2])} did not end within {seconds:g} s") from error
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-_LAST_LINES:])
        raise EngineError(f"go {' '.join(arguments[:2])} failed; is the network there? It said:\n{said}")
    return done.stdout


def version() -> str:
    """Tells which Go this is.

    Raises:
        EngineError: Go is not here.
    """
    return go(("version",), Path(__file__).parent, {}, _VERSION_SECONDS)
