"""A disk with little room, which only the processes that are started on it see as theirs."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

_MOUNTED = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && exec sleep infinity'


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """The disk.

    Attributes:
        inside: What a command line begins with, so that its process finds the disk at its place.
        seen: The same place, as it is seen from outside.
        size: Its bytes.
    """

    inside: tuple[str, ...]
    seen: Path
    size: int

    def fill(self) -> Path:
        """Takes all the room that is left; gives the file that takes it."""
        # Whoever renames something to the place takes the disk away, and would have the machine's own filled here.
        assert disk_usage(self.seen).total <= 2 * self.size, f"the small disk is gone from {self.seen}"
        ballast = self.seen / "ballast"
        with ballast.open("wb", buffering=0) as stream:
            for size in (65_536, 4096):
                try:
                    while stream.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue
        return ballast


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[SmallDisk]:
    """Makes a disk of `size` bytes at a folder, in namespaces of its own; it is gone at the end, whoever is killed."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNTED, "sh", str(size), str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:  # noqa: S603 -- our own command line
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"mounted\n"
            inside = ("nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials")
            yield SmallDisk(inside, Path(f"/proc/{holder.pid}/root{place}"), size)
        finally:
            holder.kill()
