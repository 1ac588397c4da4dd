"""Errors: what they carry over the wire, and how large that may be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from lienthong.chassis.errors import AxisError, Code, Violation, exhausted, invalid, not_found, unavailable
from lienthong.chassis.rpc.status import from_status, to_status
from lienthong.client.errors import (
    AxisUnavailableError,
    InvalidRequestError,
    LimitReachedError,
    NotFoundError,
    from_axis_error,
)

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
