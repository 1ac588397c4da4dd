"""Generates Python code from `protos/`, and lays the foreign protos out for buf.

`python tools/protos.py` writes `services/lienthong/**/v1/*_pb2*.py` (and type stubs where mypy-protobuf is installed);
with `--third-party` it also fills `build/third_party`, the second buf module.
"""

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from google.api import field_behavior_pb2

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
TARGET = ROOT / "services"
FOREIGN = ("google/api/field_behavior.proto", "google/rpc/status.proto", "google/type/date.proto")


def well_known() -> Path:
    """Tells where the compiler's own protos (`google/protobuf`) stand."""
    return Path(str(files("grpc_tools"))) / "_proto"


def googleapis() -> Path:
    """Tells where `googleapis-common-protos` keeps its protos."""
    return Path(field_behavior_pb2.__file__).parents[2]


def generate() -> None:
    """Writes the generated modules.

    Raises:
        subprocess.CalledProcessError: The compiler refused a file; it has printed why.
    """
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{PROTOS}",
        f"-I{googleapis()}",
        f"-I{well_known()}",
        f"--python_out={TARGET}",
        f"--grpc_python_out={TARGET}",
    ]
    if messages := _plugin("protoc-gen-mypy"):
        command += [
            f"--plugin=protoc-gen-mypy={messages}",
            f"--plugin=protoc-gen-mypy_grpc={_plugin('protoc-gen-mypy_grpc')}",
            f"--mypy_out=quiet:{TARGET}",
            f"--mypy_grpc_out=quiet:{TARGET}",
        ]
    subprocess.run([*command, *sources], check=True)  # noqa: S603 -- the compiler of this environment


def _plugin(name: str) -> str | None:
    """Finds a plugin of the compiler beside the interpreter, or where a build put its tools."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((beside, os.environ.get("PATH", ""))))


def third_party() -> None:
    """Copies the foreign protos that ours import into `build/third_party`."""
    target = ROOT / "build" / "third_party"
    shutil.rmtree(target, ignore_errors=True)
    for name in FOREIGN:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(googleapis() / name, target / name)


if __name__ == "__main__":
    generate()
    if "--third-party" in sys.argv:
        third_party()
