"""Whoever is woken finds what to do: each alert has its section, and what is to be pasted exists."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from tests.monitoring.metrics import ROOT, RUNBOOKS, alerts, asked, exposed, rules
from typer.main import get_command

from lienthong.cli.main import app

PAGES = {file.name: file.read_text("utf-8") for file in sorted(RUNBOOKS.glob("*.md"))}
PARTS = ("**For people.**", "**Look.**", "**Do.**", "**Over**")


def sections() -> dict[str, str]:
    """Each section by its place, as links name it."""
    found = {}
    for name, page in PAGES.items():
        for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            found[f"docs/runbooks/{name}#{title.lower()}"] = text
    return found


def commands() -> Iterator[str]:
    """Each line of the program that a page gives, in blocks and in sentences."""
    for page in PAGES.values():
        yield from re.findall(r"(?:^|`|-- )(lienthong [^\n`]+)", page, flags=re.MULTILINE)


def test_each_alert_has_a_section_and_each_section_an_alert() -> None:
    """A page without a runbook helps nobody; a runbook without an alert is never read."""
    assert sections().keys() == {rule["annotations"]["runbook_url"] for rule in alerts()}
    assert all(rule["annotations"]["runbook_url"].endswith("#" + rule["alert"].lower()) for rule in alerts())


@pytest.mark.parametrize("place", sections())
def test_a_section_says_all_four(place: str) -> None:
    """What it means, what to look at with something to paste, what to do, when it is over; in this order."""
    text = sections()[place]
    places = [text.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert "```" in text


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_each_command_exists(line: str) -> None:
    """With its options, and with those that it needs."""
    command: Any = get_command(app)
    words = shlex.split(line)[1:]
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    known = {option for one in command.params for option in one.opts}
    needed = {one.opts[0] for one in command.params if one.required and one.param_type_name == "option"}
    assert given <= known
    in_a_block = any(f"\n{line}\n" in page or f"-- {line}\n" in page for page in PAGES.values())
    assert not in_a_block or needed <= given


def test_links_lead_somewhere() -> None:
    """Files that pages name are there, and sections in them."""
    for page in PAGES.values():
        for file, place in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page):
            if file:
                assert (RUNBOOKS / file).resolve().exists(), file
            if place.startswith("lienthong"):
                assert any(one.endswith("#" + place) for one in sections()), place


def test_what_is_asked_for_is_exposed() -> None:
    """Every metric that rules and runbooks name exists in the program, or is recorded by a rule."""
    texts = [rule["expr"] for rule in rules()] + list(PAGES.values())
    assert {name for text in texts for name in asked(text)} <= exposed()


def test_runbooks_are_to_be_found() -> None:
    """The page of operations leads there."""
    assert "runbooks/README.md" in (ROOT / "docs" / "operations.md").read_text("utf-8")
