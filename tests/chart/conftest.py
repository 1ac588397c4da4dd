"""For all tests of the charts: rendering in a folder of their own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.chart.support.rendering import ENGINES, Manifest, Values, Wanted, render
from tools.kubernetes.definitions import definitions
from tools.kubernetes.helm import helm

Render = Callable[..., list[Manifest]]


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Fetches and builds before the first test: a test's time is not measured for that."""
    here = Path(__file__).parent
    if not config.option.collectonly and any(here in item.path.parents for item in items):
        helm()
        definitions()


@pytest.fixture
def rendered(tmp_path: Path) -> Render:
    """Renders the chart: values over those that services need, and files of values beside the chart."""

    def make(values: Values | None = None, files: Sequence[str] = (), *, kubernetes: str = "1.34.4") -> list[Manifest]:
        given = [values or {}] if files else [ENGINES, values or {}]
        return render(Wanted(given, files, kubernetes), tmp_path)

    return make
