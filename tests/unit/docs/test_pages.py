"""Pages that people write: links lead somewhere, commands exist, nothing of the codec is left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tools.reference.contracts import slug

from lienthong.edxml import Code, Reason

ROOT = Path(__file__).parents[3]
NAMES = ("README.md", "README.vi.md", "CONTRIBUTING.md", "CHANGELOG.md")
CHARTS = ("charts/lienthong/README.md", "charts/lienthong-topics/README.md")
WRITTEN = [ROOT / name for name in (*NAMES, *CHARTS)]
PAGES = sorted([*WRITTEN, *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
DECISION_PARTS = ("## Status", "## Context", "## Decision", "## Consequences")


def _prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page: Path) -> None:
    """A link inside the project names a file that exists, and a heading that is there."""
    for target in LINK.findall(_prose(page)):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def test_paths_of_the_map_exist() -> None:
    """Every path in the map of the code exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    services = ROOT / "services" / "lienthong"
    bases = (ROOT, services, services / "intake")
    paths = [path for path in re.findall(r"`([a-z_]+/[\w./-]*)`", text) if "*" not in path]
    assert [path for path in paths if not any((base / path).exists() for base in bases)] == []
    assert len(paths) > 20


def test_conformance_names_everything() -> None:
    """Every code, every reason and every file of the corpus stands on the page of conformance."""
    text = (ROOT / "docs" / "edxml-conformance.md").read_text("utf-8")
    corpus = json.loads((ROOT / "tests" / "corpus" / "edxml" / "expectations.json").read_text("utf-8"))
    assert [name for name in [*Code, *Reason, *corpus] if f"`{name}`" not in text] == []


def test_conformance_names_tests_that_exist() -> None:
    """Every test that the page of conformance names exists."""
    text = (ROOT / "docs" / "edxml-conformance.md").read_text("utf-8")
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests" / "unit" / "edxml").glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", text))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
    assert named


def test_decisions_have_their_parts() -> None:
    """A decision has a number of its own, and says status, context, decision and consequences in this order."""
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        text = file.read_text("utf-8")
        places = [text.find(part) for part in DECISION_PARTS]
        assert -1 not in places, file.name
        assert places == sorted(places), file.name
