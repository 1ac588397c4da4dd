"""What is told again and again is told seldom."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.postgres import database
from lienthong.chassis.errors import AxisError, unavailable
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.inbox import Subscription, handler
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


def test_a_table_that_is_missing_fills_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every try is refused, and the log tells it once, though consumers try twice a second."""

    class MissingError(Exception):
        sqlstate = "42P01"

    monkeypatch.setattr(database, "_refusals", Seldom())
    with capture_logs() as lines:
        for _ in range(20):
            told = database._told(DBAPIError("SELECT", {}, MissingError('relation "x" does not exist\nLINE 1')))
            assert isinstance(told, AxisError)
            assert told.reason == "DATABASE_REFUSES"
    assert [line["reason"] for line in lines] == ['relation "x" does not exist']


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
