"""The commands that others script against: their names, and that each prints JSON and lets one choose who speaks."""

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

entry: Any = import_module("lienthong.cli.main")

NAMES = """
run  demo  doctor  export  import
agency add|list|show|import|rename|merge|retire|issue-credentials
document submit|compose|check|get|list|download|recall|update|replace|progress|evidence
mailbox list|pull|download|ack|fail|watch
status report
status unmatched list|link
task assign|start|hand-over|list|complete
case list
notice list|watch|ack|attempts
subscription add|list|remove|test
edxml check|show|canonical
ops parked|lag|outbox|purge
ops outbox republish
ops dead-letters list|show|redrive|skip
audit list
system add|certify|list|act-for|revoke
config show|check
context list|use|add
"""
LOCAL = {"run", "edxml", "config", "context", "demo", "keys", "db", "topics", "dev", "export", "import", "capacity"}
"""Groups that ask no platform, or bring their own: nobody speaks."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Walks the tree of commands."""
    inner = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield " ".join(path), command
    for name, one in inner.items():
        yield from commands(one, (*path, name))


FOUND = {name: command for name, command in commands(typer.main.get_command(entry.app)) if name}


def wanted() -> Iterator[str]:
    """Spells the names out."""
    for line in NAMES.strip().splitlines():
        if "|" not in line and len(line.split("  ")) > 1:
            yield from line.split()
            continue
        *group, last = line.split()
        yield from (" ".join((*group, name)) for name in last.split("|"))


def test_every_promised_command_is_there() -> None:
    """No name that others script against goes away in passing."""
    assert set(wanted()) <= set(FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_each_prints_json_and_lets_one_choose_who_speaks(name: str) -> None:
    """`--json` everywhere; `--as` wherever somebody speaks to a platform; a sentence of help."""
    options = {text for parameter in FOUND[name].params for text in parameter.opts}
    assert "--json" in options
    assert "--as" in options or name.split(maxsplit=1)[0] in LOCAL
    assert FOUND[name].help


@pytest.mark.parametrize("name", sorted(FOUND))
def test_each_argument_and_option_has_a_sentence(name: str) -> None:
    """Whoever asks for help learns what belongs in each place."""
    assert [one.name for one in FOUND[name].params if not (one.help or "").endswith((".", ")"))] == []


def test_exit_codes_are_documented_with_the_kinds_of_errors() -> None:
    """Each kind of error has a number of its own, and the help names them all."""
    numbers = [number for _, number in entry._EXIT_CODES]
    assert numbers == list(range(3, 3 + len(numbers)))
    assert all(f"{number} " in (entry.__doc__ or "") for number in range(max(numbers) + 1))


def test_the_program_says_which_version_it_is() -> None:
    """Whoever asks for help is asked for it first; it is that of the package."""
    shown = CliRunner().invoke(entry.app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"lienthong {version('lienthong')}\n")
