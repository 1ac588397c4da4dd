"""`lienthong trial`: a document goes through a platform that is in use, again and again."""

import json
from pathlib import Path

from typer.testing import CliRunner

from lienthong.chassis.config import ServerSection
from lienthong.cli.main import app
from lienthong.client import connect, load_context
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background


def test_a_trial_is_repeated(tmp_path: Path) -> None:
    """Each trial is confirmed, finds the agencies of the one before, and leaves no system that may still call."""
    settings = Settings(data_dir=tmp_path, server=ServerSection(listen="127.0.0.1:0", metrics=""))
    context = tmp_path / "contexts" / "operator.yaml"
    command = ["trial", "--as", str(context), "--sender", "Z98", "--recipient", "Z99", "--json"]
    with Background(settings), connect(load_context(context)) as operator:
        for _ in range(2):
            ended = CliRunner().invoke(app, command)
            assert ended.exit_code == 0, ended.output
            assert json.loads(ended.stdout) == {"confirmed": True}
            assert "The document went through" in ended.stderr
        agencies = operator.directory.ListAgencies(directory_pb2.ListAgenciesRequest(page_size=10)).agencies
        assert {code.code for one in agencies for code in one.codes} == {"Z98", "Z99"}
        systems = operator.directory.ListSystems(directory_pb2.ListSystemsRequest(page_size=50)).systems
        trials = [one for one in systems if one.role == common.SYSTEM_ROLE_AGENCY_SYSTEM]
        assert [one.HasField("revoke_time") for one in trials] == [True] * 4
