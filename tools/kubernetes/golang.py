"""The Go command, and what becomes of its failures."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lienthong.dev.servers import EngineError

_LAST_LINES = 5


def go(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float) -> str:
    """Runs Go in a folder; gives what it prints.

    Raises:
        EngineError: Go is not here, fails, or takes longer.
    """
    program = shutil.which("go")
    if program is None:
        raise EngineError("the command go is not here: install Go 1.25 or later, on the PATH")
    done = subprocess.run(  # noqa: S603 -- our own words
        [program, *arguments],
        cwd=folder,
        env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-_LAST_LINES:])
        raise EngineError(f"go {' '.join(arguments[:2])} failed; is the network there? It said:\n{said}")
    return done.stdout
