"""What must hold in what is stored, read after a clean stop: for what no API tells."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.faults.support.ledger import Ledger
from tests.faults.support.served import Served
from tests.faults.support.traffic import SERVICES

from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, DOCUMENTS, PROGRESS, VERDICTS
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryAvailable
from lienthong.events.v1.workflow_progress_pb2 import StatusRecorded

Versions = dict[str, dict[str, int]]
"""By topic and aggregate."""

TAKES = {
    "signing": (DOCUMENTS,),
    "routing": (DOCUMENTS, VERDICTS, PROGRESS),
    "workflow": (DOCUMENTS, VERDICTS, DELIVERIES),
    "notification": (DOCUMENTS, VERDICTS, DELIVERIES, PROGRESS),
}
"""Topics that each service takes, the directory left out: its events carry whole states and are not counted."""

_DOCUMENT, _STATUS = 1, 3
_LEASED_OR_FREE = (1, 2)
_ACKNOWLEDGED = 3
_RECALL_CODE = "13"


class StoredChecks:
    """The checks; each gives what is wrong, one line each."""

    def __init__(self, stored: Served, ledger: Ledger) -> None:
        self._stored = stored
        self._rows = stored.rows
        self._ledger = ledger

    def run(self) -> list[str]:
        """Does all of them."""
        versions = self._versions()
        wrongs = [*self._outboxes(), *self._log(versions), *self._inboxes(versions), *self._directories()]
        return [*wrongs, *self._documents(), *self._items(), *self._jobs(), *self._notices()]

    def _versions(self) -> Versions:
        found: Versions = defaultdict(dict)
        for service in SERVICES:
            for topic, subject, version in self._rows(
                service, "SELECT topic, subject, version FROM aggregate_versions"
            ):
                found[topic][subject] = version
        return found

    def _outboxes(self) -> Iterator[str]:
        """Every version has its row, and every row was published."""
        for service in SERVICES:
            rows = self._rows(service, "SELECT topic, subject, sequence, published_at FROM outbox ORDER BY id")
            counted: dict[tuple[str, str], list[int]] = defaultdict(list)
            for topic, subject, sequence, published in rows:
                counted[topic, subject].append(sequence)
                if published is None:
                    yield f"{service}: version {sequence} of {subject} waits in the outbox"
            for topic, subject, version in self._rows(
                service, "SELECT topic, subject, version FROM aggregate_versions"
            ):
                if counted[topic, subject] != list(range(1, version + 1)):
                    yield f"{service}: {subject} has version {version} and events {counted[topic, subject]}"

    def _log(self, versions: Versions) -> Iterator[str]:
        """The log has every event that was committed, each aggregate's in order; some may stand there twice.

        Of what an operator had published again, earlier events may stand behind later ones: relays told at once what
        waited when they began. Consumers keep those until the gap is closed.
        """
        seen: dict[tuple[str, str], list[int]] = defaultdict(list)
        for topic, subject, number in self._stored.records():
            known = seen[topic, subject]
            if number not in known:
                known.append(number)
        for topic, subjects in versions.items():
            if topic == DIRECTORY:
                continue
            for subject, version in subjects.items():
                found = seen[topic, subject]
                if (sorted(found) if self._ledger.published_again else found) != list(range(1, version + 1)):
                    yield f"log: {subject} has version {version}, and in {topic} stand {found}"

    def _inboxes(self, versions: Versions) -> Iterator[str]:
        """Each consumer stands at the last version of each aggregate, and keeps nothing back."""
        for service, topics in TAKES.items():
            rows = self._rows(service, "SELECT topic, subject, version FROM inbox_positions")
            positions = {(topic, subject): version for topic, subject, version in rows}
            for topic in topics:
                for subject, version in versions[topic].items():
                    found = positions.get((topic, subject), 0)
                    if found != version:
                        yield f"{service}: stands at version {found} of {version} of {subject} in {topic}"
        for service in SERVICES:
            for table in ("parked_events", "dead_letters"):
                for kind, subject, reason in self._rows(service, f"SELECT type, subject, reason FROM {table}"):  # noqa: S608
                    yield f"{service}: {table}: {kind} of {subject}: {reason}"

    def _directories(self) -> Iterator[str]:
        """Every service knows the same directory."""
        for table in ("directory_agencies", "directory_systems"):
            copies = {
                service: frozenset(self._rows(service, f"SELECT id, version FROM {table}"))  # noqa: S608
                for service in SERVICES
            }
            if len(set(copies.values())) != 1:
                yield f"{table}: copies differ: {copies}"

    def _documents(self) -> Iterator[str]:
        """What was acknowledged is there, nothing else is; each recipient has one delivery, in every service."""
        told = {document.removeprefix("documents/") for document in self._ledger.submissions}
        for service in ("intake", "signing", "routing", "notification"):
            stored = {row[0] for row in self._rows(service, "SELECT id FROM documents")}
            if stored != told:
                yield f"{service}: lost {sorted(told - stored)}, made up {sorted(stored - told)}"
        rows = self._rows("routing", "SELECT id, document, recipient FROM deliveries WHERE recipient <> ''")
        doubled = [key for key, count in Counter((document, to) for _, document, to in rows).items() if count > 1]
        if doubled:
            yield f"routing: more than one delivery to a recipient: {doubled}"
        everywhere = {
            service: {row[0] for row in self._rows(service, "SELECT id FROM deliveries")}
            for service in ("routing", "workflow", "notification")
        }
        if len({frozenset(found) for found in everywhere.values()}) != 1:
            yield f"deliveries differ: { {service: len(found) for service, found in everywhere.items()} }"

    def _items(self) -> Iterator[str]:
        """A delivery is one item; acknowledged stays acknowledged; each told status is one item."""
        rows = self._rows("routing", "SELECT id, kind, state, mailbox, delivery, status_code, facts FROM items")
        states = {f"items/{row[0]}": row[2] for row in rows}
        for name in self._ledger.taken:
            if states.get(name) != _ACKNOWLEDGED:
                yield f"{name}: was acknowledged, and its state is {states.get(name)}"
        for (delivery, mailbox), count in Counter((row[4], row[3]) for row in rows if row[1] == _DOCUMENT).items():
            if count > 1:
                yield f"{delivery}: stands {count} times in mailbox {mailbox}"
        waiting = [row[0] for row in rows if row[2] in _LEASED_OR_FREE]
        if waiting:
            yield f"routing: {len(waiting)} items have not ended, the first {waiting[0]}"
        items = Counter((row[3], row[4], row[5]) for row in rows if row[1] == _STATUS)
        told: Counter[tuple[str, str, str]] = Counter()
        for (value,) in self._rows(
            "workflow",
            f"SELECT value FROM outbox WHERE type = '{StatusRecorded.DESCRIPTOR.full_name}'",  # noqa: S608
        ):
            recorded = StatusRecorded.FromString(value)
            facts = recorded.facts
            if recorded.forward and facts.to_agency and facts.code != _RECALL_CODE:
                told[facts.to_agency, recorded.reference.delivery, facts.code] += 1
        for key in (items - told) + (told - items):
            yield f"{key[1]}: status {key[2]} was told {told[key]} times and stands {items[key]} times in the mailbox"

    def _jobs(self) -> Iterator[str]:
        """Every document was verified."""
        waiting = self._rows("signing", "SELECT document FROM jobs")
        if waiting:
            yield f"signing: {len(waiting)} documents are not verified"
        if self._rows("routing", "SELECT * FROM jobs"):
            yield "routing: deliveries are still to be made"

    def _notices(self) -> Iterator[str]:
        """One notice for each event and subscription."""
        events = [
            row[0]
            for row in self._rows(
                "routing",
                f"SELECT event_id FROM outbox WHERE type = '{DeliveryAvailable.DESCRIPTOR.full_name}'",  # noqa: S608
            )
        ]
        rows = self._rows("notification", "SELECT channel, event FROM notices WHERE kind = 'document.available'")
        for channel in {row[0] for row in rows}:
            told = Counter(row[1] for row in rows if row[0] == channel)
            if told != Counter(events):
                count = sum(told.values())
                yield f"notification: {len(events)} documents became available, {count} notices {channel} tell of it"
