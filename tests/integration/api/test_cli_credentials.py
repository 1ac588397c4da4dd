"""Credentials from the command line: any name that people use, and no file of another system is lost."""

from pathlib import Path

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
