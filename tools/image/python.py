"""The upper layers: wheels of the libraries, and the program itself, both with their bytecode.

Of the libraries stays what the program can load: a test holds that each shared library that stays still loads.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from tools.image.debian import BINUTILS, ImageError, leave_out, unpack
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements/program.txt"
SITE = Path("usr/local/lib/python3.11/dist-packages")
"""Where the system's interpreter looks for what is not the system's."""

USER = 10001
"""Who runs the program; its group has the same number."""

_VERSION = "3.11"
_PLATFORM = "x86_64-manylinux_2_36"
_SOURCE_ONLY = "font-roboto"
"""Comes without a wheel: a setup script and fonts."""

_UNUSED_PARTS = (
    "alembic/testing",
    "confluent_kafka/aio",
    "confluent_kafka/avro",
    "confluent_kafka/kafkatest",
    "confluent_kafka/schema_registry",
    "holidays/countries/[!v]*",
    "holidays/financial",
    "holidays/locale",
    "lxml/html",
    "lxml/includes",
    "lxml/isoschematron",
    "lxml/objectify.*",
    # Letters have no pictures: fpdf2 loads the core and what reads profiles of colours.
    "PIL/_avif.*",
    "PIL/_imagingft.*",
    "PIL/_webp.*",
    "pillow.libs/libavif-*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "pillow.libs/libwebp*",
    "sqlalchemy/dialects/mssql",
    "sqlalchemy/dialects/mysql",
    "sqlalchemy/dialects/oracle",
    "sqlalchemy/testing",
)
"""Parts of libraries that nothing here loads."""

_UNUSED_NAMES = frozenset({"tests", "bin"})
_UNUSED_SUFFIXES = frozenset({".c", ".cpp", ".h", ".pxd", ".pxi", ".pyi", ".pyx"})
_UNUSED_RECORDS = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"})
"""What an installer notes down: when, from where, and files that are left out here."""

_LIBRARIES = "usr/lib/x86_64-linux-gnu"

_SECONDS = 600.0
_SCRIPT = """\
#!/usr/bin/python3.11 -I
from lienthong.cli import main

main()
"""


def fill_libraries(root: Path, requirements: Path = REQUIREMENTS) -> None:
    """Installs libraries, each of one version and checked by its hash.

    Raises:
        ImageError: One cannot be had.
    """
    site = root / SITE
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(site), "--link-mode", "copy", "--no-deps"]
    command += ["--python-version", _VERSION, "--python-platform", _PLATFORM]
    command += ["--require-hashes", "--only-binary", ":all:", "--no-binary", _SOURCE_ONLY, "-r", str(requirements)]
    run(command)
    leave_out(site, _UNUSED_PARTS)
    _trim(site)


def strip(system: Path, root: Path) -> None:
    """Takes the debug symbols out of the extension modules of a layer: a sixth of all libraries.

    Args:
        system: Folder of the lowest layer.
        root: Folder of the layer.

    Raises:
        ImageError: A package cannot be had, or a library is none.
    """
    with tempfile.TemporaryDirectory() as place:
        tools = Path(place)
        for _ in unpack(tools, BINUTILS):
            pass
        libraries = f"{tools}/{_LIBRARIES}:{system}/{_LIBRARIES}"
        # Those beside their packages are stripped, and their heads were rewritten: they stay as they are.
        modules = [str(file) for file in sorted((root / SITE).rglob("*.so")) if not file.parent.name.endswith(".libs")]
        command = [f"{system}/{_LIBRARIES}/ld-linux-x86-64.so.2", "--library-path", libraries]
        run([*command, f"{tools}/usr/bin/x86_64-linux-gnu-strip", "--strip-unneeded", *modules])


def fill_program(root: Path) -> None:
    """Installs the program, generated code included, with its command and its user.

    Raises:
        ImageError: It cannot be built.
    """
    with tempfile.TemporaryDirectory() as place:
        run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place], folder=ROOT)
        (wheel,) = Path(place).glob("*.whl")
        zipfile.ZipFile(wheel).extractall(root / SITE)
    _trim(root / SITE)
    command = root / "usr/bin/lienthong"
    command.parent.mkdir(parents=True)
    command.write_text(_SCRIPT, "ascii")
    command.chmod(0o755)
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/root:/sbin/nologin\nlienthong:x:{USER}:{USER}::/data:/sbin/nologin\n", "ascii"
    )
    (root / "etc/group").write_text(f"root:x:0:\nlienthong:x:{USER}:\n", "ascii")
    (root / "data").mkdir()


def compile_all(system: Path, root: Path) -> None:
    """Writes the bytecode of a layer with the interpreter of the lowest one.

    It is used as it is, without a look at the times of sources: those of an image mean nothing.

    Args:
        system: Folder of the lowest layer.
        root: Folder of the layer.

    Raises:
        ImageError: The interpreter does not run on this machine.
    """
    libraries = f"{system}/{_LIBRARIES}"
    interpreter = [f"{libraries}/ld-linux-x86-64.so.2", "--library-path", libraries, f"{system}/usr/bin/python3.11"]
    arguments = [
        "-s",
        "-m",
        "compileall",
        "-q",
        "-f",
        "--invalidation-mode",
        "unchecked-hash",
        "-s",
        str(root),
        "-p",
        "/",
    ]
    # The order in which a set of constants is written follows the seed.
    environment = {"PYTHONHOME": f"{system}/usr", "PYTHONHASHSEED": "0"}
    run([*interpreter, *arguments, str(root / "usr")], environment=environment)


def run(command: Sequence[str], *, folder: Path | None = None, environment: dict[str, str] | None = None) -> None:
    """Runs a command.

    Raises:
        ImageError: It failed.
    """
    done = subprocess.run(  # noqa: S603 -- our own command line
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise ImageError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")


def _trim(site: Path) -> None:
    """Takes away what only builders and installers read."""
    (site / ".lock").unlink(missing_ok=True)
    for found in sorted(site.rglob("*")):
        if found.is_dir():
            if found.name in _UNUSED_NAMES:
                rmtree(found)
        elif found.suffix in _UNUSED_SUFFIXES or (
            found.name in _UNUSED_RECORDS and found.parent.name.endswith(".dist-info")
        ):
            found.unlink(missing_ok=True)
