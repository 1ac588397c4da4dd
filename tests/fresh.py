"""An interpreter of its own, in which nothing was loaded yet."""

import os
import subprocess
import sys


def told_by(code: str) -> str:
    """Runs code there; gives what it prints.

    Raises:
        CalledProcessError: It failed.
    """
    told = subprocess.run(  # noqa: S603 -- this program
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return told.stdout.strip()
