"""A platform of processes on real engines, two of routing, as `lienthong doctor --cluster` meets it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from lienthong.cli.main import app
from lienthong.dev.platform import Copy, ProcessPlatform, Wanted


@dataclass(frozen=True, slots=True)
class Cluster:
    """The platform, and what commands say of it."""

    platform: ProcessPlatform

    @property
    def operator(self) -> str:
        """The context of the operator, over all copies."""
        return str(self.platform.contexts / "operator.yaml")

    def findings(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """What doctor finds, by what was looked at; its exit code must fit, and what is wrong has a remedy."""
        ended = CliRunner().invoke(app, ["doctor", "--cluster", "--as", self.operator, "--json", *arguments])
        found = {one["what"]: one for one in json.loads(ended.stdout)}
        wrong = [one for one in found.values() if not one["ok"]]
        assert ended.exit_code == int(bool(wrong)), ended.output
        assert all(one["text"] and one["remedy"] for one in wrong)
        return found

    def wrong(self, *arguments: str) -> dict[str, str]:
        """What is not well, in words."""
        return {name: one["text"] for name, one in self.findings(*arguments).items() if not one["ok"]}

    def copy(self, name: str) -> Copy:
        """A copy by its name."""
        return next(one for one in self.platform.copies if one.name == name)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Engines and services, up."""
    wanted = Wanted(copies={"routing": 2}, tied=True)
    with ProcessPlatform(tmp_path_factory.mktemp("cluster"), wanted) as platform:
        yield Cluster(platform)
