"""When a notice is tried again, and when an endpoint is left alone. Time and chance are passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a notice is repeated.

    `delays` follow the first, second … failure; the last one repeats. `spread` is the part of a delay that chance moves
    up or down. Nothing is tried after `lifetime`. `longest_wait` bounds what an endpoint may ask for (Retry-After).
    """

    delays: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    )
    spread: float = 0.1
    lifetime: timedelta = timedelta(hours=24)
    longest_wait: timedelta = timedelta(hours=4)

    @property
    def longest_pause(self) -> timedelta:
        """How far ahead the next attempt lies at most."""
        return max(max(self.delays) * (1 + self.spread), self.longest_wait)


STANDARD = RetryPolicy()
"""About 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, then every 4 h until a day has passed."""


def delay_after(failures: int, jitter: float, policy: RetryPolicy = STANDARD) -> timedelta:
    """Return how long to wait after so many failures.

    Args:
        failures: Failed attempts so far, from 1.
        jitter: A number from 0 to 1 drawn by the caller; 0.5 leaves the delay as it is.
        policy: The delays.

    Raises:
        ValueError: nothing has failed yet, or the jitter is out of range.
    """
    if failures < 1 or not 0 <= jitter <= 1:
        raise ValueError(f"failures from 1 and jitter from 0 to 1 are needed, not {failures} and {jitter}")
    base = policy.delays[min(failures, len(policy.delays)) - 1]
    return base * (1 + policy.spread * (2 * jitter - 1))


def next_attempt(
    failures: int,
    created: datetime,
    now: datetime,
    jitter: float,
    *,
    retry_after: timedelta | None = None,
    policy: RetryPolicy = STANDARD,
) -> datetime | None:
    """Return when to try again, or None when the notice is dead.

    What the endpoint asks for (`retry_after`) is honoured as a minimum up to `longest_wait`. It cannot kill a notice:
    where
    it reaches beyond the lifetime and our own delay does not, the last moment of the lifetime is tried.

    Args:
        failures: Failed attempts so far, from 1.
        created: When the notice was made; its lifetime counts from here.
        now: When the last attempt ended.
        jitter: A number from 0 to 1 drawn by the caller.
        retry_after: What the endpoint asked for.
        policy: Delays and bounds.
    """
    own = delay_after(failures, jitter, policy)
    end = created + policy.lifetime
    if now + own > end:
        return None
    asked = min(retry_after or timedelta(0), policy.longest_wait)
    return min(now + max(own, asked), end)


class CircuitState(StrEnum):
    """Whether an endpoint is called."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """When an endpoint is left alone.

    Open after `threshold` failures in a row, for `pause`; the pause doubles with each failed probe up to
    `longest_pause`. A probe that never reported back (a crash) is given up after `probe_timeout`.
    """

    threshold: int = 5
    pause: timedelta = timedelta(minutes=1)
    longest_pause: timedelta = timedelta(minutes=30)
    probe_timeout: timedelta = timedelta(minutes=2)


STANDARD_CIRCUIT = CircuitPolicy()
"""The circuit of an endpoint when nothing else is configured."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """The circuit of one endpoint, as stored. `openings` counts since the last success."""

    failures: int = 0
    openings: int = 0
    open_until: datetime | None = None
    probe_since: datetime | None = None

    def state(self, now: datetime) -> CircuitState:
        """Tell where it stands."""
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN


def admit(circuit: Circuit, now: datetime, policy: CircuitPolicy = STANDARD_CIRCUIT) -> tuple[Circuit, bool]:
    """Ask whether an attempt may be made; half open admits one probe at a time. Store what comes back."""
    state = circuit.state(now)
    if state is CircuitState.CLOSED:
        return circuit, True
    probing = circuit.probe_since is not None and now < circuit.probe_since + policy.probe_timeout
    if state is CircuitState.OPEN or probing:
        return circuit, False
    return replace(circuit, probe_since=now), True


def succeed(_circuit: Circuit) -> Circuit:
    """Note a success: the circuit closes and forgets."""
    return Circuit()


def fail(circuit: Circuit, now: datetime, policy: CircuitPolicy = STANDARD_CIRCUIT) -> Circuit:
    """Note a failure: one more in a row; the probe's failure opens it again for longer."""
    failures = circuit.failures + 1
    if circuit.state(now) is CircuitState.OPEN:
        # An attempt that began before it opened: the pause is as it was.
        return replace(circuit, failures=failures)
    if failures < policy.threshold and circuit.open_until is None:
        return replace(circuit, failures=failures)
    pause = min(policy.pause * 2 ** min(circuit.openings, 16), policy.longest_pause)
    return Circuit(failures, circuit.openings + 1, now + pause)


def release(circuit: Circuit) -> Circuit:
    """Note that an attempt said nothing of the endpoint's health (refused before it was called)."""
    return replace(circuit, probe_since=None)
