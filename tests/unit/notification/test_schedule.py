"""When a notice is tried again, and when an endpoint is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.notification.domain import (
    STANDARD,
    STANDARD_CIRCUIT,
    Circuit,
    CircuitState,
    admit,
    delay_after,
    fail,
    next_attempt,
    release,
    succeed,
)

T0 = datetime(2026, 11, 23, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def test_the_standard_delays() -> None:
    """5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, then 4 h each."""
    seconds = [delay_after(n, 0.5).total_seconds() for n in range(1, 11)]
    assert seconds == [5, 30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400]


@given(st.integers(1, 7), st.floats(0, 1), st.floats(0, 1))
def test_delays_grow_whatever_chance_does(failures: int, one: float, two: float) -> None:
    """Jitter moves a delay by a tenth at most and never makes a later one shorter."""
    assert delay_after(failures, one) < delay_after(failures + 1, two)
    base = delay_after(failures, 0.5)
    assert base * 0.9 <= delay_after(failures, one) <= base * 1.1


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.integers(0, 10**6)), min_size=100, max_size=100))
def test_a_notice_dies_within_a_day(draws: list[tuple[float, int | None]]) -> None:
    """Attempts only move forward, none is after a day, and there are not many."""
    now, attempts = T0, 0
    for failures, (jitter, asked) in enumerate(draws, start=1):
        wait = None if asked is None else timedelta(seconds=asked)
        following = next_attempt(failures, T0, now, jitter, retry_after=wait)
        if following is None:
            break
        assert now < following <= T0 + DAY
        now, attempts = following, attempts + 1
    assert following is None
    assert attempts < 20


@pytest.mark.parametrize(
    ("failures", "asked", "waits"),
    [(1, 1, 5), (1, 60, 60), (1, 10**6, 4 * 3600), (4, 60, 600), (1, None, 5), (1, 0, 5)],
)
def test_retry_after_is_a_minimum_within_bounds(failures: int, asked: int | None, waits: int) -> None:
    """An endpoint can ask for more time than we would give, up to four hours, and never for less."""
    wait = None if asked is None else timedelta(seconds=asked)
    assert next_attempt(failures, T0, T0, 0.5, retry_after=wait) == T0 + timedelta(seconds=waits)


def test_retry_after_does_not_kill() -> None:
    """Where the endpoint asks beyond the day, the last moment of the day is tried."""
    now = T0 + DAY - timedelta(hours=1)
    assert next_attempt(1, T0, now, 0.5, retry_after=timedelta(hours=3)) == T0 + DAY
    assert next_attempt(9, T0, now, 0.5) is None


@pytest.mark.parametrize(("failures", "jitter"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_wrong_use_is_named(failures: int, jitter: float) -> None:
    """Failures count from one, jitter lies between 0 and 1."""
    with pytest.raises(ValueError, match="jitter"):
        delay_after(failures, jitter)


def broken(failures: int) -> Circuit:
    """Make a circuit with so many failures in a row at T0."""
    circuit = Circuit()
    for _ in range(failures):
        circuit = fail(circuit, T0)
    return circuit


def test_the_circuit_opens_after_failures_in_a_row() -> None:
    """Four are not enough; a success in between forgets them."""
    assert broken(4).state(T0) is CircuitState.CLOSED
    assert fail(succeed(broken(4)), T0).state(T0) is CircuitState.CLOSED
    assert broken(5).state(T0) is CircuitState.OPEN
    assert admit(broken(5), T0) == (broken(5), False)


def test_half_open_admits_one_probe() -> None:
    """After the pause one attempt is made; the others wait for its result."""
    later = T0 + MINUTE
    probing, admitted = admit(broken(5), later)
    assert (admitted, broken(5).state(later)) == (True, CircuitState.HALF_OPEN)
    assert not admit(probing, later)[1]
    assert succeed(probing) == Circuit()
    assert admit(release(probing), later)[1]


def test_a_lost_probe_is_given_up() -> None:
    """A crash during the probe does not close the endpoint for ever."""
    probing, _ = admit(broken(5), T0 + MINUTE)
    assert admit(probing, T0 + MINUTE + STANDARD_CIRCUIT.probe_timeout)[1]


def test_the_pause_doubles_up_to_its_bound() -> None:
    """Each failed probe keeps the endpoint quiet for longer; a success starts from the beginning."""
    circuit, now, pauses = broken(5), T0, []
    for _ in range(8):
        assert circuit.open_until is not None
        pauses.append((circuit.open_until - now) / MINUTE)
        now = circuit.open_until
        circuit = fail(admit(circuit, now)[0], now)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert fail(succeed(circuit), now).open_until is None


def test_a_late_failure_does_not_prolong_the_pause() -> None:
    """Attempts that began before the circuit opened change its count alone."""
    late = fail(broken(5), T0 + MINUTE / 2)
    assert (late.open_until, late.failures, late.openings) == (T0 + MINUTE, 6, 1)


@given(st.lists(st.tuples(st.sampled_from("sfr"), st.integers(0, 600)), max_size=40))
def test_a_circuit_always_comes_back(steps: list[tuple[str, int]]) -> None:
    """Whatever happened, an attempt is admitted again within the longest pause and a probe's time-out."""
    circuit, now = Circuit(), T0
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        circuit, _ = admit(circuit, now)
        circuit = {"s": succeed(circuit), "f": fail(circuit, now), "r": release(circuit)}[what]
    limit = STANDARD_CIRCUIT.longest_pause + STANDARD_CIRCUIT.probe_timeout
    assert admit(circuit, now + limit)[1]
    assert STANDARD.lifetime > limit
