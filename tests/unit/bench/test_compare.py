"""Figures of a bench are compared with what was recorded last."""

from pathlib import Path

import pytest
from tests.bench.compare import compared, ratios, recorded

TABLE = """# Measured

| What | Figure | Conditions |
|---|---|---|
| accept | {accept} | p50 / p99 |
| accepted | 40.0 a second | many |
"""


@pytest.mark.parametrize(
    ("earlier", "now", "wanted"),
    [
        ("50 / 136 ms", "25 / 272 ms", "0.50 / 2.00"),
        ("1,000 a second", "2,500.5 a second", "2.50"),
        ("50 ms", "25 / 272 ms", ""),
        ("0 ms", "25 ms", ""),
        ("", "25 ms", ""),
    ],
)
def test_ratios(earlier: str, now: str, wanted: str) -> None:
    """Number by number, now by then; nothing where the figures are of another kind."""
    assert ratios(earlier, now) == wanted


def test_the_last_recorded_figure_counts(tmp_path: Path) -> None:
    """Of several tables the newest that has the row, each row by itself; other pages are passed over."""
    (tmp_path / "2026-11-20.md").write_text(TABLE.format(accept="10 / 20 ms"), "utf-8")
    (tmp_path / "2026-11-21.md").write_text("| accept | 15 / 15 ms | earlier |\n", "utf-8")
    (tmp_path / "2026-11-21-load.md").write_text("| accept | 20 / 20 ms | later |\n", "utf-8")
    (tmp_path / "faults.md").write_text("| accept | 99 / 99 ms | no table of figures |\n", "utf-8")
    rows = [("accept", "10 / 40 ms", ""), ("accepted", "80.0 a second", ""), ("new", "1 s", "")]
    assert compared(rows, recorded(tmp_path)) == [
        ("accept", "20 / 20 ms (2026-11-21)", "10 / 40 ms", "0.50 / 2.00"),
        ("accepted", "40.0 a second (2026-11-20)", "80.0 a second", "2.00"),
        ("new", "not recorded", "1 s", ""),
    ]
