"""The receivers that tests rely on do what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from lienthong.testing.sinks import Reply

if TYPE_CHECKING:
    from lienthong.testing.sinks import HttpSink, SmtpSink


def test_an_http_sink_fails_so_often_then_takes(http_sink: HttpSink) -> None:
    """Scripted answers come first, in order, then 204; arrival times do not go back."""
    http_sink.fail(2, 500)
    http_sink.script(Reply(200, {"x-a": "b"}, b"ok"))
    answers = [httpx.post(http_sink.url, content=b"x", trust_env=False) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 200, 204]
    assert (answers[2].content, answers[2].headers["x-a"]) == (b"ok", "b")
    times = [request.time for request in http_sink.wait_for(4)]
    assert times == sorted(times)


def test_waiting_has_a_deadline(http_sink: HttpSink, smtp_sink: SmtpSink) -> None:
    """What does not come is a TimeoutError that says how much came."""
    with pytest.raises(TimeoutError, match="0 of 1"):
        http_sink.wait_for(1, timeout=0.01)
    with pytest.raises(TimeoutError, match="0 of 2"):
        smtp_sink.wait_for(2, timeout=0.01)
