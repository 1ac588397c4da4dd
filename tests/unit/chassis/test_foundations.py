"""Errors, configuration, policy, hints, joined work, times: what everything else stands on."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2
from google.type.date_pb2 import Date
from grpc_health.v1 import health_pb2
from hypothesis import given
from hypothesis import strategies as st

from lienthong.chassis import times
from lienthong.chassis.auth import policy as policies
from lienthong.chassis.auth.caller import Authenticator, Caller
from lienthong.chassis.config import ConfigError, load
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.errors import AxisError, Code, Violation, exhausted, invalid, not_found, unavailable
from lienthong.chassis.joining import InFlight
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.admission import Admission
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.rpc.server import ServerBuilder, ServerLimits, snake_case
from lienthong.chassis.rpc.status import from_status, to_status
from lienthong.client.errors import (
    AxisUnavailableError,
    InvalidRequestError,
    LimitReachedError,
    NotFoundError,
    from_axis_error,
)
from lienthong.common.v1 import operations_pb2
from lienthong.settings import Settings

from .stage import Stage

TEXT = st.text(max_size=30)
VIOLATIONS = st.builds(Violation, st.text(min_size=1, max_size=20), st.just("FIELD_INVALID"), TEXT)


@given(st.sampled_from(Code), TEXT, st.dictionaries(st.text(min_size=1, max_size=8), TEXT, max_size=3))
def test_errors_round_trip(code: Code, message: str, metadata: dict[str, str]) -> None:
    """An error is the same after its trip over the wire: code, reason, words, facts, time to try again."""
    error = AxisError(code, "STORAGE_FULL", message, metadata, retry_after=timedelta(milliseconds=250))
    back = from_status(status_pb2.Status.FromString(to_status(error).SerializeToString()))
    assert (back.code, back.reason, back.message) == (code, "STORAGE_FULL", message)
    assert dict(back.metadata) == metadata
    assert back.retry_after == error.retry_after


CLIENT_HEADERS = 8192
"""Bytes of headers that a client in Java takes when it is not told otherwise."""

HEADERS_BESIDE = 400
"""Bytes of what else stands in an answer: its names, its codes, its encodings."""


def headers_of(status: status_pb2.Status) -> int:
    """Bytes of the headers that carry an error, counted as clients count them."""
    sentence = " ".join(status.message.split()).encode()
    plain = sum(0x20 <= byte < 0x7F and byte != ord("%") for byte in sentence)
    details = -(-len(status.SerializeToString()) // 3) * 4
    return plain + 3 * (len(sentence) - plain) + details + HEADERS_BESIDE


@given(st.lists(VIOLATIONS, min_size=1, max_size=150))
def test_errors_stay_small(violations: list[Violation]) -> None:
    """However many problems there are, the details fit into a call's metadata, and their number stands in it."""
    status = to_status(invalid("DOCUMENT_INVALID", "x", *violations))
    back = from_status(status)
    assert headers_of(status) <= CLIENT_HEADERS
    assert back.metadata["violations"] == str(len(violations))
    assert [one.field for one in back.violations] == [one.field for one in violations][: len(back.violations)]


@pytest.mark.parametrize("text", ["Trích yếu ", "ế", "100 %", "a"])
def test_errors_in_any_letters_stay_small(text: str) -> None:
    """Letters that take nine bytes on the way, in the sentence, in facts and in violations, break no client's bound."""
    violations = [Violation(f"To[{place}]", "X", text * 500, text * 100) for place in range(100)]
    error = invalid("X", text * 2000, *violations, found=text * 500, nearest=text * 500, differs=text * 500)
    back = from_status(status := to_status(error))
    assert headers_of(status) <= CLIENT_HEADERS
    assert back.violations[0].field == "To[0]"
    assert back.message.endswith("…")
    assert error.message.startswith(back.message.removesuffix("…"))


LINE = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=40)


@given(LINE, LINE, st.one_of(st.just(""), LINE), st.integers(1, 10**6), st.integers(0, 10**6))
def test_rule_and_remedy_arrive_apart(field: str, rule: str, remedy: str, column: int, line: int) -> None:
    """A client reads where, which rule and what to do, each by itself, as they were said."""
    sent = Violation(field, "FIELD_INVALID", rule, remedy, line=line, column=column if line else 0)
    (back,) = from_status(to_status(invalid("X", "x", sent))).violations
    assert back == replace(sent, rule=rule)
    assert back.text() == sent.text()


def test_a_long_message_stays_small() -> None:
    """One endless text does not break the call either."""
    violation = Violation("To", "X", "dài " * 5000)
    status = to_status(invalid("X", violation.text(), violation, found="y" * 20_000))
    assert headers_of(status) <= CLIENT_HEADERS


def test_the_kinds_of_errors() -> None:
    """Clients get an exception of the right kind."""
    assert isinstance(from_axis_error(not_found("documents/1")), NotFoundError)
    assert isinstance(from_axis_error(invalid("X", "x")), InvalidRequestError)
    for error in (unavailable("X", "x", timedelta(seconds=1)), exhausted("X", "x", timedelta(seconds=1))):
        assert isinstance(from_axis_error(error), AxisUnavailableError)
    assert isinstance(from_axis_error(exhausted("X", "x")), LimitReachedError)
    assert from_status(status_pb2.Status(code=99, message="?")).code is Code.INTERNAL


