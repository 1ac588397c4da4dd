"""What must hold after any crash, asked through the public APIs: what clients were told is what the system says."""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from cryptography import x509
from tests.faults.support.handing import resubmit
from tests.faults.support.ledger import Ledger, Submission
from tests.faults.support.papers import UPDATE
from tests.faults.support.sender import UNKNOWN_CODE
from tests.faults.support.served import Served
from tests.faults.support.speaker import alike, same
from tests.faults.support.traffic import SERVICES, STRANGER, Traffic
from tests.faults.support.working import WorkChecks

from lienthong.chassis.seal_check import verify_seal
from lienthong.client import Axis, AxisCallError, NotFoundError
from lienthong.common.v1 import operations_pb2
from lienthong.common.v1.lifecycle_pb2 import DeliveryState
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.workflow.v1 import workflow_pb2

Page = TypeVar("Page", mailbox_pb2.ListDeliveriesResponse, notification_pb2.ListNoticesResponse)

PAGE = 500
STRANGER_LOOKS = 40
"""Documents that the stranger tries to read."""

# An update that waits behind its original has no main line, and so no state, until the original is refused.
_RANKS = {"UNSPECIFIED": 0, "SENT": 0, "ARRIVED": 1, "ACCEPTED": 3, "ASSIGNED": 4, "PROCESSING": 5}
_FINAL_RANK = 9
_UNTOLD = frozenset({"", "13"})
"""Codes that put no status into the sender's mailbox."""


def rank_of(state: DeliveryState.ValueType) -> int:
    """Gives how far a state is on the main line; all final states are at its end."""
    return _RANKS.get(DeliveryState.Name(state).removeprefix("DELIVERY_STATE_"), _FINAL_RANK)


