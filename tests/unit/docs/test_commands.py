"""Commands that pages show: what is pasted works, and what a sentence names exists."""

import re
from pathlib import Path

import pytest
from tests.commands import PAGES, ROOT, shown, wrong


def told(page: Path) -> str:
    """Names a page."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_the_program_takes_its_lines(page: Path) -> None:
    """Commands, options and arguments of each line are those of the program; a line to be pasted lacks none."""
    lines = shown(page.read_text("utf-8"), "lienthong")
    assert {line: found for line, whole in lines if (found := wrong(line, whole=whole))} == {}


def test_a_wrong_line_is_seen() -> None:
    """A command, an option, an argument too much and one that is missing are told apart."""
    assert wrong("lienthong mailbox lst", whole=False) == "no such command: lst"
    assert "--limits" in wrong("lienthong mailbox list --limits 3", whole=False)
    assert wrong("lienthong doctor now", whole=False) == "too much: now"
    assert wrong("lienthong document get", whole=True) == "missing: document"
    assert "requires an argument" in wrong("lienthong db upgrade --patience", whole=True)
    assert wrong("lienthong db upgrade --patience", whole=False) == ""


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` command that a page names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]+)", page.read_text("utf-8"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_files_of_commands_exist(page: Path) -> None:
    """What `kubectl apply` and `helm install` are given from this project is there."""
    text = page.read_text("utf-8")
    given = r"(?:apply -f|helm (?:install|upgrade) (?:--install )?\S+|--values) ((?:k8s|charts|docs)/\S*\w)"
    named = re.findall(given, text)
    assert [file for file in named if not (ROOT / file).exists()] == []
