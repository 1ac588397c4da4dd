"""The client in Go that is shown to authors of clients, built once as its page says."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tools.kubernetes.golang import go
from tools.protos import PROTOS, googleapis, well_known

from lienthong.dev.cache import cached

ROOT = Path(__file__).parents[3]
SHOWN = ROOT / "docs" / "examples" / "go"
CONTRACTS = sorted((PROTOS / "lienthong").rglob("*.proto"))
_SECONDS = 600.0


@cache
def go_client() -> Path:
    """Gives the program; the first time it is built, in half a minute.

    Raises:
        EngineError: Go is not here, or it cannot be built.
    """
    sources = [*sorted(SHOWN.glob("*.go")), SHOWN / "go.mod", SHOWN / "go.sum", *CONTRACTS]
    known = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    return cached(f"go-client-{known[:12]}", _build) / "dms"


def _build(folder: Path) -> None:
    module = folder / "module"
    shutil.copytree(SHOWN, module)
    go(["install", "tool"], module, {"GOBIN": str(module / "bin")}, _SECONDS)
    _generate(module)
    go(["build", "-o", str(folder / "dms"), "."], module, {"GOFLAGS": "-mod=readonly -buildvcs=false"}, _SECONDS)
    shutil.rmtree(module)


def _generate(module: Path) -> None:
    places = [
        f"--{plugin}_{what}" for plugin in ("go", "go-grpc") for what in (f"out={module}", "opt=module=lienthong")
    ]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        *(f"-I{path}" for path in (PROTOS, googleapis(), well_known())),
    ]
    subprocess.run(  # noqa: S603 -- the compiler of this environment
        [*command, *places, *map(str, CONTRACTS)],
        check=True,
        timeout=_SECONDS,
        env={**os.environ, "PATH": os.pathsep.join((str(module / "bin"), os.environ["PATH"]))},
    )
