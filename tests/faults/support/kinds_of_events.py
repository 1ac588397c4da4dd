"""Faults of what stands in the event log: events that come again, in any order, and such as nobody can take."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Final

from google.protobuf.message import Message
from psycopg import sql
from psycopg.rows import dict_row
from tests.faults.support.kinds_of_processes import Chance
from tests.faults.support.processes import POISON, Processes
from tests.faults.support.stored import TAKES
from tests.waiting import until

from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.event import DELIVERIES, DOCUMENTS, PROGRESS, VERDICTS, record_of
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.topics import TOPICS
from lienthong.client import Axis, AxisUnavailableError
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2
from lienthong.dev.platform import SERVICES
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.events.v1.routing_deliveries_pb2 import DeliveryCreated
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.events.v1.workflow_progress_pb2 import StatusRecorded

REPEATED: Final = 60
PATIENCE_SECONDS: Final = 240.0
"""Faults of other kinds go on meanwhile: engines are away for half of the time, and copies leave their group."""
_PAGE: Final = 500
_GARBAGE: Final = b"\xff\xff\xff\xff not a message"
_KINDS: Final[Mapping[str, type[Message]]] = {
    DOCUMENTS: DocumentAccepted,
    VERDICTS: VerdictReached,
    DELIVERIES: DeliveryCreated,
    PROGRESS: StatusRecorded,
}
"""A type of each topic that every service handles that takes the topic."""
_NOBODYS: Final = f"lienthong.events.v1.{POISON.capitalize()}"
"""A type that nobody knows: it is counted, and nothing else."""


def repeat(processes: Processes, chance: Chance) -> str:
    """Publishes events of the past again, in their order."""
    return _publish_again(processes, chance, lambda _records: None)


def shuffle(processes: Processes, chance: Chance) -> str:
    """Publishes events of the past again, in any order."""
    return _publish_again(processes, chance, chance.shuffle)


def garbage(processes: Processes, chance: Chance) -> str:
    """An event that is no message, and one after it: each service keeps both back until an operator gives it up."""
    topic, subject = chance.choice(sorted(_KINDS)), _new_subject()
    kind = _KINDS[topic].DESCRIPTOR.full_name
    _publish(processes, [_record(topic, subject, 1, kind, _GARBAGE), _record(topic, subject, 2, _NOBODYS)])
    for service in _takers(topic):
        _give_up(processes, service, subject, behind=1)
    return topic


def unreadable(processes: Processes, chance: Chance) -> str:
    """A record without what makes it an event: it is kept for an operator, and the next one is taken."""
    topic, mark = chance.choice(sorted(_KINDS)), _new_subject()
    headers = chance.choice(
        ({"ce_type": mark}, {"ce_type": mark, "ce_id": mark, "ce_subject": mark, "ce_sequence": "x"})
    )
    _publish(processes, [NewRecord(topic, mark.encode(), _GARBAGE, headers)])
    for service in _takers(topic):
        _give_up(processes, service, mark, behind=0)
    return topic


def unknown(processes: Processes, chance: Chance) -> str:
    """An event of a type that nobody knows is counted, and stops nothing."""
    topic, subject = chance.choice(sorted(_KINDS)), _new_subject()
    _publish(processes, [_record(topic, subject, 1, _NOBODYS, _GARBAGE)])
    _await_position(processes, topic, subject, 1)
    return topic


def jump(processes: Processes, chance: Chance) -> str:
    """Later versions come before earlier ones: they wait, and go on by themselves."""
    topic, subject = chance.choice(sorted(_KINDS)), _new_subject()
    versions = [2, 3, 4]
    chance.shuffle(versions)
    _publish(processes, [_record(topic, subject, version, _NOBODYS) for version in versions])
    for service in _takers(topic):
        _await_held(processes, service, "parked_events", subject, len(versions))
    _publish(processes, [_record(topic, subject, 1, _NOBODYS)])
    _await_position(processes, topic, subject, 4)
    for service in _takers(topic):
        assert not _held(processes, service, "parked_events", subject)
    return topic


def _publish_again(processes: Processes, chance: Chance, order: Callable[[list[NewRecord]], None]) -> str:
    service = chance.choice([service for service in SERVICES if service != "notification"])
    found = sql.SQL("SELECT * FROM {} WHERE published_at IS NOT NULL ORDER BY random() LIMIT {}")
    with (
        processes.whole["postgres"],
        processes.postgres.administer("lienthong") as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        rows = cursor.execute(found.format(sql.Identifier(service, "outbox"), REPEATED)).fetchall()
    rows.sort(key=lambda row: int(row["id"]))
    records = [record_of(SimpleNamespace(**row), f"/lienthong/{service}", "") for row in rows]
    order(records)
    _publish(processes, records)
    return service


def _new_subject() -> str:
    return f"{POISON}-{Uuid7Source().new()}"


def _record(topic: str, subject: str, version: int, kind: str, value: bytes = b"") -> NewRecord:
    headers = {"ce_id": f"{subject}-{version}", "ce_type": kind, "ce_subject": subject, "ce_sequence": str(version)}
    return NewRecord(topic, subject.encode(), value, headers)


def _publish(processes: Processes, records: Sequence[NewRecord]) -> None:
    log = KafkaEventLog(KafkaSection.model_validate(processes.engine("kafka").settings()), TOPICS)
    end = time.monotonic() + PATIENCE_SECONDS
    try:
        # A publish that broke off may have happened: what must come once needs the log whole.
        with processes.whole["kafka"]:
            while True:
                try:
                    return log.publish(records)
                except AxisError:
                    if time.monotonic() > end:
                        raise
    finally:
        log.close()


def _takers(topic: str) -> list[str]:
    return [service for service, topics in TAKES.items() if topic in topics]


def _held(processes: Processes, service: str, table: str, mark: str) -> list[str]:
    rows = processes.rows(service, f"SELECT id FROM {table} WHERE '{mark}' IN (subject, type)")  # noqa: S608 -- ours
    return [str(row[0]) for row in rows]


def _await_held(processes: Processes, service: str, table: str, mark: str, count: int) -> None:
    def there() -> bool:
        return len(_held(processes, service, table, mark)) == count

    assert until(there, PATIENCE_SECONDS), f"{service} does not keep {count} of {mark} in {table}"


def _await_position(processes: Processes, topic: str, subject: str, version: int) -> None:
    found = f"SELECT version FROM inbox_positions WHERE topic = '{topic}' AND subject = '{subject}'"  # noqa: S608 -- ours

    def behind() -> list[str]:
        return [service for service in _takers(topic) if processes.rows(service, found) != [(version,)]]

    assert until(lambda: not behind(), PATIENCE_SECONDS), f"{behind()} do not count {subject}"


def _give_up(processes: Processes, service: str, mark: str, *, behind: int) -> None:
    """Does what an operator does about an event that nobody can take: tries it again, and gives it up."""
    _await_held(processes, service, "dead_letters", mark, 1)
    _await_held(processes, service, "parked_events", mark, behind)
    (event,) = _held(processes, service, "dead_letters", mark)
    key, again = new_request_id(), new_request_id()

    def skip(axis: Axis) -> int:
        calls = axis.operations(service)
        if behind:
            asked = operations_pb2.RedriveDeadLetterRequest(service=service, event=event, request_id=again)
            assert not calls.RedriveDeadLetter(asked).handled
        request = operations_pb2.SkipDeadLetterRequest(service=service, event=event, note=POISON, request_id=key)
        return int(calls.SkipDeadLetter(request).released)

    assert _as_operator(processes, skip) == behind
    for table in ("dead_letters", "parked_events"):
        assert not _held(processes, service, table, mark), f"{service}: {mark} is still in {table}"


def _as_operator(processes: Processes, action: Callable[[Axis], int]) -> int:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with processes.speak("operator") as axis:
                return action(axis)
        except AxisUnavailableError:
            if time.monotonic() > end:
                raise
