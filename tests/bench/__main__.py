"""`python -m tests.bench`: measures, prints, and writes a dated table under `docs/bench`."""

import os
import platform
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.bench.large import large_transfer
from tests.bench.load import LoadResult, percentile, run_load
from tests.bench.parts import Row, codec, signatures
from tests.bench.world import World, opened, papers

DOCUMENTS = int(os.environ.get("BENCH_DOCUMENTS", "300"))
WARM_UP = 20
PACKAGES = ("grpcio", "protobuf", "sqlalchemy", "pyhanko", "cryptography", "pybase64")
FOLDER = Path("docs") / "bench"


def main() -> None:
    """Measures everything."""
    console = Console()
    rows: list[Row] = [*codec(), *signatures()]
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as folder, opened(Path(folder) / "data") as world:
        rows.append(("memory idle", f"{world.pss_mib():.0f} MiB", "PSS of the process tree, just started"))
        rows += _load(world)
        rows += large_transfer(world, Path(folder))
    _show(console, rows)
    _write(rows)


def _load(world: World) -> list[Row]:
    pdfs = papers(world.who, WARM_UP + DOCUMENTS + DOCUMENTS // 2)
    run_load(world, pdfs[:WARM_UP], 0)
    full = run_load(world, pdfs[WARM_UP : WARM_UP + DOCUMENTS], 1000)
    memory = world.pss_mib()
    half = run_load(world, pdfs[WARM_UP + DOCUMENTS :], 100_000, full.through_a_second / 2)
    condition = f"{DOCUMENTS} signed PDFs of 100 KB, all different, 8 clients, load generator on the same machine"
    return [
        ("accepted", f"{full.accepted_a_second:.1f} a second", condition),
        ("end to end", f"{full.through_a_second:.1f} a second", condition),
        ("CPU a document", f"{full.cpu_a_document * 1000:.1f} ms", "platform and its children"),
        ("memory under load", f"{memory:.0f} MiB", "PSS of the process tree"),
        *_latencies("full load", full),
        *_latencies("half load", half),
    ]


def _latencies(name: str, result: LoadResult) -> list[Row]:
    journey = result.journey
    through = journey.latencies(journey.returned, journey.submitted)
    back = journey.latencies(journey.returned, journey.acknowledged)
    return [
        (f"accept, {name}", _pair(journey.accepts), "p50 / p99"),
        (f"end to end, {name}", _pair(through), "p50 / p99, submit to status at the sender"),
        (f"status visible, {name}", _pair(back), "p50 / p99, acknowledge to status at the sender"),
    ]


def _pair(seconds: list[float]) -> str:
    return f"{percentile(seconds, 0.5) * 1000:.0f} / {percentile(seconds, 0.99) * 1000:.0f} ms"


def _show(console: Console, rows: list[Row]) -> None:
    table = Table("what", "figure", "conditions", box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _write(rows: list[Row]) -> None:
    now = datetime.now(UTC)
    FOLDER.mkdir(parents=True, exist_ok=True)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Linux {platform.release()}"
    lines = [
        f"# Measured {now:%Y-%m-%d %H:%M} UTC",
        "",
        f"{machine}; Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}; {packages}.",
        f"Load of the machine while measuring: {os.getloadavg()[0]:.1f}.",
        "",
        "| What | Figure | Conditions |",
        "|---|---|---|",
        *(f"| {what} | {figure} | {condition} |" for what, figure, condition in rows),
        "",
    ]
    (FOLDER / f"{now:%Y-%m-%d}.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