def test_all_problems_of_a_configuration(tmp_path: Path) -> None:
    """Unknown keys and bad values of the file, the environment and the command line are told together."""
    file = tmp_path / "config.yaml"
    file.write_text("colour: red\nserver: {threads: 0}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {"LIENTHONG_ROUTING__CHUNK": "0", "OTHER": "x"}, {"intake": {"recipients": -1}})
    places = {problem.partition(":")[0] for problem in refused.value.problems}
    assert places == {"colour", "server.threads", "routing.chunk", "intake.recipients"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "is not YAML", id="no UTF-8"),
        pytest.param(b"[" * 5000, "is not YAML", id="too deep"),
        pytest.param(b"data_dir: 2026-13-45", "is not YAML", id="a day that does not exist"),
        pytest.param(b"log: {level: INFO}\nlog: {form: text}\n", "log is given twice", id="a section twice"),
        pytest.param(b"log: {level: INFO, level: DEBUG}", "level is given twice", id="a key twice"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    """What stands in the file is told as a problem of the file, and nothing of it is lost in silence."""
    file = tmp_path / "lienthong.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {}, {})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{file}: ")
    assert said in problem


def test_a_merged_section(tmp_path: Path) -> None:
    """A key beside `<<` weighs more than the merged one, as YAML has it; that is no key given twice."""
    file = tmp_path / "lienthong.yaml"
    file.write_text("retention: &r {outbox_days: 3}\nretention2: &s {<<: *r, outbox_days: 4}\nlog: {<<: *s}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {}, {})
    assert not any("twice" in problem for problem in refused.value.problems)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Credentials in an address, and the value of a variable that cannot be read, stay out of what is printed."""
    file = tmp_path / "lienthong.yaml"
    file.write_text("engines: {objects: {url: s3://bucket, endpoint: 'http://me:hush@store.example:9000'}}", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {"LIENTHONG_ENGINES__KAFKA__PASSWORD": "hush: ["}, {})
    assert len(refused.value.problems) == 2
    assert "hush" not in str(refused.value)


def test_what_weighs_most(tmp_path: Path) -> None:
    """Defaults, file, environment, command line: each weighs more than the one before."""
    file = tmp_path / "config.yaml"
    file.write_text("server: {threads: 2, queue: 2, drain_seconds: 2}\n", "utf-8")
    found: Settings = load(
        Settings, file, {"LIENTHONG_SERVER__THREADS": "3", "LIENTHONG_SERVER__QUEUE": "3"}, {"server": {"queue": 4}}
    )
    assert (found.server.drain_seconds, found.server.threads, found.server.queue) == (2, 3, 4)
    assert found.server.transfer_threads == Settings().server.transfer_threads


@pytest.mark.parametrize(
    "server",
    [
        {"listen": "0.0.0.0:1", "insecure": True},
        {"listen": "[::]:1", "insecure": True},
        {"listen": "truc.gov.vn:1", "insecure": True},
        {"listen": "nonsense"},
        {"listen": ""},
        {"listen": "127.0.0.1:65536"},
        {"metrics": "127.0.0.1"},
    ],
)
def test_doors_that_are_refused(server: dict[str, object]) -> None:
    """An address has a port that exists; without TLS only loopback is served."""
    with pytest.raises(ConfigError, match="server"):
        load(Settings, None, {}, {"server": server})


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:1", "[::1]:1"])
def test_no_tls_on_loopback(listen: str) -> None:
    """Without TLS loopback may be served when it is written so."""
    found: Settings = load(Settings, None, {}, {"server": {"listen": listen, "insecure": True}})
    assert found.server.insecure


@pytest.mark.parametrize(
    "row", [{}, {"roles": []}, {"roles": "agency"}, {"roles": ["agency"], "resourse": "own"}, {"roles": ["king"]}]
)
def test_malformed_rows_of_the_policy(row: dict[str, object]) -> None:
    """A row that is malformed is refused, never taken for open doors."""
    with pytest.raises((ValueError, KeyError)):
        policies._row("x.Y/Z", row)


def test_who_may_pass() -> None:
    """Only the roles of the row pass."""
    row = policies._row("x.Y/Z", {"roles": ["operator"], "resource": "platform"})
    policies.authorise(row, Caller(System("o", "trực ban", Role.OPERATOR)))
    for role in (Role.AGENCY_SYSTEM, Role.SERVICE):
        with pytest.raises(AxisError) as refused:
            policies.authorise(row, Caller(System("s", "DMS", role)))
        assert (refused.value.code, refused.value.reason) == (Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED")


def test_the_builder_refuses_bad_wiring(stage: Stage) -> None:
    """A server is not built with an rpc without a row, a missing method, or a service twice."""
    builder = ServerBuilder(Hub(), Metrics(), ServerLimits())
    admission = Admission(Authenticator(DirectoryCache(stage.database), stage.clock))
    service = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    complete = type("Api", (), {snake_case(method.name): None for method in service.methods})
    with pytest.raises(ValueError, match="does not implement"):
        builder.add(service, object(), admission)
    for name in vars(complete).copy():
        if name.islower() and not name.startswith("_"):
            setattr(complete, name, lambda *_: None)
    builder.add(service, complete(), admission)
    with pytest.raises(ValueError, match="served twice"):
        builder.add(service, complete(), admission)
    without_rows: Any = health_pb2.DESCRIPTOR.services_by_name["Health"]
    with pytest.raises(ValueError, match="no row in the policy table"):
        builder.add(without_rows, complete(), admission)


def test_hints_wake_who_watches() -> None:
    """A hint wakes every stream of its key and no other; nothing is kept of streams that left."""

    async def run() -> None:
        hub = Hub()
        hub.publish("before there is a loop")
        hub.bind(asyncio.get_running_loop())
        mine, also, other = hub.watch("a"), hub.watch("a"), hub.watch("b")
        await asyncio.to_thread(hub.publish, "a")
        await asyncio.wait_for(mine.wait(), 5.0)
        await asyncio.wait_for(also.wait(), 5.0)
        assert not other.is_set()
        for key, event in (("a", mine), ("a", also), ("b", other)):
            hub.leave(key, event)
        assert not hub._waiting

    asyncio.run(run())


def test_hints_go_to_other_copies_too() -> None:
    """What is published goes on to the bus; what comes from it, or concerns everything, stays here."""

    async def run() -> None:
        hub, sent = Hub(), Sent()
        hub.bus = sent
        hub.bind(asyncio.get_running_loop())
        mine, other = hub.watch("a"), hub.watch("b")
        hub.publish("a")
        hub.wake("a")
        await asyncio.wait_for(mine.wait(), 5.0)
        assert not other.is_set()
        hub.wake_all()
        await asyncio.wait_for(other.wait(), 5.0)
        assert sent.keys == ["a"]

    asyncio.run(run())


class Sent:
    """A bus that keeps what was sent."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, key: str) -> None:
        """Keeps a key."""
        self.keys.append(key)


def test_a_repeat_joins_what_runs() -> None:
    """Callers under one key share one run and its outcome; afterwards the key is free."""
    work, entered, go_on = InFlight(), threading.Event(), threading.Event()
    runs: list[int] = []

    def slow() -> str:
        runs.append(1)
        entered.set()
        go_on.wait(10.0)
        return "xong"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(work.join("k", slow))) for _ in range(3)]
    threads[0].start()
    entered.wait(10.0)
    for thread in threads[1:]:
        thread.start()
    assert work.join("other", lambda: "khác") == "khác"
    go_on.set()
    for thread in threads:
        thread.join(10.0)
    assert found == ["xong"] * 3
    before = len(runs)
    assert work.join("k", slow) == "xong"
    assert len(runs) == before + 1


