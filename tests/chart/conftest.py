"""For all tests of the charts: rendering in a folder of their own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.chart.support.rendering import ENGINES, Manifest, Values, Wanted, render

Render = Callable[..., list[Manifest]]


@pytest.fixture
def rendered(tmp_path: Path) -> Render:
    """Renders the chart: values over those that services need, and files of values beside the chart."""

    def make(values: Values | None = None, files: Sequence[str] = (), *, kubernetes: str = "1.34.4") -> list[Manifest]:
        given = [values or {}] if files else [ENGINES, values or {}]
        return render(Wanted(given, files, kubernetes), tmp_path)

    return make
