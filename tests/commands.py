"""Command lines that pages show, held against the program's own tree of commands."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from typer.main import get_command

from lienthong.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "charts/*/README.md", "k8s/**/*.md")
    for page in ROOT.glob(pattern)
    if not {"bench", "reference"}.intersection(page.parts)
)
"""Pages that people write and follow."""

_SHELL = "|&;<>"
"""Where a command ends, and the shell goes on."""


def shown(text: str, program: str) -> Iterator[tuple[str, bool]]:
    """Gives the lines of a program that a text shows, each with whether it is whole: in a block, to be pasted."""
    text = re.sub(r"\\\n\s*", "", text)
    blocks = re.findall(r"^```sh\n(.*?)^```|^((?: {5}.*\n)+)", text, re.DOTALL | re.MULTILINE)
    whole = {line for block in blocks for line in _of(program, "".join(block))}
    for line in sorted({*_of(program, text), *whole}):
        yield line, line in whole


def words_of(line: str) -> list[str]:
    """Gives the words of a line as the shell makes them, the program first."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=_SHELL)
    lexer.whitespace_split = True
    return list(takewhile(lambda word: word.strip(_SHELL), lexer))


def wrong(line: str, *, whole: bool) -> str:
    """Tells what the program would not take of one of its lines; empty when it takes it.

    Args:
        line: Beginning with `lienthong`; `…` stands for more.
        whole: Whether nothing may be missing.
    """
    words = [word for word in words_of(line)[1:] if word != "…"]
    command = _tree()
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands") and not (command.invoke_without_command and (not words or words[0][0] == "-")):
        return f"no such command: {' '.join(words)}" if words or whole else ""
    try:
        given, over, _ = command.make_parser(command.context_class(command)).parse_args([*words])
    except Exception as error:  # noqa: BLE001 -- the library of the command line has a kind for each fault
        return str(getattr(error, "message", error)) if whole else _unless_cut(error, words)
    if over:
        return f"too much: {' '.join(over)}"
    missing = [one.name for one in command.params if one.required and not given.get(one.name)]
    return f"missing: {', '.join(missing)}" if whole and missing else ""


def _unless_cut(error: Exception, words: list[str]) -> str:
    """A sentence may name an option without its value, last."""
    says = str(getattr(error, "message", error))
    return "" if "requires an argument" in says and words[-1].startswith("-") else says


def _of(program: str, text: str) -> list[str]:
    return [line.strip() for line in re.findall(rf"(?:^\s*|`|-- |\(|\| )({program} [^\n`]+)", text, re.MULTILINE)]


@cache
def _tree() -> Any:
    return get_command(app)
