"""Whoever is woken finds what to do: each alert has its section, and what is to be pasted exists."""

import re
from pathlib import Path

import pytest
from tests.commands import PAGES as ALL_PAGES
from tests.monitoring.metrics import ROOT, RUNBOOKS, alerts, asked, exposed, labels_asked, labels_of, queries_of, rules

PAGES = {file.name: file.read_text("utf-8") for file in sorted(RUNBOOKS.glob("*.md"))}
FOLLOWED = [page for page in ALL_PAGES if "decisions" not in page.parts]
PARTS = ("**For people.**", "**Look.**", "**Do.**", "**Over**")


def sections() -> dict[str, str]:
    """Each section by its place, as links name it."""
    found = {}
    for name, page in PAGES.items():
        for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            found[f"docs/runbooks/{name}#{title.lower()}"] = text
    return found


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


def test_links_lead_somewhere() -> None:
    """Files that pages name are there, and sections in them."""
    for page in PAGES.values():
        for file, place in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page):
            if file:
                assert (RUNBOOKS / file).resolve().exists(), file
            if place.startswith("lienthong"):
                assert any(one.endswith("#" + place) for one in sections()), place


def test_what_is_asked_for_is_exposed() -> None:
    """Every metric that rules and pages name exists in the program, or is recorded by a rule."""
    texts = [rule["expr"] for rule in rules()] + [page.read_text("utf-8") for page in FOLLOWED]
    assert {name for text in texts for name in asked(text)} <= exposed()


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_it_is_told_apart_by_is_exposed(page: Path) -> None:
    """A query to be pasted selects and groups by labels that its metrics have."""
    lines = [line for block in queries_of(page.read_text("utf-8")) for line in block.splitlines()]
    assert {line: more for line in lines if (more := labels_asked(line) - labels_of(asked(line)))} == {}


def test_runbooks_are_to_be_found() -> None:
    """The page of operations leads there."""
    assert "runbooks/README.md" in (ROOT / "docs" / "operations.md").read_text("utf-8")
