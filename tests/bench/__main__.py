"""`python -m tests.bench [--compare] [part …]`: measures, prints, and writes a dated table under `docs/bench`.

With `--compare` nothing is written: the figures stand beside those recorded last.
"""

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.bench.compare import compared, recorded
from tests.bench.copies import copies
from tests.bench.crowd import crowd
from tests.bench.fanout import fan_out
from tests.bench.growth import growth
from tests.bench.large import large_transfer
from tests.bench.lists import lists
from tests.bench.load import ENGINES_WARM_UP, load
from tests.bench.outage import outage
from tests.bench.overload import overload
from tests.bench.owing import owing
from tests.bench.parts import Row, codec, signatures
from tests.bench.soak import soak
from tests.bench.sustained import sustained
from tests.bench.transitions import transitions
from tests.bench.world import World, opened, opened_in_processes
from tests.bench.yardstick import Yardstick

from lienthong.dev.platform import ProcessPlatform

PACKAGES = ("grpcio", "protobuf", "sqlalchemy", "pyhanko", "cryptography", "pybase64")
FOLDER = Path("docs") / "bench"
COMPARE = "--compare"

ALONE: dict[str, Callable[[Path], list[Row]]] = {
    "codec": lambda _folder: codec(),
    "signatures": lambda _folder: signatures(),
    "lists": lists,
    "growth": growth,
    "owing": owing,
    "transitions": transitions,
}
"""Parts that are measured in this process."""

TOGETHER: dict[str, Callable[[World, Path], list[Row]]] = {
    "load": lambda world, _folder: load(world),
    "crowd": lambda world, _folder: crowd(world),
    "large": large_transfer,
    "fan-out": lambda world, _folder: fan_out(world),
    "overload": lambda world, _folder: overload(world),
}
"""Parts that are measured on the platform as one process on embedded engines, each on one of its own."""

APART: dict[str, Callable[[World, ProcessPlatform], list[Row]]] = {
    "processes": lambda world, _platform: load(world, ENGINES_WARM_UP),
    "soak": soak,
    "sustained": lambda world, _platform: sustained(world),
    "outage": outage,
    "copies": copies,
}
"""Parts that are measured on the platform as a process for each service, on Kafka, PostgreSQL and an object store."""

ALL = (*ALONE, *TOGETHER, *APART)
LONG = ("soak", "sustained", "outage", "copies")
"""Parts that take many minutes: measured when they are named."""


def main(arguments: list[str]) -> None:
    """Measures the parts that are named; all but the long ones when none is.

    Raises:
        SystemExit: There is no such part.
    """
    comparing, names = COMPARE in arguments, [one for one in arguments if one != COMPARE]
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        raise SystemExit(f"no part is called {', '.join(unknown)}; there are {', '.join(ALL)}")
    console, rows = Console(), list[Row]()
    for name in names or [one for one in ALL if one not in LONG]:
        console.print(f"measuring {name} …")
        with Yardstick() as yardstick:
            measured = _measured(name)
        rows += [*measured, yardstick.row(name)]
    if comparing:
        _show(console, ("what", "recorded", "now", "times"), compared(rows, recorded(FOLDER)))
        return
    _show(console, ("what", "figure", "conditions"), rows)
    _write(rows, names)


def _measured(name: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as place:
        folder = Path(place)
        if name in ALONE:
            return ALONE[name](folder)
        if name in APART:
            with opened_in_processes(folder / "data") as (world, platform):
                rows = APART[name](world, platform)
                return [(f"{name}: {what}", figure, conditions) for what, figure, conditions in rows]
        with opened(folder / "data") as world:
            return TOGETHER[name](world, folder)


def _show(console: Console, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*titles, box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _write(rows: list[Row], names: Sequence[str]) -> None:
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
    (FOLDER / f"{'-'.join([f'{now:%Y-%m-%d}', *names])}.md").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
