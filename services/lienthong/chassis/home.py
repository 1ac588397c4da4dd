"""Folders of the user who runs the program."""

import errno
import os
from pathlib import Path


def folder_of_user(variable: str, otherwise: str) -> Path:
    """Gives this program's folder of a kind.

    Args:
        variable: Names the folder of all programs, such as `XDG_CONFIG_HOME`.
        otherwise: That folder beneath the user's home, where the variable is absent or empty.

    Raises:
        OSError: The user has no home, as in some containers.
    """
    named = os.environ.get(variable)
    try:
        return Path(named or Path.home() / otherwise) / "lienthong"
    except RuntimeError as error:
        raise OSError(errno.ENOENT, f"the user has no home folder; set {variable}", "~") from error
