"""Kafka is away for minutes while documents go on coming: all of them are accepted, and come back when it is there."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from tests.bench.load import WARM_UP, Journey, pair, run_load
from tests.bench.parts import Row
from tests.bench.world import World, endless_papers, papers
from tests.waiting import until

from lienthong.dev.platform import ProcessPlatform

MINUTES = float(os.environ.get("BENCH_OUTAGE_MINUTES", "10"))
FULL = float(os.environ.get("BENCH_RATE", "0"))
"""Documents a second of full load; 0 measures it."""
TRIED = 200
QUIET_SECONDS = 30.0
"""Traffic before the outage, and after all is back."""
CATCH_UP_SECONDS = 900.0
"""Longest wait for what was accepted meanwhile."""
FIRST = 1_000_000
"""Number of the first document."""


@dataclass(frozen=True, slots=True)
class Outage:
    """When Kafka went, was started again, and answered; and when everything until then had come back."""

    gone: float
    back: float
    answering: float
    caught_up: float


def outage(world: World, platform: ProcessPlatform) -> list[Row]:
    """Measures accepting without Kafka, and the catch-up beside traffic that goes on."""
    full = FULL or _full(world)
    journey, done = Journey(), threading.Event()
    pdfs = takewhile(lambda _pdf: not done.is_set(), endless_papers(world.who))
    with ThreadPoolExecutor(1) as threads:
        traffic = threads.submit(run_load, world, pdfs, FIRST, full / 4, journey=journey)
        try:
            seen = _played(platform, journey)
        finally:
            done.set()
        # Rows say how many did not come back.
        with suppress(TimeoutError):
            traffic.result()
    return _rows(journey, seen, full)


def _full(world: World) -> float:
    pdfs = papers(world.who, WARM_UP + TRIED)
    run_load(world, pdfs[:WARM_UP], FIRST - 1000)
    return run_load(world, pdfs[WARM_UP:], FIRST - 500).through_a_second


def _played(platform: ProcessPlatform, journey: Journey) -> Outage:
    kafka = platform.engines["kafka"]
    time.sleep(QUIET_SECONDS)
    gone = time.monotonic()
    kafka.kill()
    time.sleep(MINUTES * 60)
    back = time.monotonic()
    kafka.start()
    answering = time.monotonic()
    waited = {document for document, at in list(journey.submitted.items()) if at < back}
    until(lambda: waited <= journey.returned.keys(), CATCH_UP_SECONDS)
    caught_up = time.monotonic()
    time.sleep(QUIET_SECONDS)
    return Outage(gone, back, answering, caught_up)


def _rows(journey: Journey, seen: Outage, full: float) -> list[Row]:
    sent, missing = len(journey.submitted), len(journey.under_way())
    meanwhile = [document for document, at in journey.submitted.items() if seen.gone <= at < seen.back]
    repeats = ", ".join(f"{reason} {count}" for reason, count in journey.repeats.items()) or "none"
    beside = f"traffic goes on at {full / 4:.1f} a second, a quarter of {full:.1f}"
    started = (
        f"from starting Kafka, which answered after {seen.answering - seen.back:.0f} s, until all before were back"
    )
    return [
        ("accepted without Kafka", f"{len(meanwhile):,}", f"killed for {MINUTES:g} minutes; {beside}"),
        ("caught up", f"{seen.caught_up - seen.back:.0f} s", started),
        ("lost", f"{missing}", f"of {sent:,} documents; calls that were repeated: {repeats}"),
        *_at("before", journey, 0.0, seen.gone),
        *_at("without Kafka", journey, seen.gone, seen.back),
        *_at("while catching up", journey, seen.back, seen.caught_up),
        *_at("afterwards", journey, seen.caught_up, float("inf")),
    ]


def _at(when: str, journey: Journey, begun: float, ended: float) -> list[Row]:
    sent = {document: at for document, at in journey.submitted.items() if begun <= at < ended}
    return [
        (f"accept, {when}", pair(journey.latencies(journey.accepted, sent)), "p50 / p99"),
        (f"end to end, {when}", pair(journey.latencies(journey.returned, sent)), "p50 / p99 of those sent then"),
    ]
