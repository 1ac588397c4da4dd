"""Short names stand for what was shown on this machine lately."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from lienthong.chassis.times import to_timestamp
from lienthong.cli import names
from lienthong.cli.typed import day_of, deadline, stamp, time_of
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

ONE = "01a219b5-d093-7104-9660-c63393ee8629"
TWIN = "01a219b5-ffff-7104-9660-c63393ee8629"
OTHER = "01a219b5-d093-7104-9660-c63393ee0000"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of a user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "lienthong" / "names"


def test_what_was_shown_is_found_by_its_end() -> None:
    """The end that a list prints, the bare identifier and the whole name all mean the same."""
    names.remember([pb.Task(name=f"tasks/{ONE}", delivery=f"deliveries/{OTHER}")])
    read = names.whole("tasks")
    assert {read("93ee8629"), read(ONE), read(f"tasks/{ONE}"), read("tasks/93ee8629")} == {f"tasks/{ONE}"}
    assert names.whole("deliveries")("93ee0000") == f"deliveries/{OTHER}"
    assert names.shorten_name(f"tasks/{ONE}") == "93ee8629"


def test_a_name_of_a_message_within_is_found_too() -> None:
    """A case shows the delivery of its recipient: that is what the next command takes."""
    names.remember([pb.Case(progress=pb.RecipientProgress(delivery=f"deliveries/{ONE}"))])
    assert names.find("93ee8629", "deliveries") == f"deliveries/{ONE}"
    assert names.find("93ee8629", "documents") is None


def test_a_bare_identifier_that_was_not_shown_may_be_something_else() -> None:
    """A UUID is a form of a DocumentId too: it is a delivery when one of that name was shown, or when it says so."""
    assert names.find_shown(ONE, "deliveries") is None
    assert names.find_shown(f"deliveries/{ONE}", "deliveries") == f"deliveries/{ONE}"
    assert names.find_shown("công-văn", "deliveries") is None
    names.remember([pb.Task(name=f"tasks/{OTHER}", delivery=f"deliveries/{ONE}")])
    assert {names.find_shown(text, "deliveries") for text in (ONE, "93ee8629")} == {f"deliveries/{ONE}"}
    assert names.find_shown(OTHER, "deliveries") is None


def test_what_was_not_shown_is_said_so() -> None:
    """A short name that is not known is a wrong usage with its remedy; what looks like none goes to the axis."""
    with pytest.raises(typer.BadParameter, match="list again, or give the whole name"):
        names.whole("tasks")("93ee8629")
    assert names.whole("tasks")("công-văn") == "tasks/công-văn"
    assert names.whole(names.EVENTS)("e-1") == "e-1"


def test_two_with_the_same_end_are_told_apart() -> None:
    """Nothing is guessed: both are named."""
    names.remember([pb.Task(name=f"tasks/{ONE}"), pb.Task(name=f"tasks/{TWIN}")])
    with pytest.raises(typer.BadParameter, match="give more of it") as caught:
        names.whole("tasks")("93ee8629")
    assert ONE in str(caught.value)
    assert TWIN in str(caught.value)


def test_the_lease_of_the_last_pull_is_known() -> None:
    """An item that was pulled again has another lease; the latest counts."""
    name = f"items/{ONE}"
    for lease in ("first", "second", ""):
        names.remember([mailbox_pb2.Item(name=name, lease=lease)])
    assert names.lease_of(name) == "second"
    assert names.lease_of(f"items/{OTHER}") == ""


def test_the_cache_is_bounded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the latest names, each once."""
    monkeypatch.setattr(names, "KEPT", 3)
    for number in (1, 2, 3, 4, 4, 2):
        names.remember([pb.Task(name=f"tasks/{ONE[:-1]}{number}")])
    assert cache.read_text("utf-8").split() == [f"tasks/{ONE[:-1]}{number}" for number in (3, 4, 2)]


def test_without_a_cache_nothing_breaks(cache: Path) -> None:
    """A user whose cache cannot be written uses whole names."""
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("in the way", "utf-8")
    names.remember([pb.Task(name=f"tasks/{ONE}")])
    assert names.whole("tasks")(f"tasks/{ONE}") == f"tasks/{ONE}"


@pytest.mark.parametrize("text", ["2027-02-13", "13/02/2027"])
def test_days_are_read_as_people_write_them(text: str) -> None:
    """ISO, and the way of Viet Nam."""
    assert day_of(text).isoformat() == "2027-02-13"


@pytest.mark.parametrize("text", ["2027-02-30", "02/13/2027", "mai", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    """Wrong usage, with the two ways to write a day; no traceback."""
    with pytest.raises(typer.BadParameter, match="write 2027-02-13 or 13/02/2027"):
        day_of(text)


@pytest.mark.parametrize(
    "text", ["2027-02-13T09:00", "2027-02-13 09:00:00", "2027-02-13T02:00:00Z", "13/02/2027 09:00"]
)
def test_times_are_read_as_people_write_them(text: str) -> None:
    """ISO with a zone or without, and the way of Viet Nam; a day is its beginning; what is none says how."""
    assert stamp(time_of(text)) == to_timestamp(datetime(2027, 2, 13, 2, tzinfo=UTC))
    assert stamp(time_of("13/02/2027")) == stamp(time_of("2027-02-13"))
    for wrong in ("mai", "02/13/2027", ""):
        with pytest.raises(typer.BadParameter, match="write 2027-02-13, 2027-02-13T08:30 or 13/02/2027 08:30"):
            time_of(wrong)


def test_times_are_of_viet_nam_and_days_end_late() -> None:
    """Wherever the machine stands: nine o'clock is nine in Viet Nam, and a deadline without a time is a whole day."""
    nine, day = datetime(2027, 2, 13, 9), datetime(2027, 2, 13)  # noqa: DTZ001 -- as typer gives what was typed
    assert stamp(nine) == to_timestamp(datetime(2027, 2, 13, 2, tzinfo=UTC))
    assert deadline(nine) == stamp(nine)
    assert deadline(day) == to_timestamp(datetime(2027, 2, 13, 16, 59, 59, tzinfo=UTC))
    assert stamp(None) is None
