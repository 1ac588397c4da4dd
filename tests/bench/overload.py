"""More than the platform can hold: it sheds, does what it can, and is well again at once; others notice little."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc
from tests.bench.load import CLIENTS, pair, percentile, run_load
from tests.bench.parts import Row
from tests.bench.world import World, papers, submission

from lienthong.demo.cast import Party
from lienthong.intake.v1 import intake_pb2, intake_pb2_grpc

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

    def send(self, party: Party, requests: Sequence[intake_pb2.SubmitDocumentRequest], rate: float) -> None:
        """Sends at a rate, whatever comes back; ends when everything was answered."""
        stub = intake_pb2_grpc.IntakeStub(party.axis.channel("intake"))
        begun = time.monotonic()
        for number, request in enumerate(requests):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
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
    flood, wanted = Flood(), int(capacity * TIMES * SECONDS)
    requests = [submission(520_000 + number, pdfs[number % len(pdfs)]) for number in range(wanted)]
    thread = threading.Thread(target=flood.send, args=(world.sender, requests, capacity * TIMES))
    begun = time.monotonic()
    thread.start()
    beside = _neighbour(world, pdfs, 600_000, SECONDS)
    thread.join()
    took = time.monotonic() - begun
    after = _neighbour(world, pdfs, 610_000, 3.0)
    answers = ", ".join(f"{code} {count}" for code, count in flood.codes.most_common())
    good = flood.codes["OK"] / took
    return [
        ("capacity", f"{capacity:.1f} a second", f"documents accepted, {CLIENTS} clients that wait for their answers"),
        (f"goodput at {TIMES:.0f} times that", f"{good / capacity:.0%}", f"{wanted} calls in {took:.0f} s: {answers}"),
        ("accept of those taken then", f"{percentile(flood.seconds, 0.99) * 1000:.0f} ms", "p99"),
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
    flood, party = Flood(), world.recipients[1]
    requests = [submission(first + number, pdfs[number % len(pdfs)]) for number in range(int(NEIGHBOUR_RATE * seconds))]
    flood.send(party, requests, NEIGHBOUR_RATE)
    return flood


def _figure(flood: Flood) -> str:
    refused = flood.codes.total() - flood.codes["OK"]
    return pair(flood.seconds) + (f", {refused} refused" if refused else "")
