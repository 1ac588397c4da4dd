"""Documents through the whole platform: accepted, verified, delivered, acknowledged, status back at the sender."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from tests.bench.effort import cost, spent
from tests.bench.parts import Row
from tests.bench.world import World, papers, submission
from tests.bench.yardstick import Yardstick
from tests.waiting import until

from lienthong.client import AxisCallError, AxisUnavailableError
from lienthong.client.transfers import new_request_id
from lienthong.demo.cast import Party
from lienthong.routing.v1 import mailbox_pb2

DOCUMENTS = int(os.environ.get("BENCH_DOCUMENTS", "600"))
WARM_UP = 20
ENGINES_WARM_UP = int(os.environ.get("BENCH_WARM_UP", "1000"))
"""Documents before measuring where engines compile what they run often: a broker and a store that have just started
spend more on that than on the first hundreds of documents."""
CLIENTS = 8
BATCH = 50
RESTING_SECONDS = 15.0
DEADLINE_SECONDS = 300.0
LOOK_SECONDS = 0.5
"""How long a receiver waits for a hint before it looks by itself; and a client before it repeats a call."""


@dataclass
class Journey:
    """When each document was at which point, by `time.monotonic`; and why calls were repeated, how often."""

    submitted: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    returned: dict[str, float] = field(default_factory=dict)
    returns: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)

    @property
    def accepts(self) -> list[float]:
        """Seconds from submitting to the receipt, of each document."""
        return self.latencies(self.accepted, self.submitted)

    def under_way(self) -> set[str]:
        """Gives the documents that were accepted and did not come back yet."""
        return set(self.submitted) - set(self.returned)

    def latencies(self, end: dict[str, float], start: dict[str, float]) -> list[float]:
        """Seconds between two points for each document that reached both."""
        return [end[name] - start[name] for name in list(end) if name in start]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a run measured; times in seconds."""

    documents: int
    accept_seconds: float
    whole_seconds: float
    journey: Journey

    @property
    def accepted_a_second(self) -> float:
        """Documents accepted a second."""
        return self.documents / self.accept_seconds

    @property
    def through_a_second(self) -> float:
        """Documents end to end a second."""
        return self.documents / self.whole_seconds


def run_load(
    world: World,
    pdfs: Iterable[bytes],
    first: int,
    rate: float = 0.0,
    *,
    recipients: int = 1,
    journey: Journey | None = None,
) -> LoadResult:
    """Sends documents and follows each to the end.

    Args:
        world: The platform.
        pdfs: One for each document.
        first: Number of the first document.
        rate: Documents a second; 0 sends as fast as they are taken.
        recipients: To how many agencies each goes.
        journey: Where it is written down, for those who look meanwhile.

    Raises:
        TimeoutError: A document did not come back.
    """
    journey, done = journey or Journey(), threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1 + recipients) as clients:
        try:
            followers = [Follower(party, done, journey) for party in (world.sender, *world.recipients[:recipients])]
            for follower in followers[1:]:
                clients.submit(follower.follow, _arrived(journey), 1024 * 1024)
            clients.submit(followers[0].follow, _returned(journey, recipients), 0)
            begun = time.monotonic()
            count = send_all(clients, pdfs, rate, first, partial(submit, world, journey, recipients))
            accepted = time.monotonic()
            if not until(lambda: not journey.under_way(), DEADLINE_SECONDS):
                raise TimeoutError(f"documents did not come back within {DEADLINE_SECONDS:.0f} s")
            whole = time.monotonic()
        finally:
            done.set()
    return LoadResult(count, accepted - begun, whole - begun, journey)


def send_all(
    clients: Executor, pdfs: Iterable[bytes], rate: float, first: int, submit: Callable[[int, bytes], None]
) -> int:
    """Hands documents to the clients, not more than they begin soon; gives how many, when all were accepted."""
    begun, count, pending = time.monotonic(), 0, set[Future[None]]()
    for pdf in pdfs:
        if rate:
            time.sleep(max(0.0, begun + count / rate - time.monotonic()))
        pending.add(clients.submit(submit, first + count, pdf))
        count += 1
        if len(pending) >= 2 * CLIENTS:
            ended, pending = wait(pending, return_when=FIRST_COMPLETED)
            for one in ended:
                one.result()
    for one in pending:
        one.result()
    return count


class Follower:
    """Takes what comes into a mailbox: waits for a hint, then pulls until nothing is there."""

    def __init__(self, party: Party, done: threading.Event, journey: Journey) -> None:
        self._axis = party.axis
        self._done = done
        self._repeats = journey.repeats
        self._hint = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        # The stream breaks when the platform goes down at the end.
        with suppress(AxisCallError):
            for _hint in self._axis.watch_mailbox():
                self._hint.set()
                if self._done.is_set():
                    return

    def follow(self, take: Callable[[list[mailbox_pb2.Item]], None], inline_limit: int) -> None:
        """Pulls and acknowledges until the run is done."""
        while not self._done.is_set():
            try:
                items = self._taken(inline_limit)
            except AxisUnavailableError as error:
                self._repeats[error.reason] += 1
                items = []
            if items:
                take(items)
                continue
            self._hint.wait(LOOK_SECONDS)
            self._hint.clear()

    def _taken(self, inline_limit: int) -> list[mailbox_pb2.Item]:
        request = mailbox_pb2.PullItemsRequest(max_items=BATCH, inline_limit=inline_limit, request_id=new_request_id())
        items = list(self._axis.mailbox.PullItems(request).items)
        if items:
            leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease) for item in items]
            self._axis.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=leased))
        return items


