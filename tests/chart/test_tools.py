"""What the charts are tested with is fetched once, verified, and says what to do when it cannot be."""

from pathlib import Path

import pytest
from tools.kubernetes.definitions import Pinned, verified
from tools.kubernetes.golang import go

from lienthong.dev.servers import EngineError

ONE = Pinned("example.org/one", "v1.2.3", "h1:good=", "one.yaml")


def test_without_go_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is missing and how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"the command go is not here: install Go 1\.26 or later"):
        go(["version"], tmp_path, {}, 10.0)


def test_what_go_refuses_is_told(tmp_path: Path) -> None:
    """Its last words stand behind ours."""
    with pytest.raises(EngineError, match=r"go build \./nothing failed"):
        go(["build", "./nothing"], tmp_path, {"GOFLAGS": "-mod=mod"}, 60.0)


def test_another_module_than_the_listed_one_is_not_used(tmp_path: Path) -> None:
    """A module whose hash differs is refused by its name, with both hashes."""
    assert verified(ONE, {"Sum": "h1:good=", "Dir": str(tmp_path)}) == tmp_path
    with pytest.raises(EngineError, match=r"example\.org/one v1\.2\.3 has hash h1:other=, and h1:good= is expected"):
        verified(ONE, {"Sum": "h1:other=", "Dir": str(tmp_path)})
