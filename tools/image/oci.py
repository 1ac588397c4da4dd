"""Writes folders as an image: an archive of each layer, and the layout of the Open Container Initiative in a tar.

Every byte follows from the content: names in order, no times, no owners but root, modes 0755 or 0644.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_TYPE: Final = "application/vnd.oci.image"
_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Image:
    """What an image is.

    Attributes:
        name: Its name with a tag, such as `localhost/lienthong:0.1.0`.
        layers: Archives of the layers, the lowest first.
        config: How it is run: entry point, user, folder, environment, labels.
    """

    name: str
    layers: Sequence[Path]
    config: Mapping[str, Any]


@dataclass(slots=True)
class _Blobs:
    """Content by its hash."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def add(self, kind: str, content: bytes) -> dict[str, Any]:
        """Keeps content, and gives what refers to it."""
        digest = hashlib.sha256(content).hexdigest()
        self.kept[digest] = content
        return {"mediaType": f"{_TYPE}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}


def write_layer(root: Path, file: Path, owners: Mapping[str, int] | None = None) -> None:
    """Writes a folder as the archive of a layer.

    Args:
        root: The folder.
        file: The archive, compressed.
        owners: Users of folders that are not root's, by their path; others may not look into those.
    """
    # Neither a name nor a time goes into the head of the compressed file.
    with (
        file.open("wb") as written,
        gzip.GzipFile("", "wb", _LEVEL, written, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(root.rglob("*")):
            member = _member(archive, path, path.relative_to(root).as_posix(), owners or {})
            if member.isreg():
                with path.open("rb") as content:
                    archive.addfile(member, content)
            else:
                archive.addfile(member)


def write(image: Image, file: Path) -> str:
    """Writes an image.

    Returns:
        Its digest.
    """
    blobs = _Blobs()
    packed = [layer.read_bytes() for layer in image.layers]
    layers = [blobs.add("layer.v1.tar+gzip", content) for content in packed]
    diffs = [f"sha256:{hashlib.sha256(gzip.decompress(content)).hexdigest()}" for content in packed]
    platform = {"architecture": "amd64", "os": "linux"}
    config = {**platform, "config": image.config, "rootfs": {"type": "layers", "diff_ids": diffs}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": blobs.add("config.v1+json", _json(config)),
        "layers": layers,
    }
    entry = {
        **blobs.add("manifest.v1+json", _json(manifest)),
        "platform": platform,
        "annotations": {
            "io.containerd.image.name": image.name,
            "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
        },
    }
    index = {"schemaVersion": 2, "mediaType": f"{_TYPE}.index.v1+json", "manifests": [entry]}
    with tarfile.open(file, "w") as archive:
        _put(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _put(archive, "index.json", _json(index))
        for digest, content in sorted(blobs.kept.items()):
            _put(archive, f"blobs/sha256/{digest}", content)
    return str(entry["digest"])


def _member(archive: tarfile.TarFile, path: Path, name: str, owners: Mapping[str, int]) -> tarfile.TarInfo:
    # Each file by itself: two names of one file would depend on what the machine did to save room.
    archive.inodes = {}  # type: ignore[attr-defined] # the library's memory of them, known to no stub
    member = archive.gettarinfo(path, name)
    member.mtime, member.uname, member.gname = 0, "", ""
    member.uid = member.gid = owners.get(name, 0)
    member.mode = 0o755 if member.isdir() or member.issym() or member.mode & 0o100 else 0o644
    if name in owners:
        member.mode = 0o750
    if name == "tmp":
        member.mode = 0o1777
    return member


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
