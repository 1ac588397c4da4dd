"""What an agency receives: it leases, reads, stores and acknowledges, sometimes too late."""

import io
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from tests.faults.support.harness import PAUSE_SECONDS
from tests.faults.support.plan import Plan
from tests.faults.support.speaker import Speaker

from lienthong.client import AxisCallError
from lienthong.client.transfers import new_request_id
from lienthong.routing.v1 import mailbox_pb2

LEASE = Duration(seconds=60)
SHORT_LEASE = Duration(nanos=200_000_000)


@dataclass(slots=True)
class Recipient:
    """Empties the mailbox.

    Attributes:
        taken: Told of each item that was acknowledged in time.
    """

    speaker: Speaker
    chance: random.Random
    plan: Plan
    taken: Callable[[mailbox_pb2.Item], None]

    def work(self) -> bool:
        """Takes one batch; tells whether there was any."""
        lazy = self.chance.random() < self.plan.lazy
        request = mailbox_pb2.PullItemsRequest(
            max_items=1 if lazy else self.chance.randint(1, 20),
            lease_duration=SHORT_LEASE if lazy else LEASE,
            inline_limit=self.chance.choice((0, 1_000_000)),
            request_id=new_request_id(),
        )
        speaker = self.speaker
        items = list(speaker.until_answered(lambda axis: axis.mailbox.PullItems(request), request.request_id).items)
        for item in items:
            speaker.ledger.saw(speaker.name, item)
        if not items:
            return False
        if lazy:
            self._acknowledge_late(items[0])
            return True
        for item in items:
            if item.kind == mailbox_pb2.ITEM_KIND_DOCUMENT:
                self._read(item)
        self._acknowledge(items)
        return True

    def _read(self, item: mailbox_pb2.Item) -> None:
        ledger = self.speaker.ledger
        try:
            found = self.speaker.until_answered(lambda axis: axis.download(f"{item.delivery}/content", io.BytesIO()))
        except AxisCallError as error:
            ledger.wrong(f"{item.delivery}: leased and not readable: {error.reason} {error.message}")
            return
        if found != item.content_sha256.hex():
            ledger.wrong(f"{item.delivery}: the content is not what its hash says")

    def _acknowledge(self, items: list[mailbox_pb2.Item]) -> None:
        leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease) for item in items]
        request = mailbox_pb2.AcknowledgeItemsRequest(items=leased)
        results = self.speaker.until_answered(lambda axis: axis.mailbox.AcknowledgeItems(request)).results
        for item, result in zip(items, results, strict=True):
            if not result.status.code:
                self.speaker.ledger.acknowledged(self.speaker.name, item)
                self.taken(item)

    def _acknowledge_late(self, item: mailbox_pb2.Item) -> None:
        while datetime.now(UTC) <= item.lease_expire_time.ToDatetime(UTC):
            time.sleep(PAUSE_SECONDS)
        ledger = self.speaker.ledger
        leased = mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)
        request = mailbox_pb2.AcknowledgeItemsRequest(items=[leased])
        (result,) = self.speaker.until_answered(lambda axis: axis.mailbox.AcknowledgeItems(request)).results
        if not result.status.code:
            ledger.wrong(f"{item.name}: acknowledged under a lease that had expired")
            ledger.acknowledged(self.speaker.name, item)
