"""Where what was fetched stands: outside every checkout, so that a second one finds it."""

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from filelock import FileLock

from lienthong.chassis.home import folder_of_user


def cache_folder(shelf: str = "engines") -> Path:
    """Gives a folder of this program in the user's cache; made when absent."""
    folder = folder_of_user("XDG_CACHE_HOME", ".cache") / shelf
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached(name: str, make: Callable[[Path], None], shelf: str = "engines") -> Path:
    """Gives a folder of the cache, made once however many ask for it at the same time.

    Args:
        name: Its name; it says the version of what is in it.
        make: Fills an empty folder. What it leaves when it raises is thrown away at the next try.
        shelf: What it stands with.
    """
    folder = cache_folder(shelf) / name
    if folder.is_dir():
        return folder
    with FileLock(folder.with_suffix(".lock")):
        if folder.is_dir():
            return folder
        unfinished = folder.with_suffix(".unfinished")
        rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        make(unfinished)
        unfinished.rename(folder)
    return folder
