"""What `lienthong notice attempts` tells of how a notice was sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from lienthong.chassis.times import to_timestamp
from lienthong.cli import notice
from lienthong.cli.main import app
from lienthong.notification.v1 import notification_pb2 as pb

NAME = "notices/01a219b5-d093-7104-9660-c63393ee8629"
NINE, TEN = (to_timestamp(datetime(2026, 11, 29, hour, tzinfo=UTC)) for hour in (2, 3))
ATTEMPTS = [
    pb.Attempt(number=1, start_time=NINE, detail="HTTP 503", next_attempt_time=TEN),
    pb.Attempt(number=2, start_time=TEN, ok=True, detail="HTTP 204"),
]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notices of which the axis is asked."""
    names: list[str] = []

    def list_attempts(request: pb.ListAttemptsRequest) -> pb.ListAttemptsResponse:
        names.append(request.notice)
        return pb.ListAttemptsResponse(attempts=ATTEMPTS)

    @contextmanager
    def session(_who: str) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(notification=SimpleNamespace(ListAttempts=list_attempts))

    monkeypatch.setattr(notice, "session", session)
    return names


def test_each_attempt_is_told_with_its_answer(asked: list[str]) -> None:
    """What the other side said, when it was asked and when again: for people a row each, for programs a list."""
    told = CliRunner().invoke(app, ["notice", "attempts", NAME])
    assert told.exit_code == 0, told.output
    first, second = (line.split() for line in told.stdout.splitlines()[-2:])
    assert first == ["1", "2026-11-29", "09:00", "failed", "HTTP", "503", "2026-11-29", "10:00"]
    assert second == ["2", "2026-11-29", "10:00", "ok", "HTTP", "204"]
    rows = json.loads(CliRunner().invoke(app, ["notice", "attempts", NAME.partition("/")[2], "--json"]).stdout)
    assert [row["detail"] for row in rows] == ["HTTP 503", "HTTP 204"]
    assert asked == [NAME, NAME]
