"""The generated pages say what the program does now."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tools.reference import MAKERS, telemetry
from tools.reference.common import ContradictionError
from tools.reference.errors import errors_page, reasons
from tools.reference.reasons import told
from tools.reference.values import read

ROOT = Path(__file__).parents[3]
REASON = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


@pytest.mark.parametrize("name", MAKERS)
def test_a_page_is_what_would_be_written(name: str) -> None:
    """A committed page equals what the generator writes; `make reference` mends it."""
    assert (ROOT / name).read_text("utf-8") == MAKERS[name]()


def test_every_page_is_made() -> None:
    """No other page lies in the folder, and the generator leaves none out."""
    found = {str(file.relative_to(ROOT)) for file in (ROOT / "docs" / "reference").glob("*.md")}
    assert found == {name for name in MAKERS if name.startswith("docs/")}


def test_a_page_is_made_twice_alike() -> None:
    """Writing twice changes nothing: no order of a set, no time, no machine shows."""
    assert errors_page() == errors_page()


def test_a_metric_on_one_side_only_is_refused() -> None:
    """A metric that is not registered, or registered and not exposed, is named."""
    shape = ("gauge", frozenset[str]())
    with pytest.raises(ContradictionError, match=r"new is exposed.*gone is registered"):
        telemetry._compare({"gone": shape}, {"new": shape})


def test_a_value_without_a_word_is_refused() -> None:
    """A value of a chart is named when it has no comment, or when nobody can tell what it holds."""
    known = read("# -- (k8s Probe) Looks.\nprobe: {}\n# -- How many.\ncount: 2\n", "values")
    assert [one.form for one in known] == ["k8s Probe", "int"]
    with pytest.raises(ContradictionError, match=r"values: pods\.count has no comment"):
        read("# -- Pods.\npods:\n  count: 2\n", "values")
    with pytest.raises(ContradictionError, match="values: names needs its form in brackets"):
        read("# -- Names.\nnames: []\n", "values")


def _says_reason(node: ast.AST) -> bool:
    """Whether a comparison looks at `.reason`, or a call is one of the tests' helpers that take a reason."""
    match node:
        case ast.Compare(left=left, comparators=others):
            sides = [one for side in (left, *others) for one in ast.walk(side)]
            return any(isinstance(one, ast.Attribute) and one.attr == "reason" for one in sides)
        case ast.Call(func=ast.Name(id="refused" | "told")):
            return True
    return False


def _reasons_in(tree: ast.AST) -> set[str]:
    """Reasons that a test expects; what stands inside a function that is handed over is another call's business."""
    said = [node for node in ast.walk(tree) if _says_reason(node)]
    parts = [part for node in said for part in ast.iter_child_nodes(node) if not isinstance(part, ast.Lambda)]
    return {
        text.value
        for part in parts
        for text in ast.walk(part)
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and REASON.fullmatch(text.value)
    }


def test_reasons_of_tests_are_documented() -> None:
    """Every reason that a test expects of a call stands on the page of errors."""
    files = [file for file in (ROOT / "tests").rglob("test_*.py") if "docs" not in file.parts]
    expected = {reason: file.name for file in files for reason in _reasons_in(ast.parse(file.read_text("utf-8")))}
    listed = reasons()
    assert {reason: file for reason, file in expected.items() if reason not in listed} == {}
    assert len(expected) > 30


def test_rules_of_helpers_are_followed() -> None:
    """A reason that a helper hands on is found at the helper's callers, with the sentence of each."""
    found = {(one.reason, one.code): one.message for one in told()}
    assert found["AGENCY_NOT_GRANTED", "PERMISSION_DENIED"].startswith("system {system}")
    assert ("DOCUMENT_WITHDRAWN", "FAILED_PRECONDITION") in found
    assert ("PAGE_TOKEN_INVALID", "INVALID_ARGUMENT") in found
