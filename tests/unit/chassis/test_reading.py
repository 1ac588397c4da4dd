"""What callers write: filters, page tokens, keys of requests. Whatever comes is read or refused, never a crash."""

import base64
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st

from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.filtering import CONDITIONS_AT_MOST, Condition, Kind, parse_filter
from lienthong.chassis.idempotency import check_key, once
from lienthong.chassis.paging import DEFAULT_SIZE, SIZE_AT_MOST, page_of
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitOfWork
from lienthong.routing.v1 import directory_pb2

from .stage import Stage

FIELDS = {
    "number": Kind.NUMBER,
    "state": Kind.TEXT,
    "subject": Kind.WORDS,
    "day": Kind.DATE,
    "open": Kind.FLAG,
}
CALL = Call(Caller(System("s", "DMS", Role.AGENCY_SYSTEM)), "lienthong.intake.v1.Intake/ListDocuments")
WORDS = st.sampled_from(
    [
        "number",
        "state",
        "subject",
        "day",
        "open",
        "=",
        "!=",
        "<=",
        ":",
        '"x"',
        "1",
        "-2.5",
        "true",
        "AND",
        '"',
        "\\",
        "(",
    ]
)


@given(st.text(max_size=80) | st.lists(WORDS, max_size=12).map(" ".join))
def test_no_filter_crashes(text: str) -> None:
    """Every text is a filter or INVALID_ARGUMENT with a position inside it."""
    refused: AxisError | None = None
    try:
        found = parse_filter(text, FIELDS)
    except AxisError as error:
        refused, found = error, ()
    assert all(condition.field in FIELDS for condition in found)
    if refused is not None:
        assert (refused.code, refused.reason) == (Code.INVALID_ARGUMENT, "FILTER_INVALID")
        assert 0 <= int(refused.metadata["position"]) <= len(text) + 1


@given(st.text(max_size=30))
def test_any_text_can_be_quoted(text: str) -> None:
    """A value in quotes, with quotes and backslashes escaped, is read back as it was."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    with suppress(AxisError):
        assert parse_filter(f'state = "{quoted}"', FIELDS) == (Condition("state", "=", text),)


def test_conditions_are_joined() -> None:
    """Conditions are joined by AND, in any case; values have the type of their field."""
    found = parse_filter('number >= 2 and state = "DONE" AND open = true AND subject : "liên thông"', FIELDS)
    assert found == (
        Condition("number", ">=", 2),
        Condition("state", "=", "DONE"),
        Condition("open", "=", True),
        Condition("subject", ":", "liên thông"),
    )
    assert parse_filter("  ", FIELDS) == ()


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("other = 1", 1),
        ("number = 1 OR number = 2", 12),
        ("number : 1", 8),
        ('number = "1"', 10),
        ("open = maybe", 8),
        ("number = 1 AND", 12),
        ("number = ?", 10),
    ],
)
def test_the_position_of_the_problem(text: str, position: int) -> None:
    """A refusal says where the problem is, from 1."""
    with pytest.raises(AxisError) as refused:
        parse_filter(text, FIELDS)
    assert refused.value.metadata["position"] == str(position)


def test_filters_are_bounded() -> None:
    """Length and number of conditions are bounded."""
    many = " AND ".join(["number = 1"] * (CONDITIONS_AT_MOST + 1))
    for text in (many, "x" * 2000):
        with pytest.raises(AxisError, match="at most"):
            parse_filter(text, FIELDS)


def test_pages_follow_on() -> None:
    """A token leads to the row after which the next page begins."""
    page = page_of(CALL, 0, "", "x", columns=(int, str))
    assert (page.size, page.after) == (DEFAULT_SIZE, None)
    assert page.next_token(None) == ""
    token = page.next_token((17, "công văn"))
    assert page_of(CALL, 10_000, token, "x", columns=(int, str)).after == (17, "công văn")
    assert page_of(CALL, 10_000, token, "x", columns=(int, str)).size == SIZE_AT_MOST


def test_tokens_belong_to_one_list() -> None:
    """A token of another filter, method, caller or shape is refused."""
    token = page_of(CALL, 0, "", "x").next_token((1,))
    other = Call(Caller(System("other", "DMS", Role.OPERATOR)), CALL.method)
    for call, condition, columns in (
        (CALL, "y", (int,)),
        (replace(CALL, method="x.Y/Z"), "x", (int,)),
        (other, "x", (int,)),
        (CALL, "x", (int, str)),
        (CALL, "x", (str,)),
    ):
        with pytest.raises(AxisError) as refused:
            page_of(call, 0, token, condition, columns=columns)
        assert refused.value.reason == "PAGE_TOKEN_INVALID"


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_no_token_crashes(text: str) -> None:
    """Every text is a token or INVALID_ARGUMENT."""
    with suppress(AxisError):
        page_of(CALL, 0, text)


@pytest.mark.parametrize("value", [1, "x", {}, [], [[]], [1], None, True])
def test_tokens_of_another_shape(value: object) -> None:
    """JSON of any other shape is no token."""
    token = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    with pytest.raises(AxisError) as refused:
        page_of(CALL, 0, token)
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_keys(key: str) -> None:
    """A key has 1 to 128 characters."""
    with pytest.raises(AxisError) as refused:
        check_key(key)
    assert refused.value.reason == "REQUEST_ID_INVALID"
    check_key("k" * 128)


def test_once(stage: Stage) -> None:
    """A mutation happens once for its key: the first answer repeats, other content is refused."""
    done: list[str] = []

    def act(_work: UnitOfWork) -> StringValue:
        done.append("x")
        return StringValue(value=f"answer {len(done)}")

    def fail(_work: UnitOfWork) -> StringValue:
        raise KeyError

    request = directory_pb2.GrantAgencyRequest(name="systems/1", request_id="key")
    with pytest.raises(KeyError):
        once(stage.units, CALL, request, StringValue, fail)
    first = once(stage.units, CALL, request, StringValue, act)
    assert once(stage.units, CALL, request, StringValue, fail) == first
    assert done == ["x"]
    other = directory_pb2.GrantAgencyRequest(name="systems/2", request_id="key")
    with pytest.raises(AxisError) as refused:
        once(stage.units, CALL, other, StringValue, act)
    assert (refused.value.code, refused.value.reason) == (Code.ALREADY_EXISTS, "REQUEST_ID_REUSED")
    elsewhere = replace(CALL, method="x.Y/Z")
    assert once(stage.units, elsewhere, other, StringValue, act).value == "answer 2"
