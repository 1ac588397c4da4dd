"""Pinned libraries: whichever file somebody installs from, it is the same program."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "requirements"
LOCKED = sorted(FOLDER.glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)([^\\\n]*)", re.MULTILINE)


def test_one_version_of_each_library() -> None:
    """What was tested is what runs: no file pins another version than the others, for the same kind of machine."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in LOCKED:
        for name, version, marker in PIN.findall(file.read_text("utf-8")):
            found[f"{name} {marker.strip()}".strip()].add(version)
    assert len(found) > 100
    assert {name: sorted(versions) for name, versions in found.items() if len(versions) > 1} == {}


@pytest.mark.parametrize("file", LOCKED, ids=lambda file: file.stem)
def test_each_pin_has_a_hash_and_no_file_an_index(file: Path) -> None:
    """What is downloaded is verified, and comes from the index of whoever installs."""
    text = file.read_text("utf-8")
    assert len(re.findall(r"^[A-Za-z0-9].*==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(PIN.findall(text))
    assert "://" not in text
    assert "index-url" not in text
