"""The data folder: one process has it at a time."""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lienthong.chassis.config import ConfigError
from lienthong.settings import Settings


@dataclass(frozen=True, slots=True)
class OwnFolder:
    """A data folder that this process has, until it is released.

    Attributes:
        lock: Held meanwhile.
        device: Of the file of the lock.
        inode: Of that file.
    """

    lock: FileLock
    device: int
    inode: int

    def is_there(self) -> bool:
        """Tells whether the folder was not removed, moved away or replaced since: what is written there is lost."""
        try:
            found = Path(self.lock.lock_file).stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (self.device, self.inode)

    def release(self) -> None:
        """Gives the folder back."""
        self.lock.release()


def own_folder(settings: Settings) -> OwnFolder:
    """Takes the data folder for this process; it is made when absent.

    Raises:
        ConfigError: Another process has it, or it cannot be written.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        # Whichever thread ends the program releases it.
        lock = FileLock(settings.data_dir / "lock", thread_local=False)
        lock.acquire(timeout=0)
        found = Path(lock.lock_file).stat()
    except Timeout as error:
        raise ConfigError([f"data_dir: {settings.data_dir} is in use by another process; stop it first"]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError([f"data_dir: {settings.data_dir} cannot be written: {reason}"]) from error
    return OwnFolder(lock, found.st_dev, found.st_ino)
