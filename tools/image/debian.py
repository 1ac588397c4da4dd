"""The lowest layer: files of Debian packages, each of one version and checked by its hash."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lienthong.dev.cache import cached

LISTING = Path(__file__).with_name("debian.txt")
BINUTILS = Path(__file__).with_name("binutils.txt")
"""What takes debug symbols out of libraries; none of it comes into the image."""

_FETCH_SECONDS = 300.0
_UNPACK_SECONDS = 60.0

_MERGED = ("bin", "lib", "lib64", "sbin")
"""Folders that are links into `usr`: packages still name files of both."""

_UNUSED = (
    "usr/lib/python3.11/ensurepip",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    "usr/lib/python3.11/test",
    # Their libraries are not here.
    "usr/lib/python3.11/lib-dynload/_curses*",
    "usr/lib/python3.11/lib-dynload/_dbm.*",
    "usr/lib/python3.11/lib-dynload/nis.*",
    "usr/lib/python3.11/lib-dynload/readline.*",
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/share/binfmts",
    "usr/share/gcc",
    "usr/share/gdb",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "etc/update-motd.d",
)
"""Nothing that runs here reads these."""


class ImageError(Exception):
    """An image cannot be made; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package.

    Attributes:
        name: Its name.
        version: Its version.
        sha256: Hash of its file.
    """

    name: str
    version: str
    sha256: str


def packages(listing: Path = LISTING) -> list[Package]:
    """Reads a listing: `name=version sha256` on each line."""
    lines = (line for line in listing.read_text("ascii").splitlines() if line and not line.startswith("#"))
    found = []
    for line in lines:
        wanted, sha256 = line.split()
        name, version = wanted.split("=", 1)
        found.append(Package(name, version, sha256))
    return found


def fill(root: Path, listing: Path = LISTING) -> None:
    """Lays the files of all packages out.

    Raises:
        ImageError: A package cannot be had, or is not the one that was pinned.
    """
    status = root / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    for package, file in unpack(root, listing):
        # Where scanners look for packages of an image without a package manager.
        (status / package.name).write_text(_run(["dpkg-deb", "--field", str(file)], _UNPACK_SECONDS), "utf-8")
    for name in (name for name in _MERGED if (root / name).is_dir()):
        shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root / name)
        (root / name).symlink_to(f"usr/{name}")
    leave_out(root, _UNUSED)
    _trust(root)


def leave_out(root: Path, parts: Iterable[str]) -> None:
    """Takes files and folders away, by patterns of their paths below `root`."""
    for found in (found for part in parts for found in sorted(root.glob(part))):
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()


def unpack(root: Path, listing: Path) -> Iterator[tuple[Package, Path]]:
    """Lays the files of packages out, one after the other; gives each with its file.

    Raises:
        ImageError: A package cannot be had, or is not the one that was pinned.
    """
    for package in packages(listing):
        file = _fetched(package)
        _run(["dpkg-deb", "--extract", str(file), str(root)], _UNPACK_SECONDS)
        yield package, file


def pinned(names: list[str]) -> Iterator[str]:
    """Gives the lines of a listing for the newest versions that this machine's package lists know."""
    for name in names:
        shown = _run(["apt-cache", "show", "--no-all-versions", name], _UNPACK_SECONDS)
        fields = dict(line.split(": ", 1) for line in shown.splitlines() if ": " in line and line[0] != " ")
        yield f"{name}={fields['Version']} {fields['SHA256']}"


def _fetched(package: Package) -> Path:
    def fetch(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            # apt fetches as a user of its own, who must be able to write there.
            Path(place).chmod(0o777)
            _download(package, place)
            (found,) = Path(place).glob("*.deb")
            sha256 = hashlib.sha256(found.read_bytes()).hexdigest()
            if sha256 != package.sha256:
                raise ImageError(
                    f"{package.name}={package.version}: hash {sha256} instead of {package.sha256}; it is not used"
                )
            shutil.move(found, folder / "package.deb")

    return cached(package.sha256, fetch, shelf="debian") / "package.deb"


def _download(package: Package, place: str) -> None:
    command = ["apt-get", "download", "--quiet", f"{package.name}={package.version}"]
    try:
        _run(command, _FETCH_SECONDS, place)
    except ImageError:
        _run(["apt-get", "update", "--quiet"], _FETCH_SECONDS)
        try:
            _run(command, _FETCH_SECONDS, place)
        except ImageError as error:
            raise ImageError(
                f"{error}\nDebian may have replaced this version: `python -m tools.image pin` pins its successor"
            ) from error


def _trust(root: Path) -> None:
    """Writes the authorities of the world into the one file in which programs look for them."""
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    if authorities:
        bundle = root / "etc/ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(b"".join(file.read_bytes() for file in authorities))


def _run(command: list[str], seconds: float, folder: str | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- our own command line
            command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
        )
    except FileNotFoundError as error:
        raise ImageError(
            f"{command[0]} is missing; the image is made of Debian packages, on a Debian machine"
        ) from error
    if done.returncode:
        raise ImageError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
