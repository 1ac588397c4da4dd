"""Questions about what has not ended are answered, on every engine, along indexes that hold nothing else."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import Connection
from tests.contract.databases import DatabaseEngine
from tests.plans import plans_of

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Rows
from lienthong.notification.domain.notices import Channel
from lienthong.notification.storage import queue
from lienthong.notification.storage.queue import Held, Share
from lienthong.routing.domain.leases import ItemKind
from lienthong.routing.domain.ordering import Waiting
from lienthong.routing.storage import deliveries, items
from lienthong.workflow import storage
from lienthong.workflow.storage import CaseFilter

HEAD = Waiting(0, 0, 1, "a", "i", "c", free=True)
DOCUMENTS = (ItemKind.DOCUMENT,)
LATE = CaseFilter(roles=("sender",), overdue=True, now=1)
LATE_HERE = CaseFilter(roles=("recipient",), overdue=True, now=1)

Question = Callable[[Connection], object]

ROUTING: dict[str, tuple[Question, str]] = {
    "free heads": (lambda one: items.free_heads(one, ["a"], DOCUMENTS, 1, 9), "items_waiting_queue"),
    "what blocks them": (lambda one: items.free_heads(one, ["a"], DOCUMENTS, 1, 9), "items_waiting_chain"),
    "followers": (lambda one: items.followers_of(one, ["a"], [HEAD], DOCUMENTS, 1), "items_waiting_chain"),
    "a count": (lambda one: items.count_waiting(one, ["a"]), "items_waiting_"),
    "a list": (lambda one: items.waiting_items(one, ["a"], None, 9), "items_waiting_list"),
    "old statuses": (lambda one: items.expire_statuses(one, 1, 9), "items_waiting_age"),
    "ended leases": (lambda one: items.mailboxes_of_ended_leases(one, 0, 1), "items_lease_ends"),
    "last leases": (lambda one: items.any_exhausted(one, 1, 9), "items_lease_ends"),
    "what is parked": (lambda one: items.parked_items(one, None, 9), "items_set_aside"),
    "verdicts that are late": (lambda one: deliveries.any_due(one, 1), "deliveries_verdict_due"),
    "who retires": (lambda one: deliveries.unfinished_at(Rows(one), "a", 9), "deliveries_open"),
}
WORKFLOW: dict[str, tuple[Question, str]] = {
    "overdue, sent": (lambda one: storage.list_cases(one, ["a"], LATE, None, 9), "deliveries_sent_open"),
    "overdue, received": (lambda one: storage.list_cases(one, ["a"], LATE_HERE, None, 9), "deliveries_received_open"),
    "who has unmatched": (lambda one: storage.ask_waiting(Rows(one), ["a"]), "statuses_unmatched"),
    "how many": (lambda one: storage.count_waiting(one, "a", 1, 9), "statuses_unmatched"),
    "the newest": (lambda one: storage.kept_since(Rows(one), 1), "statuses_unmatched_since"),
    "a list": (lambda one: storage.unmatched(one, ["a"], 1, None, 9), "statuses_unmatched"),
}
FREE, SHARE, HOOK = Held(Counter(), Counter()), Share(1, 1), Channel.WEBHOOK
NOTIFICATION: dict[str, tuple[Question, str]] = {
    "longest due": (lambda one: queue.due_notices(one, HOOK, (1, 1), FREE, SHARE, 9), "notices_due"),
    "who waits": (lambda one: queue.due_notices(one, HOOK, (1, 1), FREE, SHARE, 9), "notices_lines"),
    "too old": (lambda one: queue.given_up(one, HOOK, (1, 1), 1, 9), "notices_waiting_age"),
}
QUESTIONS = {"routing": ROUTING, "workflow": WORKFLOW, "notification": NOTIFICATION}
ALL = [(service, name) for service, questions in QUESTIONS.items() for name in questions]


@pytest.mark.parametrize(("service", "name"), ALL)
def test_what_has_ended_is_not_read(database_engine: DatabaseEngine, service: str, name: str) -> None:
    """The plan names the index of what is open, and no table is read whole: neither grows with what was."""
    question, index = QUESTIONS[service][name]
    database: Database = database_engine.open()
    migrations.upgrade(database, service)

    def ask() -> None:
        with database.write() as connection:
            question(connection)

    found = plans_of(database, ask)
    assert any(index in line for line in found.lines), found.lines
    assert all(index in line for line in found.scans)
