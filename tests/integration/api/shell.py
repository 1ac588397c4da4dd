"""The command line as a person uses it, within this process."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lienthong.cli import main

from .world import World, attached, file_of

PDF = b"%PDF-1.7\n%%EOF\n"


class Shell:
    """Runs commands in this process, as `lienthong` would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capture = monkeypatch, capture

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Runs a command; gives exit code, output and errors."""
        self._monkeypatch.setattr(sys, "argv", ["lienthong", *arguments])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capture.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Runs a command with --json; gives what it printed last."""
        ended, printed, errors = self.run(*arguments, "--json")
        assert ended == code, errors or printed
        return json.loads(printed.rstrip("\n").split("\n")[-1]) if printed.strip() else None


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """A shell in an empty folder that finds the contexts of the platform."""
    monkeypatch.setenv("LIENTHONG_CONTEXTS", str(world.contexts))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """An edXML file."""
    file = tmp_path / "cong-van.edxml"
    file.write_bytes(file_of(attachments=(attached("công văn.pdf", PDF),)))
    return file
