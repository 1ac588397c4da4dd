"""The data folder: one process has it at a time."""

from filelock import FileLock, Timeout

from lienthong.chassis.config import ConfigError
from lienthong.settings import Settings


def own_folder(settings: Settings) -> FileLock:
    """Takes the data folder for this process, until the lock is released; the folder is made when absent.

    Raises:
        ConfigError: Another process has it, or it cannot be written.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        # Whichever thread ends the program releases it.
        lock = FileLock(settings.data_dir / "lock", thread_local=False)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError([f"data_dir: {settings.data_dir} is in use by another process; stop it first"]) from error
    except OSError as error:
        raise ConfigError([f"data_dir: {settings.data_dir} cannot be written: {error.strerror}"]) from error
    return lock