class PublicChecks:
    """The checks; each gives what is wrong, one line each."""

    def __init__(self, program: Served, traffic: Traffic) -> None:
        self._program = program
        self._traffic = traffic
        self._ledger: Ledger = traffic.ledger
        self._axes: dict[str, Axis] = {}
        self._received: dict[str, dict[str, list[mailbox_pb2.Delivery]]] = {}
        self._records: dict[str, list[workflow_pb2.StatusRecord]] = {}

    def run(self) -> list[str]:
        """Does all of them."""
        names = (*self._traffic.parties, STRANGER, "operator")
        self._axes = {name: self._program.speak(name) for name in names}
        try:
            self._received = {name: self._received_by(name) for name in self._traffic.parties}
            owners = {
                delivery.name: document
                for received in self._received.values()
                for document, deliveries in received.items()
                for delivery in deliveries
            }
            for document, one in self._ledger.submissions.items():
                # An update that took the place of its original stands in the same case: it is listed at both.
                listed = self._statuses_of(self._axes[one.sender], document)
                self._records[document] = [one for one in listed if owners.get(one.delivery, document) == document]
            wrongs = list(self._ledger.wrongs)
            for check in (self._receipts, self._deliveries, self._statuses, self._told, self._notices, self._rest):
                wrongs.extend(check())
            wrongs.extend(WorkChecks(self._axes, self._ledger, self._records).run())
            wrongs.extend(self._strangers())
        finally:
            for axis in self._axes.values():
                axis.close()
        return wrongs

    def _receipts(self) -> Iterator[str]:
        """Each acknowledged submission is there, its receipt verifies, a repeat gives the same bytes."""
        root = self._axes["operator"].signing.GetAuthority(signing_pb2.GetAuthorityRequest()).root
        anchors = x509.load_pem_x509_certificates(root)
        for document, told in self._ledger.submissions.items():
            axis, receipt = self._axes[told.sender], told.receipt
            code = self._traffic.parties[told.sender].code
            if not alike(partial(resubmit, axis, code, told.paper, told.upload), receipt):
                yield f"{document}: a repeat is answered with another receipt"
            if not same(axis.intake.GetReceipt(intake_pb2.GetReceiptRequest(document=document)), receipt):
                yield f"{document}: the receipt is not the one that was given"
            verdict = verify_seal(receipt.subject, receipt.seal, anchors, datetime.now(UTC))
            if not verdict.valid:
                yield f"{document}: the seal of its receipt does not verify: {verdict.problem}"
            if told.paper.sha256.hex().encode() not in receipt.subject:
                yield f"{document}: its receipt does not name the hash of what was sent"
        for recalled in self._ledger.recalled.values():
            again = partial(self._axes[recalled.party].intake.RecallDocument, recalled.request)
            if not alike(again, recalled.receipt):
                yield f"{recalled.request.name}: a repeat of its recall is answered in another way"

    def _deliveries(self) -> Iterator[str]:
        """Each recipient has each document once, acknowledged, with the content that was sent."""
        parties = {party.code: party for party in self._traffic.parties.values()}
        submissions = self._ledger.submissions
        updated = {told.paper.amends[1] for told in submissions.values() if told.paper.kind is UPDATE}
        for document, told in submissions.items():
            for code in told.paper.to:
                if code == UNKNOWN_CODE:
                    continue
                party = parties[code]
                found = self._received[party.name].get(document, [])
                if document in self._ledger.recalled and not found:
                    continue
                if document in updated and (not found or found[0].transport_state == "SUPERSEDED"):
                    yield from self._superseded(document, party.name)
                    continue
                if len(found) != 1:
                    yield f"{document}: {party.name} has {len(found)} deliveries of it"
                    continue
                yield from self._delivery(party.name, told, found[0])

    def _superseded(self, document: str, party: str) -> Iterator[str]:
        """An update took the place of a document: its recipient was never given it."""
        if any(item.document == document for item in self._ledger.pulled[party]):
            yield f"{document}: an update took its place although {party} had been given it"

    def _delivery(self, party: str, told: Submission, delivery: mailbox_pb2.Delivery) -> Iterator[str]:
        document = told.receipt.document
        items = [
            item
            for item in self._ledger.pulled[party]
            if item.kind == mailbox_pb2.ITEM_KIND_DOCUMENT and item.document == document
        ]
        if len(items) > 1:
            yield f"{document}: came to {party} as {len(items)} items"
        if document in self._ledger.recalled:
            return
        if not items:
            yield f"{document}: never came to {party}"
        elif items[0].name not in self._ledger.taken:
            yield f"{document}: {party} could never acknowledge it"
        if delivery.transport_state != "ACKNOWLEDGED":
            yield f"{delivery.name}: was acknowledged by {party}, and is {delivery.transport_state}"
        if _hash_of(self._axes[party], f"{delivery.name}/attachments/0") != told.paper.sha256.hex():
            yield f"{delivery.name}: the content at {party} is not what was sent"
        if _hash_of(self._axes[party], f"{delivery.name}/content") != delivery.content_sha256.hex():
            yield f"{delivery.name}: the rendition at {party} is not what was sent"

    def _statuses(self) -> Iterator[str]:
        """Each acknowledged status is there once, a repeat gives the same answer; no state ever went back."""
        names = Counter(record.name for records in self._records.values() for record in records)
        for told in self._ledger.reported:
            again = partial(self._axes[told.party].workflow.ReportStatuses, told.request)
            if not alike(again, told.answer):
                yield f"{told.party}: a repeat of a report is answered in another way"
            for status, result in zip(told.request.statuses, told.answer.results, strict=True):
                if not result.status.code and names[result.name] != 1:
                    yield f"{status.delivery}: status {status.code} ({result.name}) is there {names[result.name]} times"
        last: dict[str, int] = {}
        for record in (record for records in self._records.values() for record in records):
            before, after = rank_of(record.from_state), rank_of(record.to_state)
            if record.outcome == workflow_pb2.OUTCOME_APPLIED:
                if after < before or before < last.get(record.delivery, 0):
                    yield f"{record.delivery}: {record.code} led back from {record.from_state} to {record.to_state}"
                last[record.delivery] = after
        for delivery, states in self._ledger.observed.items():
            ranks = [rank_of(state) for state in states]
            if ranks != sorted(ranks) or (delivery in last and ranks[-1] > last[delivery]):
                yield f"{delivery}: the sender saw its state go back: {states}, last {last.get(delivery)}"

    def _told(self) -> Iterator[str]:
        """Each status that took effect came into the sender's mailbox once."""
        for sender in self._traffic.parties:
            came = Counter(
                (item.delivery, item.status_code)
                for item in self._ledger.pulled[sender]
                if item.kind == mailbox_pb2.ITEM_KIND_STATUS
            )
            applied, known = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
            for record in self._records_of(sender):
                known[record.delivery, record.code] += 1
                if record.outcome == workflow_pb2.OUTCOME_APPLIED and record.code not in _UNTOLD:
                    applied[record.delivery, record.code] += 1
            for key in came.keys() | applied.keys():
                if not applied[key] <= came[key] <= known[key]:
                    yield f"{key[0]}: status {key[1]} came {came[key]} times to {sender}, recorded {known[key]} times"

    def _records_of(self, sender: str) -> Iterator[workflow_pb2.StatusRecord]:
        for document, records in self._records.items():
            if self._ledger.submissions[document].sender == sender:
                yield from records

    def _notices(self) -> Iterator[str]:
        """Each recipient was told once of each document that it could see."""
        for name in self._traffic.parties:
            axis = self._axes[name]

            def page(token: str, axis: Axis = axis) -> notification_pb2.ListNoticesResponse:
                request = notification_pb2.ListNoticesRequest(
                    page_size=PAGE, page_token=token, filter='kind = "document.available" AND channel = "IN_APP"'
                )
                return axis.notification.ListNotices(request)

            told = Counter(notice.document for answer in _pages(page) for notice in answer.notices)
            expected = Counter({document: len(found) for document, found in self._received[name].items()})
            if told != expected:
                yield f"{name}: notices differ from deliveries: {(told - expected) + (expected - told)}"
            if self._traffic.webhooks is not None:
                yield from self._traffic.webhooks.check(name, axis)

    def _rest(self) -> Iterator[str]:
        """Nothing waits, nothing is parked, nothing is dead."""
        for name in self._traffic.parties:
            items = self._axes[name].mailbox.ListItems(mailbox_pb2.ListItemsRequest()).items
            if items:
                yield f"{name}: {len(items)} items still wait, the first {items[0].name}"
        operator = self._axes["operator"]
        stuck = operator.mailbox.ListParkedItems(mailbox_pb2.ListParkedItemsRequest()).items
        if stuck:
            yield f"routing: {len(stuck)} items are parked"
        for service in SERVICES:
            calls = operator.operations(service)
            parked = calls.ListParkedEvents(operations_pb2.ListParkedEventsRequest(service=service)).events
            dead = calls.ListDeadLetters(operations_pb2.ListDeadLettersRequest(service=service)).events
            yield from (f"{service}: parked {one.type} of {one.subject}: {one.reason}" for one in parked)
            yield from (f"{service}: dead letter {one.type} of {one.subject}: {one.reason}" for one in dead)

    def _strangers(self) -> Iterator[str]:
        """Nobody else reads anything."""
        stranger = self._axes[STRANGER]
        for document in list(self._ledger.submissions)[:STRANGER_LOOKS]:
            if _found(partial(stranger.intake.GetDocument, intake_pb2.GetDocumentRequest(name=document))):
                yield f"{document}: a stranger reads it at intake"
            asked = workflow_pb2.GetProgressRequest(document=document)
            if _found(partial(stranger.workflow.GetProgress, asked)):
                yield f"{document}: a stranger sees its progress"
        for found in list(next(iter(self._received.values())).values())[:STRANGER_LOOKS]:
            name = found[0].name
            if _found(partial(stranger.download, f"{name}/content", io.BytesIO())):
                yield f"{name}: a stranger reads it"

    def _received_by(self, name: str) -> dict[str, list[mailbox_pb2.Delivery]]:
        mailbox = self._axes[name].mailbox
        found: dict[str, list[mailbox_pb2.Delivery]] = defaultdict(list)
        for answer in _pages(
            lambda token: mailbox.ListDeliveries(mailbox_pb2.ListDeliveriesRequest(page_size=PAGE, page_token=token))
        ):
            for delivery in answer.deliveries:
                found[delivery.document].append(delivery)
        return found

    def _statuses_of(self, axis: Axis, document: str) -> list[workflow_pb2.StatusRecord]:
        request = workflow_pb2.ListStatusesRequest(document=document, page_size=PAGE)
        try:
            return list(axis.workflow.ListStatuses(request).statuses)
        except NotFoundError:
            self._ledger.wrong(f"{document}: workflow does not know it")
            return []


def _pages(ask: Callable[[str], Page]) -> Iterator[Page]:
    token = ""
    while True:
        answer = ask(token)
        yield answer
        token = answer.next_page_token
        if not token:
            return


def _hash_of(axis: Axis, name: str) -> str:
    try:
        return axis.download(name, io.BytesIO())
    except AxisCallError as error:
        return f"unreadable: {error.reason}"


def _found(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NotFoundError:
        return False
    return True
