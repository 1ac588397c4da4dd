"""The stage of chassis tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A service that takes lines of text, on real engines in a temporary folder."""
    made = Stage(tmp_path)
    yield made
    made.close()
