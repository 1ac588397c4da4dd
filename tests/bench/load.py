"""Documents through the whole platform: accepted, verified, delivered, acknowledged, status back at the sender."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.bench.world import World, submission

from lienthong.client.transfers import new_request_id
from lienthong.demo.cast import Party
from lienthong.routing.v1 import mailbox_pb2

CLIENTS = 8
BATCH = 50
DEADLINE_SECONDS = 300.0


@dataclass
class Journey:
    """When each document was at which point, by `time.monotonic`."""

    submitted: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    returned: dict[str, float] = field(default_factory=dict)
    accepts: list[float] = field(default_factory=list)

    def latencies(self, end: dict[str, float], start: dict[str, float]) -> list[float]:
        """Seconds between two points for each document that reached both."""
        return [end[name] - start[name] for name in end if name in start]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a run measured; times in seconds."""

    documents: int
    accept_seconds: float
    whole_seconds: float
    cpu_seconds: float
    journey: Journey

    @property
    def accepted_a_second(self) -> float:
        """Documents accepted a second."""
        return self.documents / self.accept_seconds

    @property
    def through_a_second(self) -> float:
        """Documents end to end a second."""
        return self.documents / self.whole_seconds

    @property
    def cpu_a_document(self) -> float:
        """CPU seconds of the platform for each document."""
        return self.cpu_seconds / self.documents


def run_load(world: World, pdfs: Sequence[bytes], first: int, rate: float = 0.0) -> LoadResult:
    """Sends documents and follows each to the end.

    Args:
        world: The platform.
        pdfs: One for each document.
        first: Number of the first document.
        rate: Documents a second; 0 sends as fast as they are taken.
    """
    journey, cpu, begun = Journey(), world.cpu_seconds(), time.monotonic()
    done = threading.Event()
    workers = [
        threading.Thread(target=_receive, args=(world.recipient, journey.acknowledged, done, True), daemon=True),
        threading.Thread(target=_receive, args=(world.sender, journey.returned, done, False), daemon=True),
    ]
    for worker in workers:
        worker.start()
    with ThreadPoolExecutor(CLIENTS) as clients:
        for number, pdf in enumerate(pdfs):
            if rate:
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            clients.submit(_submit, world, first + number, pdf, journey)
    accepted = time.monotonic()
    _wait(lambda: len(journey.returned) >= len(pdfs))
    whole = time.monotonic()
    done.set()
    for worker in workers:
        worker.join()
    return LoadResult(len(pdfs), accepted - begun, whole - begun, world.cpu_seconds() - cpu, journey)


def _submit(world: World, number: int, pdf: bytes, journey: Journey) -> None:
    start = time.monotonic()
    receipt = world.sender.axis.intake.SubmitDocument(submission(number, pdf))
    journey.accepts.append(time.monotonic() - start)
    journey.submitted[receipt.document] = start


def _receive(party: Party, seen: dict[str, float], done: threading.Event, read: bool) -> None:  # noqa: FBT001 -- a thread's argument
    while not done.is_set():
        request = mailbox_pb2.PullItemsRequest(max_items=BATCH, request_id=new_request_id())
        if read:
            request.inline_limit = 1024 * 1024
        items = party.axis.mailbox.PullItems(request).items
        if not items:
            done.wait(0.02)
            continue
        leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease) for item in items]
        party.axis.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=leased))
        now = time.monotonic()
        seen.update({item.document: now for item in items})


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"documents did not come back within {DEADLINE_SECONDS:.0f} s")
        time.sleep(0.02)


def percentile(values: Sequence[float], part: float) -> float:
    """Gives the value below which a part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")
