"""Credentials from the command line: any name that people use, and no file of another system is lost."""

from pathlib import Path

import pytest
import yaml

from lienthong.chassis import pki
from lienthong.chassis.keyfiles import request_to_pem
from lienthong.routing.v1 import directory_pb2

from .shell import Shell
from .world import World

CITY = "Hệ thống quản lý văn bản UBND Thành phố Hồ Chí Minh"
LABEL = "hệ-thống-quản-lý-văn-bản-ubnd-thành-phố-hồ-chí-minh"


def systems(world: World) -> list[str]:
    """Names all systems that are registered."""
    answer = world.operator.directory.ListSystems(directory_pb2.ListSystemsRequest(page_size=500))
    return [system.name for system in answer.systems]


def test_a_system_of_any_name_gets_credentials(world: World, shell: Shell, tmp_path: Path) -> None:
    """A long name and one with a slash are kept as they are; files have the label of it, when renewed too."""
    made = shell.json("system", "add", CITY, "--act-for", "H29", "--folder", str(tmp_path))
    assert made["display_name"] == CITY
    assert {file.name for file in tmp_path.glob("hệ*")} == {f"{LABEL}{end}" for end in (".key", ".crt", ".yaml")}
    renewed = shell.json("system", "certify", made["name"], "--folder", str(tmp_path / "renewed"))
    assert Path(renewed["context"]).name == f"{LABEL}.yaml"
    _, printed, _ = shell.run("system", "add", "QLVB/UBND", "--act-for", "H29", "--folder", str(tmp_path))
    assert "--as qlvb-ubnd" in printed
    issued = shell.json("agency", "issue-credentials", "H41", "--name", "UBND tỉnh/NA", "--folder", str(tmp_path))
    assert Path(issued["context"]).name == "ubnd-tỉnh-na.yaml"
    assert world.agencies


def test_a_name_without_letters_registers_nothing(world: World, shell: Shell, tmp_path: Path) -> None:
    """No context could have it: told with the rule, and no system is left behind."""
    before = systems(world)
    for command in (("system", "add", "///"), ("agency", "issue-credentials", "H29", "--name", "…")):
        code, _, errors = shell.run(*command, "--folder", str(tmp_path))
        assert code == 3
        assert "CONTEXT_NAME_INVALID" in errors
    assert systems(world) == before


@pytest.mark.parametrize("ending", [".key", ".crt", ".yaml"])
def test_new_credentials_replace_no_file(world: World, shell: Shell, tmp_path: Path, ending: str) -> None:
    """Whatever of that name is there stays as it is, with the remedy, and no system is registered."""
    there = tmp_path / f"ubnd{ending}"
    there.write_text("of another system")
    before = systems(world)
    for command in (
        ("agency", "issue-credentials", "H29", "--name", "ubnd"),
        ("system", "add", "UBND/", "--act-for", "H29"),
    ):
        code, _, errors = shell.run(*command, "--folder", str(tmp_path))
        assert code == 6
        assert str(there) in errors
        assert "--name" in errors
        assert "lienthong system certify" in errors
    assert there.read_text() == "of another system"
    assert systems(world) == before


def test_a_key_beside_its_request_hinders_nobody(shell: Shell, tmp_path: Path) -> None:
    """Of a key that is elsewhere the certificate alone is written: its key may lie in that folder."""
    request = pki.make_request(pki.new_key(), "dms")
    (tmp_path / "dms.csr").write_bytes(request_to_pem(request))
    (tmp_path / "dms.key").write_text("its own")
    options = ("--name", "dms", "--csr", "dms.csr", "--folder", str(tmp_path))
    shell.json("agency", "issue-credentials", "H29", *options)
    assert (tmp_path / "dms.crt").is_file()
    assert (tmp_path / "dms.key").read_text() == "its own"


def test_a_renewal_keeps_what_people_wrote(shell: Shell, tmp_path: Path) -> None:
    """The same files get the new key; agency and person of the context stay, a passphrase of the old key does not."""
    (tmp_path / "passphrase").write_text("một mật khẩu dài")
    (tmp_path / "passphrase").chmod(0o600)
    folder = ("--folder", str(tmp_path))
    secret = ("--passphrase-file", str(tmp_path / "passphrase"))
    issued = shell.json("agency", "issue-credentials", "H29", "--name", "kept", *folder, *secret)
    context, key = tmp_path / "kept.yaml", (tmp_path / "kept.key").read_bytes()
    written = yaml.safe_load(context.read_text("utf-8"))
    context.write_text(yaml.safe_dump(written | {"agency": "H29", "person": "Nguyễn Văn A"}), "utf-8")
    shell.json("system", "certify", issued["system"], *folder)
    assert (tmp_path / "kept.key").read_bytes() != key
    renewed = yaml.safe_load(context.read_text("utf-8"))
    del written["passphrase_file"]
    assert renewed == written | {"agency": "H29", "person": "Nguyễn Văn A"}
    assert shell.run("mailbox", "list", "--as", str(context))[0] == 0


def test_a_renewal_replaces_no_file_of_another_system(shell: Shell, tmp_path: Path) -> None:
    """A key of another system, or of nobody knows whom, stays; so does a context that nobody can read."""
    folder = ("--folder", str(tmp_path))
    first = shell.json("agency", "issue-credentials", "H29", "--name", "twin", *folder)
    second = shell.json("agency", "issue-credentials", "H41", "--name", "twin", "--folder", str(tmp_path / "other"))
    before = (tmp_path / "twin.key").read_bytes()
    code, _, errors = shell.run("system", "certify", second["system"], *folder)
    assert (code, "CREDENTIALS_EXIST" in errors) == (6, True)
    (tmp_path / "alone.key").write_text("of nobody knows whom")
    code, _, errors = shell.run("system", "certify", second["system"], "--name", "alone", *folder)
    assert (code, "CREDENTIALS_EXIST" in errors) == (6, True)
    (tmp_path / "twin.yaml").write_text("[")
    code, _, errors = shell.run("system", "certify", first["system"], *folder)
    assert (code, "cannot be read" in errors) == (2, True)
    assert (tmp_path / "twin.key").read_bytes() == before
