"""What stays of a document: in databases, in the event log, in the store of contents; and what further recipients cost.

Documents to one recipient, then as many to three. One process on PostgreSQL and Kafka: what is stored is the same
whichever process stores it.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from tests.bench.load import WARM_UP, run_load
from tests.bench.parts import Row
from tests.bench.world import PAPER_BYTES, on_engines, papers

from lienthong.chassis.topics import TOPICS
from lienthong.client.context import SERVICES

DOCUMENTS = int(os.environ.get("BENCH_GROWTH_DOCUMENTS", "200"))

_SIZES = """
SELECT n.nspname, sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s) GROUP BY n.nspname
"""


@dataclass(frozen=True, slots=True)
class State:
    """What there is at one moment: bytes by place, and milliseconds of CPU of this process."""

    sizes: dict[str, float]
    cpu: float

    def since(self, earlier: "State") -> "State":
        """Gives what each document added."""
        sizes = {name: (size - earlier.sizes.get(name, 0)) / DOCUMENTS for name, size in self.sizes.items()}
        return State(sizes, (self.cpu - earlier.cpu) / DOCUMENTS)


def growth(folder: Path) -> list[Row]:
    """Measures what one document adds, and what it adds with two further recipients."""
    with ExitStack() as stack:
        world, postgres = stack.enter_context(on_engines(folder))
        server = stack.enter_context(postgres.administer("lienthong"))
        pdfs = papers(world.who, WARM_UP + 2 * DOCUMENTS)
        run_load(world, pdfs[:WARM_UP], 0, recipients=3)
        first = _state(folder, server)
        run_load(world, pdfs[WARM_UP : WARM_UP + DOCUMENTS], 1000)
        second = _state(folder, server)
        run_load(world, pdfs[WARM_UP + DOCUMENTS :], 200_000, recipients=3)
        third = _state(folder, server)
    one, three = second.since(first), third.since(second)
    condition = f"{DOCUMENTS} signed PDFs of {PAPER_BYTES:,} bytes to one recipient / to three"
    sizes = [
        (f"growth: {name}", f"{one.sizes[name]:,.0f} / {three.sizes[name]:,.0f} bytes", condition) for name in one.sizes
    ]
    cpu = "the same; program and clients in one process, without engines"
    return [*sizes, ("growth: CPU a document", f"{one.cpu:.1f} / {three.cpu:.1f} ms", cpu)]


def _state(folder: Path, server: "psycopg.Connection[tuple[object, ...]]") -> State:
    rows = server.execute(_SIZES, (list(SERVICES),)).fetchall()
    (written,) = server.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone() or (0,)
    return State(
        {
            **{f"database {name}": float(str(size)) for name, size in sorted(rows)},
            "write-ahead log": float(str(written)),
            **{f"topic {one.name}": _on_disk(folder / "kafka", f"{one.name}-*/*.log") for one in TOPICS},
            "contents": _on_disk(folder / "data" / "blobs", "*"),
        },
        sum(psutil.Process().cpu_times()[:4]) * 1000,
    )


def _on_disk(folder: Path, pattern: str) -> float:
    return float(sum(file.stat().st_size for file in folder.rglob(pattern) if file.is_file()))
