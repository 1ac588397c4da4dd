"""More than the platform can hold: it sheds, does what it can, and is well again at once; others notice little."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from tests.bench.load import CLIENTS, pair, percentile, run_load
from tests.bench.parts import Row
from tests.bench.world import World, papers, submission

from lienthong.client import Axis, connect, load_context
from lienthong.intake.v1 import intake_pb2_grpc

CAPACITY_DOCUMENTS = 150
TIMES = 3.0
SECONDS = 15.0
NEIGHBOUR_RATE = 4.0
PATIENCE_SECONDS = 30.0


@dataclass
class Flood:
    """What became of calls that did not wait for each other."""

    codes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    left: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def send(self, axis: Axis, pdfs: Sequence[bytes], first: int, count: int, rate: float) -> None:
        """Sends at a rate, whatever comes back; ends when everything was answered."""
        stub = intake_pb2_grpc.IntakeStub(axis.channel("intake"))
        begun = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            request = submission(first + number, pdfs[number % len(pdfs)])
            with self.changed:
                self.left += 1
            sent = time.monotonic()
            call = stub.SubmitDocument.future(request, timeout=PATIENCE_SECONDS)
            call.add_done_callback(partial(self._answered, sent))
        with self.changed:
            self.changed.wait_for(lambda: self.left == 0, PATIENCE_SECONDS + 5.0)

    def _answered(self, sent: float, call: Any) -> None:
        error = call.exception()
        with self.changed:
            self.left -= 1
            self.codes[error.code().name if isinstance(error, grpc.RpcError) else "OK"] += 1
            if error is None:
                self.seconds.append(time.monotonic() - sent)
            self.changed.notify()


def overload(world: World) -> list[Row]:
    """Measures one agency that sends three times what the platform holds, and another one beside it."""
    pdfs = papers(world.who, CAPACITY_DOCUMENTS)
    capacity = run_load(world, pdfs, 500_000).accepted_a_second
    quiet = _neighbour(world, pdfs, 510_000, SECONDS)
    wanted = int(capacity * TIMES * SECONDS)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        flooding = apart.submit(_flood, world.contexts / "sender.yaml", pdfs, wanted, capacity * TIMES)
        beside = _neighbour(world, pdfs, 600_000, SECONDS)
        codes, seconds, took = flooding.result()
    after = _neighbour(world, pdfs, 610_000, 3.0)
    answers = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    good = codes["OK"] / took
    return [
        ("capacity", f"{capacity:.1f} a second", f"documents accepted, {CLIENTS} clients that wait for their answers"),
        (f"goodput at {TIMES:.0f} times that", f"{good / capacity:.0%}", f"{wanted} calls in {took:.0f} s: {answers}"),
        ("accept of those taken then", f"{percentile(seconds, 0.99) * 1000:.0f} ms", "p99"),
        (
            "neighbour, alone",
            _figure(quiet),
            f"p50 / p99 of accepts of another agency at {NEIGHBOUR_RATE:.0f} a second",
        ),
        ("neighbour, meanwhile", _figure(beside), "the same"),
        ("neighbour, afterwards", _figure(after), "the same, in the three seconds that follow"),
    ]


def _neighbour(world: World, pdfs: Sequence[bytes], first: int, seconds: float) -> Flood:
    """Sends from another agency, as another system, slowly."""
    flood = Flood()
    flood.send(world.recipients[1].axis, pdfs, first, int(NEIGHBOUR_RATE * seconds), NEIGHBOUR_RATE)
    return flood


def _flood(context: Path, pdfs: Sequence[bytes], count: int, rate: float) -> tuple[Counter[str], list[float], float]:
    """Floods from a process of its own, which does not take the time of the client that is measured."""
    flood, begun = Flood(), time.monotonic()
    with connect(load_context(context)) as axis:
        flood.send(axis, pdfs, 520_000, count, rate)
    return flood.codes, flood.seconds, time.monotonic() - begun


def _figure(flood: Flood) -> str:
    refused = flood.codes.total() - flood.codes["OK"]
    return pair(flood.seconds) + (f", {refused} refused" if refused else "")
