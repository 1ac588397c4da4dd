"""A context with several copies of a service: calls go to those that answer, watches go on where they stood."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from typer.testing import CliRunner

from lienthong.cli.contexts import app
from lienthong.client import Axis, ContextError, connect, load_context
from lienthong.client.addresses import split, target
from lienthong.client.context import Context
from lienthong.dev.servers import free_port
from lienthong.notification.v1 import notification_pb2
from lienthong.workflow.v1 import workflow_pb2

REPORT = workflow_pb2.ReportStatusesRequest(request_id="one")
SECONDS = 10.0


class Copy(grpc.GenericRpcHandler):
    """A copy of a service: counts its calls, and tells notices from a cursor on."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.port = free_port()
        self.calls = 0

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Handles every call."""
        if details.method.endswith("WatchNotices"):
            return grpc.unary_stream_rpc_method_handler(self._watch)
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def start(self) -> None:
        """Begins to answer."""
        self._server = grpc.server(ThreadPoolExecutor(4), [self])
        assert self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self, grace: float | None = None) -> None:
        """Ends; calls in hand have so long."""
        self._server.stop(grace).wait()

    def _answer(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        return b""

    def _watch(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        cursor = int(notification_pb2.WatchNoticesRequest.FromString(request).cursor or 0)
        while context.is_active():
            self.calls += 1
            cursor += 1
            yield notification_pb2.WatchNoticesResponse(cursor=str(cursor)).SerializeToString()
            if cursor % 5 == 0:
                context.abort(grpc.StatusCode.UNAVAILABLE, "drained")


@pytest.fixture
def copies() -> Iterator[tuple[Copy, Copy]]:
    """Two copies that answer."""
    made = Copy(0), Copy(1)
    with ExitStack() as stack:
        for copy in made:
            copy.start()
            stack.callback(copy.stop)
        yield made


@pytest.fixture
def axis(copies: tuple[Copy, Copy]) -> Iterator[Axis]:
    """A session with both."""
    with connect(Context(",".join(f"127.0.0.1:{copy.port}" for copy in copies))) as session:
        yield session


def until_both_answer(axis: Axis, copies: tuple[Copy, Copy]) -> None:
    """Calls until each copy had a call."""
    before, end = [copy.calls for copy in copies], time.monotonic() + SECONDS
    while any(copy.calls == count for copy, count in zip(copies, before, strict=True)):
        assert time.monotonic() < end, "a copy gets no calls"
        axis.workflow.ReportStatuses(REPORT)


def test_calls_go_past_a_copy_that_is_away(axis: Axis, copies: tuple[Copy, Copy]) -> None:
    """Both have a share; when one goes no call fails, and when it is back it gets calls again."""
    until_both_answer(axis, copies)
    for turn in (0, 1):
        copies[turn].stop()
        before = copies[turn].calls
        for _ in range(20):
            axis.workflow.ReportStatuses(REPORT)
        assert copies[turn].calls == before
        copies[turn].start()
        until_both_answer(axis, copies)


def test_a_watch_goes_on_at_another_copy(axis: Axis, copies: tuple[Copy, Copy]) -> None:
    """Whichever copy a watch comes to, it goes on behind what was seen; nothing comes twice or is left out."""
    seen = [message.cursor for message in islice(axis.watch_notices(), 20)]
    assert seen == [str(number) for number in range(1, 21)]
    assert all(copy.calls for copy in copies)


def test_several_names_are_looked_up(copies: tuple[Copy, Copy]) -> None:
    """Hosts may be names; an unknown one is named."""
    with connect(Context(",".join(f"localhost:{copy.port}" for copy in copies))) as axis:
        until_both_answer(axis, copies)
    with pytest.raises(ContextError, match=r"host axis\.\.vn is not known"):
        target("localhost:1,axis..vn:2")


def test_one_name_is_left_to_grpc() -> None:
    """A name that stands for all copies is not looked up here: it is looked up again whenever a copy goes."""
    assert target("axis.invalid:7443") == ("axis.invalid:7443", "axis.invalid")
    assert target("[::1]:1, [::2]:2") == ("ipv6:[::1]:1,[::2]:2", "::1")


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:0", "host:70000", "host:1,", "host:x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """An address is host:port, or several with commas; else it is named with what it should be."""
    with pytest.raises(ContextError, match="is not host:port; copies of a service are separated by commas"):
        split(address)


def test_a_context_names_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command takes copies of all services or of one, writes a context that is read again, and refuses others."""
    monkeypatch.setenv("LIENTHONG_CONTEXTS", str(tmp_path))
    for name in ("root.crt", "a.crt", "a.key"):
        (tmp_path / name).touch()
    files = ["--authority", "root.crt", "--certificate", "a.crt", "--key", "a.key"]
    given = [str(tmp_path / one) if one.endswith((".crt", ".key")) else one for one in files]

    def add(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["add", "a", *arguments, *given])

    assert add("h1:1,h2:1", "--service", "routing=h3:2,h4:2").exit_code == 0
    context = load_context(tmp_path / "a.yaml")
    assert (context.address_of("intake"), context.address_of("routing")) == ("h1:1,h2:1", "h3:2,h4:2")
    for wrong in (("h1",), ("h1:1", "--service", "routes=h:1"), ("h1:1", "--service", "routing=h")):
        assert isinstance(add(*wrong).exception, ContextError)
    (tmp_path / "b.yaml").write_text(yaml.safe_dump({"address": ["h1:1", "h2:1"]}), "utf-8")
    assert load_context(tmp_path / "b.yaml").address == "h1:1,h2:1"