def _arrived(journey: Journey) -> Callable[[list[mailbox_pb2.Item]], None]:
    def take(items: list[mailbox_pb2.Item]) -> None:
        now = time.monotonic()
        journey.acknowledged.update({item.document: now for item in items})

    return take


def _returned(journey: Journey, recipients: int) -> Callable[[list[mailbox_pb2.Item]], None]:
    def take(items: list[mailbox_pb2.Item]) -> None:
        now = time.monotonic()
        journey.returns.update(item.document for item in items)
        journey.returned.update({item.document: now for item in items if journey.returns[item.document] >= recipients})

    return take


def submit(world: World, journey: Journey, recipients: int, number: int, pdf: bytes) -> None:
    """Hands a document in as a system does that goes on until it is told."""
    start, request = time.monotonic(), submission(number, pdf, recipients)
    while True:
        try:
            receipt = world.sender.axis.intake.SubmitDocument(request)
            break
        except AxisUnavailableError as error:
            journey.repeats[error.reason] += 1
            if time.monotonic() - start > DEADLINE_SECONDS:
                raise
            time.sleep(LOOK_SECONDS)
    journey.accepted[receipt.document] = time.monotonic()
    journey.submitted[receipt.document] = start


def percentile(values: Sequence[float], part: float) -> float:
    """Gives the value below which a part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def load(world: World, warm_up: int = WARM_UP) -> list[Row]:
    """Measures documents to one recipient at full and half load, and to three.

    Args:
        world: The platform.
        warm_up: Documents before.

    Raises:
        TimeoutError: A document did not come back.
    """
    pdfs = papers(world.who, warm_up + 2 * DOCUMENTS)
    idle = _memory(world)
    run_load(world, pdfs[:warm_up], 300_000)
    resting = _resting(world)
    before = spent(world)
    with Yardstick() as yardstick:
        full = run_load(world, pdfs[warm_up : warm_up + DOCUMENTS], 1000)
    after, memory = spent(world), _memory(world)
    rest = pdfs[warm_up + DOCUMENTS :]
    half, whole_at_half = _at_half(world, rest[: DOCUMENTS // 2], full.through_a_second / 2)
    three = run_load(world, rest[DOCUMENTS // 2 :], 200_000, recipients=3)
    condition = (
        f"{DOCUMENTS} signed PDFs of 100 KB, all different, after {warm_up} others; {CLIENTS} clients, "
        "load generator on the same machine"
    )
    return [
        ("memory idle", f"{sum(idle.values()):.0f} MiB", f"before the first document; {_parts(idle)}"),
        ("CPU idle", f"{sum(resting.values()):.0f} ms a second", f"nobody calls; {_named(resting)}"),
        ("accepted", f"{full.accepted_a_second:.1f} a second", condition),
        ("end to end", f"{full.through_a_second:.1f} a second", condition),
        *cost(before, after, DOCUMENTS, f"{condition}; {yardstick.median}"),
        whole_at_half,
        ("memory under load", f"{sum(memory.values()):.0f} MiB", _parts(memory)),
        *latencies("full load", full),
        *latencies("half load", half),
        ("end to end, three recipients", f"{three.through_a_second:.1f} a second", "back when the third has answered"),
    ]


def _at_half(world: World, pdfs: Sequence[bytes], rate: float) -> tuple[LoadResult, Row]:
    """Sends documents at a rate; gives how it went and what each cost."""
    before = world.cpu_seconds()
    with Yardstick() as yardstick:
        result = run_load(world, pdfs, 100_000, rate)
    each = (world.cpu_seconds() - before) / len(pdfs) * 1000
    return result, ("CPU a document, half load", f"{each:.1f} ms", f"all processes; {yardstick.median}")


def _memory(world: World) -> dict[str, float]:
    return {machine.name: machine.pss_mib() for machine in world.machines}


def _resting(world: World) -> dict[str, float]:
    """Measures what each process spends when nobody calls, in milliseconds of CPU a second."""
    before = {machine.name: machine.cpu_seconds() for machine in world.machines}
    time.sleep(RESTING_SECONDS)
    return {one.name: (one.cpu_seconds() - before[one.name]) / RESTING_SECONDS * 1000 for one in world.machines}


def _parts(memory: dict[str, float]) -> str:
    return f"PSS of each process with its children: {_named(memory)}"


def _named(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in values.items())


def latencies(name: str, result: LoadResult) -> list[Row]:
    """Says how long the parts of the way took."""
    journey = result.journey
    through = journey.latencies(journey.returned, journey.submitted)
    back = journey.latencies(journey.returned, journey.acknowledged)
    return [
        (f"accept, {name}", pair(journey.accepts), "p50 / p99"),
        (f"end to end, {name}", pair(through), "p50 / p99, submit to status at the sender"),
        (f"status visible, {name}", pair(back), "p50 / p99, acknowledge to status at the sender"),
    ]


def pair(seconds: list[float]) -> str:
    """Writes the median and the 99th percentile."""
    return f"{percentile(seconds, 0.5) * 1000:.0f} / {percentile(seconds, 0.99) * 1000:.0f} ms"
