"""Dead letters in the hands of an operator: redriven or given up, tried dry first, what waits behind them follows."""

import pytest

from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.engines.eventlog import INSTALLATION, Record
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import DIRECTORY, Event
from lienthong.chassis.events.held import bury
from lienthong.chassis.events.tables import audit
from lienthong.chassis.operations import OperationsApi
from lienthong.chassis.rpc.call import Call
from lienthong.common.v1 import operations_pb2 as pb

from .stage import TOPIC, Stage, event, headers_of

CALL = Call(Caller(System("op", "operator", Role.OPERATOR), person="trực ban"), "lienthong.common.v1.Operations/X")


@pytest.fixture
def api(stage: Stage) -> OperationsApi:
    """The operations of the service."""
    return OperationsApi({"service": stage.component()})


def dead(stage: Stage, one: Event) -> None:
    """Keeps an event as a dead letter."""
    with stage.units.begin() as work:
        bury(work, one, "ValueError: hỏng", 3)


def letter(api: OperationsApi) -> str:
    """The only dead letter."""
    (found,) = api.list_dead_letters(pb.ListDeadLettersRequest(service="service"), CALL).events
    assert (found.service, found.reason, found.attempts) == ("service", "ValueError: hỏng", 3)
    return found.event


def redrive(name: str, key: str = "r", *, dry_run: bool = False) -> pb.RedriveDeadLetterRequest:
    """Asks to handle a letter again."""
    return pb.RedriveDeadLetterRequest(service="service", event=name, dry_run=dry_run, request_id=key)


def test_redriving_releases_what_waits(stage: Stage, api: OperationsApi) -> None:
    """A redriven letter takes effect, and what is parked behind it follows; the answer repeats."""
    stage.apply(event("a", 3), event("a", 2))
    dead(stage, event("a", 1))
    request = redrive(letter(api))
    answer = api.redrive_dead_letter(request, CALL)
    assert (answer.handled, answer.released) == (True, 2)
    assert stage.seen == ["a-1", "a-2", "a-3"]
    assert (stage.dead(), stage.parked()) == ([], [])
    assert api.redrive_dead_letter(request, CALL) == answer
    assert [(row.action, row.person) for row in stage.rows(audit)] == [("dead-letter.redrive", "trực ban")]


def test_a_dry_run_changes_nothing(stage: Stage, api: OperationsApi) -> None:
    """A dry run tells what would happen: nothing takes effect, nothing is audited, the letter stays."""
    stage.apply(event("a", 2))
    dead(stage, event("a", 1))
    answer = api.redrive_dead_letter(redrive(letter(api), dry_run=True), CALL)
    assert (answer.handled, answer.released) == (True, 1)
    skip = pb.SkipDeadLetterRequest(service="service", event=letter(api), note="thử", dry_run=True, request_id="s")
    assert api.skip_dead_letter(skip, CALL).released == 1
    assert (stage.seen, stage.dead(), stage.parked()) == ([], [("a", 1)], [("a", 2)])
    assert stage.rows(audit) == []


def test_a_letter_that_fails_again(stage: Stage, api: OperationsApi) -> None:
    """A letter that fails again stays, and the answer says why, dry or not."""
    stage.poison["a-1"] = KeyError("vẫn hỏng")
    dead(stage, event("a", 1))
    for dry_run in (True, False):
        answer = api.redrive_dead_letter(redrive(letter(api), dry_run=dry_run), CALL)
        assert not answer.handled
        assert "vẫn hỏng" in answer.error
    assert stage.dead() == [("a", 1)]


def test_skipping_releases_what_waits(stage: Stage, api: OperationsApi) -> None:
    """A letter given up counts as seen: what is parked behind it follows, and the reason is audited."""
    stage.apply(event("a", 2), event("a", 3))
    dead(stage, event("a", 1))
    request = pb.SkipDeadLetterRequest(service="service", event=letter(api), note="bản trùng", request_id="s")
    assert api.skip_dead_letter(request, CALL).released == 2
    assert stage.seen == ["a-2", "a-3"]
    assert stage.dead() == []
    assert stage.rows(audit)[0].detail == "bản trùng"
    assert stage.apply(event("a", 1), event("a", 4)) == 1


@pytest.mark.parametrize("note", ["", " "])
def test_nothing_is_given_up_without_a_reason(stage: Stage, api: OperationsApi, note: str) -> None:
    """Whoever reads the audit trail later learns why; the letter stays."""
    dead(stage, event("a", 1))
    with pytest.raises(AxisError, match=r"note: .* Say why\.") as refused:
        api.skip_dead_letter(pb.SkipDeadLetterRequest(service="service", event=letter(api), note=note), CALL)
    assert (refused.value.code, refused.value.reason) == (Code.INVALID_ARGUMENT, "NOTE_MISSING")
    assert stage.dead() == [("a", 1)]


