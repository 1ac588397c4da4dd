"""The book of what is to be sent: claims what is due, writes down how it ended. One transaction each."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.times import from_micros, to_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.notification.channels import Result, Retry, Sent
from lienthong.notification.config import NotificationSection
from lienthong.notification.domain import (
    Circuit,
    CircuitPolicy,
    RetryPolicy,
    admit,
    fail,
    next_attempt,
    one_line,
    release,
    succeed,
)
from lienthong.notification.domain.notices import Channel
from lienthong.notification.sending.couriers import Outcome, Task
from lienthong.notification.storage.circuits import circuit_of, keep_circuit
from lienthong.notification.storage.notices import StoredNotice
from lienthong.notification.storage.queue import Attempt, Share, claim, due_notices, given_up, held_claims, settle
from lienthong.notification.storage.subscriptions import subscription_of

_log = structlog.get_logger(__name__)

_MICROSECOND = timedelta(microseconds=1)
_CANDIDATES = 4
"""Rows looked at for each that can be claimed: some of an agency or an endpoint that is busy are passed over."""
_GIVEN_UP_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SendingRules:
    """How sending behaves. `share` is what may be claimed at once; `lease` is how long a claim holds."""

    retry: RetryPolicy
    circuit: CircuitPolicy
    share: Share
    lease: timedelta


def rules_of(section: NotificationSection) -> SendingRules:
    """Reads the rules from the configuration."""
    lease = timedelta(seconds=section.lease_seconds)
    retry = RetryPolicy(
        tuple(timedelta(seconds=pause) for pause in section.retry_delays_seconds),
        section.retry_spread,
        timedelta(seconds=section.lifetime_seconds),
        timedelta(seconds=section.longest_wait_seconds),
    )
    circuit = CircuitPolicy(
        section.circuit_failures,
        timedelta(seconds=section.circuit_pause_seconds),
        timedelta(seconds=section.circuit_longest_pause_seconds),
        probe_timeout=lease,
    )
    return SendingRules(retry, circuit, Share(section.calls_per_agency, section.calls_per_endpoint), lease)


@dataclass(frozen=True, slots=True)
class Book:
    """Keeps the book of one channel."""

    channel: Channel
    rules: SendingRules
    directory: DirectoryCache
    attempted: Callable[[str, float], None]
    """Is told on which channel, and how many seconds after it was made, a notice was tried for the first time."""
    chance: random.Random = field(default_factory=random.SystemRandom)

    def anything_due(self, connection: Connection, now: int) -> bool:
        """Tells whether there is something to claim or to give up; `now` in microseconds since 1970."""
        times = (now, database_now(connection))
        held = held_claims(connection, self.channel, times[1])
        if due_notices(connection, self.channel, times, held, self.rules.share, 1):
            return True
        return bool(given_up(connection, self.channel, times, self._born_before(now), 1))

    def take(self, work: UnitOfWork, limit: int) -> list[Task]:
        """Claims at most so many notices, longest due first, and none beyond the share of an agency or an endpoint."""
        database = database_now(work.connection)
        times = (work.now_micros, database)
        held, share = held_claims(work.connection, self.channel, database), self.rules.share
        tasks: list[Task] = []
        for notice in due_notices(work.connection, self.channel, times, held, share, limit * _CANDIDATES):
            free = len(tasks) < limit and held.room(notice, share)
            if free and self._admitted(work, notice.new.endpoint) and (lease := self._claim(work, notice, database)):
                held.add(notice)
                tasks.append(self._task(work, notice, lease))
        return tasks

    def give_up(self, work: UnitOfWork) -> None:
        """Ends notices whose lifetime passed while their endpoint was left alone."""
        database = database_now(work.connection)
        times = (work.now_micros, database)
        born_before = self._born_before(work.now_micros)
        for notice in given_up(work.connection, self.channel, times, born_before, _GIVEN_UP_AT_ONCE):
            if lease := self._claim(work, notice, database):
                detail = "given up: its endpoint failed and was left alone until the notice was too old"
                attempt = Attempt(0, work.now_micros, ok=False, detail=detail, next_attempt_at=None)
                settle(work.connection, notice, lease, attempt, None)

    def write(self, work: UnitOfWork, outcome: Outcome) -> None:
        """Writes down how an attempt ended, and when the next one is due."""
        task, result = outcome.task, outcome.result
        due = self._next(work, task.notice, result)
        attempt = Attempt(0, outcome.started_at, isinstance(result, Sent), _said(result), due)
        settle(work.connection, task.notice, task.lease, attempt, work.now_micros if attempt.ok else None)
        self._judge(work, task.notice.new.endpoint, result)
        work.after_commit(lambda: _tell(task.notice, result, again=due is not None))
        if not task.notice.attempts:
            age = (work.now - from_micros(task.notice.new.created_at)).total_seconds()
            work.after_commit(partial(self.attempted, self.channel, age))

    def _admitted(self, work: UnitOfWork, endpoint: str) -> bool:
        circuit = circuit_of(work.connection, endpoint)
        changed, admitted = admit(circuit, work.now, self.rules.circuit)
        if changed != circuit:
            keep_circuit(work.connection, endpoint, changed, self.rules.circuit)
        return admitted

    def _claim(self, work: UnitOfWork, notice: StoredNotice, database: int) -> str:
        lease, until = work.ids.new(), database + self.rules.lease // _MICROSECOND
        return lease if claim(work.connection, notice.id, lease, until, database) else ""

    def _task(self, work: UnitOfWork, notice: StoredNotice, lease: str) -> Task:
        agency = self.directory.get().agencies.get(notice.new.agency)
        return Task(
            notice,
            subscription_of(work.connection, notice.new.subscription),
            agency_code=agency.code(from_micros(notice.new.created_at)) if agency else "",
            retired=agency is not None and not agency.active(work.now),
            lease=lease,
        )

    def _next(self, work: UnitOfWork, notice: StoredNotice, result: Result) -> int | None:
        if not isinstance(result, Retry):
            return None
        moment = next_attempt(
            notice.attempts + 1,
            from_micros(notice.new.created_at),
            work.now,
            self.chance.random(),
            retry_after=result.retry_after,
            policy=self.rules.retry,
        )
        return None if moment is None else to_micros(moment)

    def _judge(self, work: UnitOfWork, endpoint: str, result: Result) -> None:
        if not endpoint:
            return
        before = circuit_of(work.connection, endpoint)
        after: Circuit
        if isinstance(result, Sent):
            after = succeed(before)
        elif isinstance(result, Retry):
            after = fail(before, work.now, self.rules.circuit)
        else:
            after = release(before)
        if after != before:
            keep_circuit(work.connection, endpoint, after, self.rules.circuit)

    def _born_before(self, now: int) -> int:
        return now - self.rules.retry.lifetime // _MICROSECOND


def _tell(notice: StoredNotice, result: Result, *, again: bool) -> None:
    """Writes an attempt into the log. What the other side answered stands in the notice only: it may be anything."""
    words = "notice sent" if isinstance(result, Sent) else "notice not sent"
    new = notice.new
    _log.info(
        words,
        notice=notice.id,
        kind=new.kind.name,
        channel=new.channel.name,
        document=new.document,
        agency=new.agency,
        attempt=notice.attempts + 1,
        again=again,
    )


def _said(result: Result) -> str:
    # Whatever a server says must fit into a table: PostgreSQL keeps no U+0000, and what cannot be written down holds up
    # the whole channel.
    return one_line(result.detail if isinstance(result, Sent) else result.reason)
