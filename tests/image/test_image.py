"""The image of the program: what is in it, what is not, and that it starts."""

import json
import os
import shutil
import signal
import stat
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tools.image import build, debian, python

LARGEST: Final = 90e6
"""Bytes of an image, as a registry keeps it and a node fetches it."""

LARGEST_UNPACKED: Final = 250e6
SLOWEST_SECONDS: Final = 3.0
SECONDS: Final = 60.0
LOAD: Final = """
import ctypes, pathlib

for folder in ("/usr/lib/python3.11", "/usr/local"):
    for file in sorted(pathlib.Path(folder).rglob("*.so*")):
        try:
            ctypes.CDLL(str(file))
        except OSError as error:
            print(file, error)
"""
"""Tells which extension modules, and libraries beside them, cannot be loaded."""
TRIES: Final = 5
"""Of a start: other tests may run on this machine."""

NOT_WANTED: Final = (
    "sh",
    "bash",
    "dash",
    "busybox",
    "perl",
    "gcc",
    "cc",
    "as",
    "ld",
    "protoc",
    "apt-get",
    "dpkg",
    "pip",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> build.Made:
    """The image."""
    return build.build(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files, and the devices that a runtime would add; only root may make those."""
    folder = tmp_path_factory.mktemp("root")
    build.lay_out(folder)
    for name in ("null", "urandom"):
        os.mknod(folder / "dev" / name, stat.S_IFCHR | 0o666, Path("/dev", name).stat().st_rdev)
        (folder / "dev" / name).chmod(0o666)
    return folder


def test_the_same_input_gives_the_same_image(tmp_path: Path) -> None:
    """Two builds from nothing, in other folders and under another mask of modes, have the same digest."""
    first = _from_nothing(tmp_path / "first")
    before = os.umask(0o077)
    try:
        second = _from_nothing(tmp_path / "elsewhere" / "second")
    finally:
        os.umask(before)
    assert first.digest == second.digest


def test_the_image_is_small(made: build.Made) -> None:
    """A node fetches less than 90 MB, and unpacks less than 250 MB."""
    assert made.file.stat().st_size < LARGEST
    assert made.unpacked < LARGEST_UNPACKED


def test_nothing_is_in_it_that_only_an_intruder_would_use(root: Path) -> None:
    """There is no shell, no compiler and no package manager."""
    programs = {path.name for path in (root / "usr/bin").iterdir()} | {
        path.name for path in (root / "usr/sbin").iterdir()
    }
    assert not programs.intersection(NOT_WANTED)
    assert not list(root.rglob("grpc_tools"))


def test_it_runs_as_nobody_in_particular(made: build.Made) -> None:
    """The program is process 1, under a user that is not root, and says what it is."""
    config = _config(made.file)
    assert config["Entrypoint"] == ["/usr/bin/lienthong"]
    assert config["User"] == f"{python.USER}:{python.USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.version"] == build.version_of()


def test_the_bill_of_materials_names_everything(made: build.Made, root: Path) -> None:
    """Each package and each library of the image stands in its bill of materials, with its version."""
    bill = json.loads(made.bill.read_text("utf-8"))
    named = {(one["name"], one["version"]) for one in bill["components"]}
    assert {(package.name, package.version) for package in debian.packages()} <= named
    libraries = [path for path in (root / python.SITE).glob("*.dist-info") if not path.name.startswith("lienthong-")]
    assert len(named) == len(libraries) + len(debian.packages())
    assert json.loads((root / build.SBOM).read_text("utf-8")) == bill


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with another hash is not used; the message names both hashes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (zlib,) = (package for package in debian.packages() if package.name == "zlib1g")
    listing = tmp_path / "listing.txt"
    listing.write_text(f"zlib1g={zlib.version} {'0' * 64}\n", "ascii")
    with pytest.raises(debian.ImageError, match=f"{zlib.sha256} instead of 000"):
        debian.fill(tmp_path / "root", listing)


def test_a_version_that_is_gone_names_the_remedy(tmp_path: Path) -> None:
    """Where Debian no longer has a version, the message says how to pin another."""
    listing = tmp_path / "listing.txt"
    listing.write_text(f"zlib1g=1:0.0.1 {'1' * 64}\n", "ascii")
    with pytest.raises(debian.ImageError, match=r"zlib1g=1:0\.0\.1[\s\S]*python -m tools\.image pin"):
        debian.fill(tmp_path / "root", listing)


def test_each_library_of_it_loads(root: Path) -> None:
    """What was taken out is missed by nothing that stayed, and what stayed can be of use."""
    assert inside(root, "/usr/bin/python3.11", "-I", "-c", LOAD) == ""


def test_it_carries_a_document(root: Path) -> None:
    """One process of the image serves all, and the commands of the image send a signed document through it."""
    with running(root, "--listen=127.0.0.1:0", "--metrics=", unshared=[]) as lines:
        assert "lienthong all is up" in lines[-1]
        codes = ["--sender=Z98", "--recipient=Z99"]
        told = inside(root, "/usr/bin/lienthong", "trial", "--as=/data/contexts/operator.yaml", *codes)
    assert "Z98" in told


def test_it_starts_quickly_and_ends_when_asked(root: Path) -> None:
    """The program of the image serves within three seconds as an ordinary user, and drains on SIGTERM."""
    tries = (_seconds_to_serve(root) for _ in range(TRIES))
    assert any(seconds < SLOWEST_SECONDS for seconds in tries)


def inside(root: Path, *command: str) -> str:
    """Runs a command in the files of the image; gives what it says."""
    chroot = ["chroot", f"--userspec={python.USER}:{python.USER}", str(root), *command]
    done = subprocess.run(chroot, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603 -- our own command line
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(root: Path, *options: str, unshared: Sequence[str] = ("--net",)) -> Iterator[list[str]]:
    """Runs the program in the files of the image, with a folder of its own; gives the lines until it serves.

    It must drain when it is asked to end.
    """
    data = root / "data"
    shutil.rmtree(data)
    data.mkdir()
    os.chown(data, python.USER, python.USER)
    command = ["unshare", *unshared, "--pid", "--fork", "--kill-child=SIGKILL", "chroot"]
    command += [f"--userspec={python.USER}:{python.USER}", str(root), "/usr/bin/lienthong", "run", "--data-dir=/data"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own command line
        try:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "lienthong all is up" in line:
                    break
            yield lines
            (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
            os.kill(int(child), signal.SIGTERM)
            lines += process.stderr
        finally:
            process.kill()
    assert any('"stopped"' in line for line in lines), "".join(lines)


def _seconds_to_serve(root: Path) -> float:
    """Starts the program in the files of the image; gives the time until it served."""
    begun = time.monotonic()
    with running(root):
        return time.monotonic() - begun


def _from_nothing(folder: Path) -> build.Made:
    layers = [folder / name for name in ("system", "libraries", "program")]
    for layer in layers:
        layer.mkdir(parents=True)
    system, libraries, program = layers
    build.system_layer(system)
    build.libraries_layer(libraries, system)
    build.program_layer(program, (system, libraries))
    return build.assemble(layers, folder / "image")


def _config(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as archive:

        def read(name: str) -> dict[str, Any]:
            content = archive.extractfile(name)
            assert content is not None
            found: dict[str, Any] = json.load(content)
            return found

        def blob(reference: dict[str, Any]) -> dict[str, Any]:
            return read("blobs/sha256/" + reference["digest"].removeprefix("sha256:"))

        manifest = blob(read("index.json")["manifests"][0])
        config: dict[str, Any] = blob(manifest["config"])["config"]
    return config
