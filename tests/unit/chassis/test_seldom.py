"""What is told again and again is told seldom."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from tests.waiting import eventually

from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.postgres import failures
from lienthong.chassis.errors import AxisError, unavailable
from lienthong.chassis.events import outbox
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.inbox import Subscription, handler
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.seldom import QUIET_SECONDS, Seldom
from lienthong.chassis.uow import UnitOfWork

from .stage import TOPIC, Stage, event


def test_the_same_is_told_once_a_minute_and_something_else_at_once() -> None:
    """Only the text and the time decide; texts that come in turns are each told once."""
    now = [100.0]
    seldom = Seldom(lambda: now[0])
    assert [seldom.is_news(text) for text in ("a", "b", "a", "b")] == [True, True, False, False]
    now[0] += QUIET_SECONDS
    assert [seldom.is_news(text) for text in ("a", "a")] == [True, False]


def test_what_has_ended_is_news_when_it_comes_back(stage: Stage) -> None:
    """An outage that is over and begins again within the minute is told again; while it lasts, it is told once."""
    tries = iter(["away", "away", "here", "away", "away", "here"])

    def take(_work: UnitOfWork, _message: StringValue, _event: Event) -> None:
        if next(tries) == "away":
            raise unavailable("DATABASE_AWAY", "away", timedelta(seconds=1))

    stage.subscription = Subscription((TOPIC,), dict([handler(StringValue, take)]))
    consumer = stage.consumer()
    with capture_logs() as lines:
        for number in (1, 2):
            assert consumer._attempt([event("a", number)]) is None
    assert [line["reason"] for line in lines] == ["DATABASE_AWAY"] * 2


def test_few_texts_are_remembered() -> None:
    """However many different texts come, memory stays bounded: the oldest is news again."""
    seldom = Seldom(lambda: 1.0)
    assert all(seldom.is_news(str(number)) for number in range(1000))
    assert seldom.is_news("0")
    assert not seldom.is_news("999")


@pytest.mark.parametrize("state", ["42P01", "42703", "58030"], ids=["table", "column", "disk"])
def test_a_database_that_fails_fills_no_log(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every try is refused, so that events wait, and the log tells it once, though consumers try twice a second."""

    class MissingError(Exception):
        sqlstate = state

    monkeypatch.setattr(failures, "_refusals", Seldom())
    with capture_logs() as lines:
        for _ in range(20):
            told = failures._told(DBAPIError("SELECT", {}, MissingError('relation "x" does not exist\nLINE 1')))
            assert isinstance(told, AxisError)
            assert told.reason == "DATABASE_REFUSES"
    assert [line["reason"] for line in lines] == ['relation "x" does not exist']


@pytest.mark.parametrize("worker", ["periodic", "relay"])
def test_an_outage_that_goes_on_fills_no_log(worker: str, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever works in the background tries again and again, and tells once why it waits."""
    tries: list[float] = []

    def away(*_: object) -> bool:
        tries.append(time.monotonic())
        raise unavailable("DATABASE_AWAY", "away", timedelta(seconds=1))

    monkeypatch.setattr(outbox, "_RETRY_SECONDS", 0.01)
    relay = stage.relay()
    monkeypatch.setattr(relay, "publish_once", away)
    tried = relay if worker == "relay" else Periodic("look", away, 0.01)
    with capture_logs() as lines:
        tried.start()
        eventually(lambda: len(tries) >= 5)
        tried.stop(10)
    assert [line["reason"] for line in lines] == ["DATABASE_AWAY"]


def test_a_store_that_is_away_fills_no_log(tmp_path: Path) -> None:
    """Every request fails, and names another object; the log tells it once."""
    key = tmp_path / "key"
    key.write_text("key")
    away: dict[str, Any] = {"url": "s3://contents", "endpoint": "http://127.0.0.1:1", "retries": 0}
    bucket = Bucket(ObjectsSection(**away, access_key_id_file=key, secret_access_key_file=key))
    with capture_logs() as lines:
        for name in ("a", "b"):
            with pytest.raises(AxisError, match="does not answer"):
                bucket.get(name)
    assert [line["event"] for line in lines] == ["the store of contents does not answer"]
