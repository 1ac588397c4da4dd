"""When a consumer commits offsets: now and then, and when nothing comes."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.waiting import until

from .stage import LIMITS, TOPIC, Stage, event


def test_offsets_are_committed_seldom_and_in_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after each batch while events come without a pause; all that took effect once there is one."""
    commit, commits = stage.log.commit, list[Mapping[tuple[str, int], int]]()

    def counted(group: str, positions: Mapping[tuple[str, int], int]) -> None:
        commits.append(dict(positions))
        commit(group, positions)

    monkeypatch.setattr(stage.log, "commit", counted)
    stage.publish(*(event("a", number) for number in range(1, 11)))
    consumer = stage.consumer(replace(LIMITS, batch=1, commit_seconds=3600))
    consumer.start()
    assert until(lambda: sum(lag.records for lag in stage.log.lag("service", [TOPIC])) == 0)
    assert [list(positions.values()) for positions in commits] == [[1], [10]]
    consumer.stop(10)
    assert len(stage.seen) == 10


def test_offsets_are_committed_in_leaving(stage: Stage) -> None:
    """A consumer that is stopped leaves nothing to be read again."""
    stage.publish(*(event("a", number) for number in range(1, 4)))
    consumer = stage.consumer(replace(LIMITS, batch=1, poll_seconds=3600, commit_seconds=3600))
    consumer.start()
    assert until(lambda: len(stage.seen) == 3)
    consumer.stop(10)
    assert sum(lag.records for lag in stage.log.lag("service", [TOPIC])) == 0


def test_offsets_that_cannot_be_committed_stop_nobody(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full the consumer begins again and again; then it goes on, and nothing takes effect twice."""
    commit, full = stage.log.commit, [True]

    def refused(group: str, positions: Mapping[tuple[str, int], int]) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        commit(group, positions)

    monkeypatch.setattr(stage.log, "commit", refused)
    consumer = stage.consumer()
    consumer.start()
    stage.publish(event("a", 1))
    assert until(lambda: stage.seen)
    full.clear()
    stage.publish(event("a", 2))
    assert until(lambda: sum(lag.records for lag in stage.log.lag("service", [TOPIC])) == 0)
    consumer.stop(10)
    assert stage.seen == ["a-1", "a-2"]