def test_a_repeat_does_not_hold_a_thread_for_long() -> None:
    """Who repeats what takes long is told to come again, as often as it likes: others keep their threads."""
    work, entered, go_on = InFlight(patience_seconds=0.05), threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        go_on.wait(10.0)
        return "xong"

    found: list[str] = []
    first = threading.Thread(target=lambda: found.append(work.join("k", slow)))
    first.start()
    entered.wait(10.0)
    for _ in range(3):
        with pytest.raises(AxisError) as refused:
            work.join("k", slow)
        assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "REQUEST_RUNNING")
        assert refused.value.retry_after is not None
    go_on.set()
    first.join(10.0)
    assert found == ["xong"]
    assert work.join("k", lambda: "anew") == "anew"


def test_a_failure_is_shared_and_forgotten() -> None:
    """A failed run fails for whoever joined; the next one begins anew."""
    work = InFlight()
    with pytest.raises(ZeroDivisionError):
        work.join("k", lambda: 1 // 0)
    assert work.join("k", lambda: 1) == 1


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds


@given(MOMENTS)
def test_times_round_trip(moment: datetime) -> None:
    """Times are exact to the microsecond through every form."""
    micros = times.to_micros(moment)
    assert times.from_micros(micros) == moment
    message = times.to_timestamp(moment)
    assert isinstance(message, Timestamp)
    assert times.from_timestamp(message) == moment
    assert times.timestamp_micros(message) == micros
    assert times.to_timestamp(micros) == message


@given(st.timedeltas(timedelta(0), timedelta(days=10_000)))
def test_lengths_round_trip(length: timedelta) -> None:
    """Lengths of time are exact to the microsecond."""
    assert times.from_duration(times.to_duration(length)) == length


@given(st.dates())
def test_days_round_trip(day: date) -> None:
    """Days are days, without any zone."""
    message = times.to_date(day)
    assert message is not None
    assert times.from_date(message) == day


def test_days_that_are_none() -> None:
    """An absent day stays absent; one that does not exist is refused."""
    assert times.to_date(None) is None
    assert times.to_timestamp(None) is None
    assert times.from_date(Date()) is None
    with pytest.raises(ValueError, match="day"):
        times.from_date(Date(year=2026, month=2, day=30))
