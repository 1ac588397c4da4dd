"""The table of faults, and the plan of a run, which a seed repeats."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.support import kinds_of_engines as engines
from tests.faults.support import kinds_of_events as events
from tests.faults.support import kinds_of_processes as processes
from tests.faults.support.processes import Processes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        name: In figures and messages.
        act: Does it to a running platform, undoes it, and tells what it hit.
        weight: How often it comes beside the others, once each of them came.
    """

    name: str
    act: Callable[[Processes, random.Random], str]
    weight: int = 1


OF_PROCESSES = (
    Kind("kill a process", processes.kill, 6),
    Kind("kill all of a service", processes.kill_all, 3),
    Kind("kill at a fail point", processes.kill_at, 6),
    Kind("restart a process", processes.drain, 3),
    Kind("pause beyond session and lease", processes.pause, 2),
    Kind("halt a process", processes.halt, 12),
    Kind("clock jumps", processes.set_clock, 8),
    Kind("clients cut off", engines.leave_clients, 14),
)
OF_ENGINES = (
    *(Kind(f"kill {name}", engines.kill_engine(name), 2) for name in engines.ENGINES),
    Kind("kill a broker", engines.kill_broker, 2),
    *(Kind(f"pause {name}", engines.pause_engine(name), 4) for name in engines.ENGINES),
    Kind("end database sessions", engines.end_sessions, 14),
    Kind("hold a table", engines.hold_table, 6),
    Kind("cut an engine's connections", engines.cut, 20),
    Kind("engine out of reach", engines.shut, 12),
    Kind("engine silent", engines.still, 10),
    Kind("slow network", engines.slow, 10),
    Kind("connections break half-way", engines.halfway, 12),
    Kind("cut between a process and an engine", engines.part, 14),
)
OF_EVENTS = (
    Kind("events come again", events.repeat, 14),
    Kind("events come again in any order", events.shuffle, 14),
    Kind("poison: no message", events.garbage, 3),
    Kind("poison: no headers", events.unreadable, 3),
    Kind("poison: unknown type", events.unknown, 3),
    Kind("versions jump", events.jump, 3),
)
LANES = (OF_PROCESSES, OF_ENGINES, OF_EVENTS)
"""Faults of a lane come one after the other; those of different lanes meet as it happens, on one platform."""


def schedule(count: int, chance: random.Random) -> list[list[Kind]]:
    """Gives the faults of each lane in their order: each kind once when there are as many, then by weight."""
    kinds = [kind for lane in LANES for kind in lane]
    once = [*kinds]
    chance.shuffle(once)
    more = chance.choices(kinds, [kind.weight for kind in kinds], k=max(0, count - len(kinds)))
    chosen = [*once, *more][:count]
    chance.shuffle(chosen)
    return [[kind for kind in chosen if kind in lane] for lane in LANES]