def test_a_letter_that_came_again_and_took_effect(stage: Stage, api: OperationsApi) -> None:
    """A letter whose event took effect meanwhile changes nothing more: positions never go back."""
    dead(stage, event("a", 1))
    stage.apply(*(event("a", number) for number in range(1, 5)))
    name = letter(api)
    dry = api.redrive_dead_letter(redrive(name, dry_run=True), CALL)
    assert (dry.handled, dry.released) == (True, 0)
    request = pb.SkipDeadLetterRequest(service="service", event=name, note="đã xong", request_id="s")
    assert api.skip_dead_letter(request, CALL).released == 0
    assert stage.apply(event("a", 5)) == 1
    assert stage.seen == ["a-1", "a-2", "a-3", "a-4", "a-5"]


def test_a_letter_of_the_directory(stage: Stage, api: OperationsApi) -> None:
    """Events of the directory are not counted; redriving one applies its state."""
    dead(stage, event("agency", 9, topic=DIRECTORY))
    answer = api.redrive_dead_letter(redrive(letter(api)), CALL)
    assert (answer.handled, answer.released) == (True, 0)
    assert stage.seen == ["agency-9"]


def test_a_letter_that_is_gone(stage: Stage, api: OperationsApi) -> None:
    """A letter that is gone, and a service that does not exist, are NOT_FOUND."""
    skip = pb.SkipDeadLetterRequest(service="service", event="không", note="x", request_id="s")
    for call in (
        lambda: api.redrive_dead_letter(redrive("không"), CALL),
        lambda: api.skip_dead_letter(skip, CALL),
        lambda: api.get_lag(pb.GetLagRequest(service="nonsense"), CALL),
    ):
        with pytest.raises(AxisError) as refused:
            call()
        assert refused.value.code is Code.NOT_FOUND
    assert stage.dead() == []


def test_lists_in_pages(stage: Stage, api: OperationsApi) -> None:
    """Parked events are listed oldest first, page by page."""
    for number in range(2, 7):
        stage.apply(event("a", number))
        stage.clock.advance(seconds=1)
    token, found = "", []
    while True:
        page = api.list_parked_events(
            pb.ListParkedEventsRequest(service="service", page_size=2, page_token=token), CALL
        )
        found += [one.sequence for one in page.events]
        token = page.next_page_token
        if not token:
            break
    assert found == [2, 3, 4, 5, 6]


def test_lag_and_outbox(stage: Stage, api: OperationsApi) -> None:
    """An operator sees how far the service is behind and what waits to be published."""
    stage.publish(event("a", 1))
    stage.clock.advance(seconds=7)
    stage.emit("one")
    lag = api.get_lag(pb.GetLagRequest(service="service"), CALL).partitions
    assert sorted((row.records, row.age.seconds) for row in lag) == [(0, 0), (1, 7)]
    assert api.get_outbox(pb.GetOutboxRequest(service="service"), CALL).waiting == 1


def test_republishing(stage: Stage, api: OperationsApi) -> None:
    """Kept rows are published again when asked; a dry run only counts."""
    stage.emit("one", "two")
    stage.relay().publish_once()
    request = pb.RepublishOutboxRequest(service="service", dry_run=True, request_id="r")
    assert api.republish_outbox(request, CALL).events == 2
    assert stage.relay().publish_once() == 0
    request.dry_run = False
    assert api.republish_outbox(request, CALL).events == 2
    assert stage.relay().publish_once() == 2


def test_what_was_given_up_comes_again(stage: Stage, api: OperationsApi) -> None:
    """A consumer that goes back in the log meets it once more: it is dropped, not kept for the operator again."""
    consumer, record = stage.consumer(), Record(TOPIC, 0, 7, b"", b"raw", {}, 0)
    assert consumer.handle([record])
    (found,) = api.list_dead_letters(pb.ListDeadLettersRequest(service="service"), CALL).events
    request = pb.SkipDeadLetterRequest(service="service", event=found.event, note="không đọc được", request_id="s")
    api.skip_dead_letter(request, CALL)
    assert consumer.handle([record])
    assert stage.dead() == []


def test_what_another_installation_wrote(stage: Stage, api: OperationsApi) -> None:
    """It takes no effect, not even when it is redriven, and holds back nothing of ours; an operator gives it up."""
    consumer, one = stage.consumer(), event("a", 1)
    theirs = Record(TOPIC, 0, 7, b"a", event("a", 1, "theirs").value, headers_of(one) | {INSTALLATION: "0123"}, 0)
    assert consumer.handle([theirs, Record(TOPIC, 0, 8, b"a", one.value, headers_of(one), 0)])
    assert stage.seen == ["a-1"]
    (found,) = api.list_dead_letters(pb.ListDeadLettersRequest(service="service"), CALL).events
    assert "another installation, whose authority is 0123, publishes to our topics" in found.reason
    answer = api.redrive_dead_letter(redrive(found.event), CALL)
    assert not answer.handled
    assert "nobody can handle it: skip it" in answer.error
    request = pb.SkipDeadLetterRequest(service="service", event=found.event, note="của nơi khác", request_id="s")
    api.skip_dead_letter(request, CALL)
    assert (stage.seen, stage.dead()) == (["a-1"], [])
