"""Contracts: other services, programs of an older version and clients in any language read them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).parents[3]
RELEASED = max((ROOT / "protos" / "released").glob("*.binpb"))
EVENTS = sorted(file.name for file in (ROOT / "protos" / "lienthong" / "events" / "v1").glob("*.proto"))
BUF = Path(sys.executable).with_name("buf")


def buf(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the checker of contracts."""
    command = [str(BUF), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- our own tool


def test_the_release_holds_every_event() -> None:
    """What is not in the record of a release is not compared with it."""
    recorded = {file.name for file in FileDescriptorSet.FromString(RELEASED.read_bytes()).file}
    assert EVENTS
    assert {f"lienthong/events/v1/{name}" for name in EVENTS} <= recorded


@pytest.mark.parametrize("name", EVENTS)
def test_a_change_that_breaks_readers_of_events_is_refused(name: str, tmp_path: Path) -> None:
    """A field of an event that takes another number is told, with its file."""
    for part in ("protos", "build/third_party"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    changed = tmp_path / "protos" / "lienthong" / "events" / "v1" / name
    text = changed.read_text("utf-8")
    assert " = 1;" in text
    changed.write_text(text.replace(" = 1;", " = 1001;", 1), "utf-8")
    built = buf(tmp_path, "build", "-o", "contracts.binpb")
    assert built.returncode == 0, built.stderr
    found = buf(tmp_path, "breaking", "contracts.binpb", "--against", str(RELEASED), "--config", "buf.yaml")
    assert found.returncode
    assert name in found.stdout


def test_each_contract_says_where_its_code_goes(tmp_path: Path) -> None:
    """Go and Java take packages from options, by one rule; a file without them becomes other code than the rest."""
    built = tmp_path / "contracts.binpb"
    assert buf(ROOT, "build", "--path", "protos/lienthong", "-o", str(built)).returncode == 0
    files = FileDescriptorSet.FromString(built.read_bytes()).file
    ours = [file for file in files if file.package.startswith("lienthong.")]
    assert ours
    assert {file.name: _packages(file) for file in ours} == {file.name: _by_the_rule(file) for file in ours}


def _packages(file: FileDescriptorProto) -> tuple[str, str, str, bool]:
    options = file.options
    return options.go_package, options.java_package, options.java_outer_classname, options.java_multiple_files


def _by_the_rule(file: FileDescriptorProto) -> tuple[str, str, str, bool]:
    folder, area = file.package.replace(".", "/"), file.package.split(".")[1]
    outer = Path(file.name).stem.title().replace("_", "")
    return f"{folder};{area}v1", f"vn.gov.{file.package}", f"{outer}Proto", True
