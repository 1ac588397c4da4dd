"""What the client repeats, what it does not, and what a caller reads; against a real server on loopback."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest

from google.bytestream import bytestream_pb2
from lienthong.chassis.errors import AxisError, Code, exhausted, invalid, unavailable
from lienthong.chassis.rpc.status import DETAILS_KEY, to_status
from lienthong.chassis.rpc.transport import MESSAGE_BYTES_AT_MOST as SERVER_BYTES_AT_MOST
from lienthong.client import AxisUnavailableError, InvalidRequestError, LimitReachedError, connect, stubs
from lienthong.client.context import Context
from lienthong.client.errors import MESSAGE_BYTES_AT_MOST
from lienthong.client.transfers import Transfers
from lienthong.intake.v1 import intake_pb2
from lienthong.workflow.v1 import workflow_pb2

pytestmark = pytest.mark.servers

Handler = Callable[[bytes, grpc.ServicerContext], bytes]


@contextmanager
def serving(handler: Handler, **options: int) -> Iterator[str]:
    """A server that handles every unary call in one way; gives its address."""

    class Everything(grpc.GenericRpcHandler):
        def service(self, _details: grpc.HandlerCallDetails) -> Any:
            return grpc.unary_unary_rpc_method_handler(handler)

    server = grpc.server(ThreadPoolExecutor(4), [Everything()], options=[(f"grpc.{k}", v) for k, v in options.items()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


class Scripted:
    """Refuses with some errors in turn, then answers; counts the calls."""

    def __init__(self, *errors: AxisError) -> None:
        self.calls = 0
        self.scripted(*errors)

    def scripted(self, *errors: AxisError) -> None:
        """Refuses with these next."""
        self._errors = list(errors)

    def __call__(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """Handles one call."""
        self.calls += 1
        if not self._errors:
            return b""
        error = self._errors.pop(0)
        context.set_trailing_metadata(((DETAILS_KEY, to_status(error).SerializeToString()),))
        code = next(one for one in grpc.StatusCode if one.value[0] == error.code.value)
        context.abort(code, error.message)
        raise AssertionError("unreachable: abort raises")


AWAY = unavailable("DATABASE_AWAY", "The database does not answer.", retry_after=None)  # type: ignore[arg-type] # none named
KEYED = workflow_pb2.ReportStatusesRequest(request_id="one")
KEYLESS = workflow_pb2.ReportStatusesRequest()


def test_both_sides_agree_on_the_length_of_a_message() -> None:
    """What the client lets pass the server takes."""
    assert MESSAGE_BYTES_AT_MOST == SERVER_BYTES_AT_MOST


def test_a_request_that_is_too_long_is_not_even_sent() -> None:
    """It is refused at once with what to do, and never looks like a busy server."""
    handler = Scripted()
    with serving(handler) as address, connect(Context(address)) as axis:
        request = intake_pb2.SubmitEdxmlRequest(content=b"x" * MESSAGE_BYTES_AT_MOST, request_id="one")
        with pytest.raises(InvalidRequestError) as caught:
            axis.intake.SubmitEdxml(request)
    assert (caught.value.reason, handler.calls) == ("MESSAGE_TOO_LARGE", 0)
    assert "upload" in caught.value.violations[0].remedy


def test_a_server_that_takes_less_is_not_asked_again() -> None:
    """A refusal of gRPC itself carries the code of a busy server; it would be the same each time."""
    handler = Scripted()
    with (
        serving(handler, max_receive_message_length=1000) as address,
        connect(Context(address)) as axis,
        pytest.raises(InvalidRequestError) as caught,
    ):
        axis.intake.SubmitEdxml(intake_pb2.SubmitEdxmlRequest(content=b"x" * 2000, request_id="one"))
    assert (caught.value.reason, handler.calls) == ("MESSAGE_TOO_LARGE", 0)


def test_an_answer_that_is_too_long_is_not_asked_for_again() -> None:
    """The same holds for answers: the caller is told to ask for less."""
    calls: list[int] = []

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        calls.append(1)
        return b"x" * (MESSAGE_BYTES_AT_MOST + 1)

    with (
        serving(answer, max_send_message_length=-1) as address,
        connect(Context(address)) as axis,
        pytest.raises(InvalidRequestError, match="fewer or shorter"),
    ):
        axis.workflow.ListCases(workflow_pb2.ListCasesRequest())
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("request_", "errors", "calls", "raises"),
    [
        (KEYED, [AWAY, AWAY], 3, None),
        (KEYED, [AWAY] * 9, 5, AxisUnavailableError),
        (KEYLESS, [AWAY], 1, AxisUnavailableError),
        (KEYED, [invalid("X", "x")], 1, InvalidRequestError),
        (KEYED, [exhausted("UNMATCHED_FULL", "full")], 1, LimitReachedError),
    ],
    ids=["away for a moment", "away", "no key", "refused", "limit"],
)
def test_only_what_is_safe_and_may_help_is_repeated(
    request_: Any, errors: list[AxisError], calls: int, raises: type[Exception] | None
) -> None:
    """A change without a request_id is made once; a refusal is no reason to ask again; five attempts at most."""
    handler = Scripted(*errors)
    with serving(handler) as address, connect(Context(address)) as axis:
        if raises is None:
            axis.workflow.ReportStatuses(request_)
        else:
            with pytest.raises(raises):
                axis.workflow.ReportStatuses(request_)
    assert handler.calls == calls


@pytest.mark.parametrize("reason", ["SYSTEM_NOT_KNOWN_YET", "REQUEST_RUNNING"])
def test_what_comes_soon_is_waited_for(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """What comes soon is waited for within the deadline: word of a new system, the answer to a request that runs."""
    monkeypatch.setattr(stubs, "_LONGEST_DELAY", 0.1)
    on_its_way = replace(AWAY, reason=reason)
    handler = Scripted(*[on_its_way] * 9)
    with serving(handler) as address, connect(Context(address)) as axis:
        axis.workflow.ReportStatuses(KEYED)
        assert handler.calls == 10
        handler.scripted(*[on_its_way] * 99)
        with pytest.raises(AxisUnavailableError, match="does not answer"):
            axis.workflow.ReportStatuses(KEYED, timeout=0.5)


def test_what_was_told_is_not_lost_with_the_deadline() -> None:
    """When the deadline cuts off the last attempt, the caller reads why the one before failed."""
    over = threading.Event()
    handler = Scripted(AWAY)

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        if handler.calls:
            over.wait(30)
        return handler(request, context)

    with serving(answer) as address, connect(Context(address)) as axis:
        with pytest.raises(AxisUnavailableError) as caught:
            axis.workflow.ReportStatuses(KEYED, timeout=2)
        over.set()
    assert caught.value.reason == AWAY.reason


def test_a_silent_server_costs_the_deadline() -> None:
    """Every call ends, whatever the other side does."""
    over = threading.Event()

    def silent(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        over.wait(30)
        return b""

    with serving(silent) as address, connect(Context(address)) as axis:
        began = time.monotonic()
        with pytest.raises(AxisUnavailableError, match=r"within \d\.\d s"):
            axis.workflow.ListCases(workflow_pb2.ListCasesRequest(), timeout=0.3)
        assert time.monotonic() - began < 5
        over.set()


class _BrokenFile(io.BytesIO):
    def read(self, _size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize(
    ("source", "words"), [(_BrokenFile(b"x" * 100), "Input/output"), (io.BytesIO(b"x" * 40), "ended after 40 of 100")]
)
def test_a_file_that_cannot_be_read_is_no_failure_of_the_axis(source: io.BytesIO, words: str) -> None:
    """The caller reads what is wrong with the file; nothing is repeated."""

    class Uploads(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> Any:
            if details.method.endswith("QueryWriteStatus"):
                return grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")
            return grpc.stream_unary_rpc_method_handler(self.take)

        def take(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            if not any(bytestream_pb2.WriteRequest.FromString(one).finish_write for one in requests):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not finished")
            return b""

    server = grpc.server(ThreadPoolExecutor(2), [Uploads()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(OSError, match=words):
        Transfers(channel, ()).upload("uploads/1", source, 100)
    server.stop(None).wait()


def test_every_code_has_a_kind() -> None:
    """No code of the axis falls through to the base class but those of our own defects."""
    from lienthong.client.errors import AxisCallError, from_axis_error

    plain = {code for code in Code if type(from_axis_error(AxisError(code, "X", "x"))) is AxisCallError}
    assert plain == {Code.UNIMPLEMENTED, Code.INTERNAL}
