"""An hour of steady traffic beside which very large attachments pass: nothing is lost, and no service grows."""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from statistics import median

from tests.bench.large import Passed, large_file, pass_large
from tests.bench.load import Journey, pair, run_load
from tests.bench.memory import PARTS, Memory
from tests.bench.parts import Row, large_document
from tests.bench.world import World, endless_papers

from lienthong.client import AxisCallError
from lienthong.demo.timeline import StoryError
from lienthong.dev.platform import ProcessPlatform

MINUTES = float(os.environ.get("BENCH_SOAK_MINUTES", "60"))
RATE = float(os.environ.get("BENCH_SOAK_RATE", "3"))
"""Documents a second."""
LARGE_BYTES = int(os.environ.get("BENCH_SOAK_MIB", "2048")) * 2**20
FIRST = 700_000
"""Number of the first document."""


def soak(world: World, platform: ProcessPlatform) -> list[Row]:
    """Measures memory and latency over a long time.

    Raises:
        psutil.NoSuchProcess: A process of the platform ended.
    """
    journey, begun = Journey(), time.monotonic()
    with Memory(world, lambda: _said(journey)) as memory, ThreadPoolExecutor(1) as threads:
        pdfs = until(begun + MINUTES * 60, endless_papers(world.who))
        traffic = threads.submit(run_load, world, pdfs, FIRST, RATE, journey=journey)
        passed = list(_passes(world, platform.folder, begun))
        # Rows say how many did not come back: what was measured until then stands.
        with suppress(TimeoutError):
            traffic.result()
    return [
        *_traffic(journey, f"mean load of the machine {memory.load():.1f}"),
        *_large(passed),
        *memory.rows(),
    ]


def until(end: float, pdfs: Iterable[bytes]) -> Iterator[bytes]:
    """Gives documents until it is `end` by `time.monotonic`."""
    return takewhile(lambda _pdf: time.monotonic() < end, pdfs)


def _passes(world: World, folder: Path, begun: float) -> Iterator[Passed | str]:
    """Lets a large attachment pass in the middle of each part, between agencies that have no other traffic.

    Gives what became of it, or why it did not pass.
    """
    sender, recipient = world.recipients[1:3]
    for number in range(PARTS):
        time.sleep(max(0.0, begun + (number + 0.5) * MINUTES * 60 / PARTS - time.monotonic()))
        document = large_document(LARGE_BYTES, sender.agency.short_name, recipient.agency.short_name, number + 1)
        file = large_file(folder, document, LARGE_BYTES)
        try:
            yield pass_large(sender, recipient, file)
        except (AxisCallError, StoryError, ValueError) as error:
            yield str(error)
        file.unlink()


def _said(journey: Journey) -> str:
    return f"{len(journey.submitted)} sent, {len(journey.returned)} back, {journey.repeats.total()} calls repeated"


def _traffic(journey: Journey, beside: str) -> list[Row]:
    sent, missing = len(journey.submitted), len(journey.under_way())
    begun, last = min(journey.submitted.values()), max(journey.submitted.values())
    back = journey.latencies(journey.returned, journey.acknowledged)
    repeats = ", ".join(f"{reason} {count}" for reason, count in journey.repeats.items()) or "none"
    over = f"signed PDFs of 100 KB, all different, over {(last - begun) / 60:.0f} minutes"
    return [
        (
            "documents",
            f"{sent:,} sent, {sent - missing:,} came back, {missing} missing",
            f"{over}; {beside}; calls that were repeated: {repeats}",
        ),
        ("rate", f"{(sent - 1) / (last - begun):.2f} a second", f"{RATE:g} were asked for"),
        ("accept", pair(journey.accepts), "p50 / p99 over the whole time"),
        ("status visible", pair(back), "p50 / p99, acknowledge to status at the sender"),
    ]


def _large(passes: list[Passed | str]) -> list[Row]:
    passed = [one for one in passes if isinstance(one, Passed)]
    name, beside = f"{LARGE_BYTES >> 20} MiB attachment", f"median of {len(passed)}, hash as sealed, beside the traffic"
    rows = [(f"{name} that did not pass", "1", one) for one in passes if isinstance(one, str)]
    if passed:
        inward, outward = median(one.seconds_in for one in passed), median(one.seconds_out for one in passed)
        rows.append((f"{name} in", f"{inward:.1f} s", f"{passed[0].sent:,} byte file; {beside}"))
        rows.append((f"{name} out", f"{outward:.1f} s", f"{passed[0].read:,} bytes; {beside}"))
    return rows
