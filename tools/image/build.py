"""Puts the image together."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.image import debian, oci, python, sbom

from lienthong.dev.cache import cached

NAME: Final = "localhost/lienthong"
BUILD: Final = python.ROOT / "build/image"
OWNERS: Final = {"data": python.USER}
SBOM: Final = "usr/share/sbom/lienthong.cdx.json"
"""Where the bill of materials stands in the image."""

ARCHIVE: Final = "layer.tar.gz"


@dataclass(frozen=True, slots=True)
class Made:
    """An image that was made.

    Attributes:
        name: Its name with its tag.
        digest: Hash of its manifest.
        file: Its layout, in a tar.
        bill: Its bill of materials.
        unpacked: Bytes of its files.
    """

    name: str
    digest: str
    file: Path
    bill: Path
    unpacked: int


def build(folder: Path = BUILD) -> Made:
    """Makes the image of the program as it stands here.

    Layers of what is pinned are made once and kept in the user's cache.

    Args:
        folder: Where the image and its bill of materials go; made when absent.

    Raises:
        ImageError: A package cannot be had, or the program cannot be built.
    """
    layers = [kept("system", system_layer), kept("libraries", libraries_layer)]
    with tempfile.TemporaryDirectory() as place:
        program_layer(Path(place), layers)
        return assemble([*layers, Path(place)], folder)


def lay_out(root: Path) -> None:
    """Lays the files of the image out in an empty folder, for a builder that takes them from there."""
    layers = [kept("system", system_layer), kept("libraries", libraries_layer)]
    with tempfile.TemporaryDirectory() as place:
        program_layer(Path(place), layers)
        for layer in (*layers, Path(place)):
            shutil.copytree(layer / "root", root, symlinks=True, dirs_exist_ok=True)
    (root / "tmp").chmod(0o1777)


def assemble(layers: Sequence[Path], folder: Path) -> Made:
    """Writes the image of layers that were made."""
    folder.mkdir(parents=True, exist_ok=True)
    release = version_of()
    bill = folder / f"lienthong-{release}.cdx.json"
    bill.write_bytes((layers[-1] / "root" / SBOM).read_bytes())
    image = oci.Image(f"{NAME}:{release}", [layer / ARCHIVE for layer in layers], config(release))
    file = folder / f"lienthong-{release}.tar"
    digest = oci.write(image, file)
    unpacked = sum(path.lstat().st_size for layer in layers for path in (layer / "root").rglob("*") if path.is_file())
    return Made(image.name, digest, file, bill, unpacked)


def system_layer(folder: Path) -> None:
    """Makes the layer of the system: an archive, and the folder that it was made of."""
    root = folder / "root"
    debian.fill(root)
    (root / "tmp").mkdir(exist_ok=True)
    python.compile_all(root, root)
    oci.write_layer(root, folder / ARCHIVE)


def libraries_layer(folder: Path, system: Path | None = None) -> None:
    """Makes the layer of the libraries.

    Args:
        folder: An empty folder.
        system: The layer of the system; the kept one when absent.
    """
    root, below = folder / "root", (system or kept("system", system_layer)) / "root"
    python.fill_libraries(root)
    python.strip(below, root)
    python.compile_all(below, root)
    oci.write_layer(root, folder / ARCHIVE)


def program_layer(folder: Path, below: Sequence[Path]) -> None:
    """Makes the layer of the program.

    Args:
        folder: An empty folder.
        below: The layers of the system and of the libraries.
    """
    root = folder / "root"
    system, libraries = (layer / "root" for layer in below)
    python.fill_program(root)
    python.compile_all(system, root)
    bill = root / SBOM
    bill.parent.mkdir(parents=True)
    bill.write_text(sbom.bill("lienthong", version_of(), debian.packages(), libraries / python.SITE), "utf-8")
    oci.write_layer(root, folder / ARCHIVE, OWNERS)


def config(release: str) -> Mapping[str, object]:
    """Gives how the image is run.

    The program is process 1: it takes SIGTERM itself, and ends what it starts.
    """
    return {
        "Entrypoint": ["/usr/bin/lienthong"],
        "User": f"{python.USER}:{python.USER}",
        "WorkingDir": "/data",
        "Env": ["PATH=/usr/bin", "PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"],
        "ExposedPorts": {"7443/tcp": {}, "9443/tcp": {}},
        "StopSignal": "SIGTERM",
        "Labels": {
            "org.opencontainers.image.title": "lienthong",
            "org.opencontainers.image.description": "An open axis on which agencies exchange signed documents",
            "org.opencontainers.image.version": release,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.base.name": "debian:bookworm",
        },
    }


def version_of() -> str:
    """Gives the version of the program as it stands here."""
    found = re.search(r'^version = "(.+)"$', (python.ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise debian.ImageError("pyproject.toml names no version")
    return found[1]


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Gives a layer of the user's cache, made anew when what it is made of has changed."""
    made_of = [debian.LISTING, debian.BINUTILS, python.REQUIREMENTS, *sorted(Path(__file__).parent.glob("*.py"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in made_of)).hexdigest()
    return cached(f"{name}-{digest[:12]}", make, shelf="image")
