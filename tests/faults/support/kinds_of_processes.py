"""Faults of the services' processes."""

import random
from typing import Final

from tests.faults.support.processes import Processes
from tests.waiting import until

from lienthong.dev.platform import Copy

Chance = random.Random

PAUSED_SECONDS: Final = 13.0
"""Longer than the session of a consumer and the lease of a relay, both ten seconds."""
HIT_SECONDS: Final = 10.0
"""A relay or a consumer may have nothing to do: the other copy has its shards and partitions."""

_WRITING: Final = ("uow.before-commit", "uow.after-commit")
_TAKING: Final = ("consumer.before-transaction", "consumer.after-commit", "consumer.after-offsets")
_TELLING: Final = (
    "relay.before-publish",
    "relay.after-publish",
    "relay.after-mark",
    "log.before-commit",
    "log.after-commit",
)
_ANSWERING: Final = ("rpc.before-answer",)
_KEEPING: Final = ("blob.before-fsync", "blob.before-rename", "blob.after-rename")
PLACES: Final = {
    "intake": (*_WRITING, *_TELLING, *_ANSWERING, *_KEEPING),
    "routing": (*_WRITING, *_TAKING, *_TELLING, *_ANSWERING),
    "workflow": (*_WRITING, *_TAKING, *_TELLING, *_ANSWERING),
    "signing": (*_WRITING, *_TAKING, *_TELLING),
    "notification": (*_WRITING, *_TAKING, *_ANSWERING),
}
"""Fail points that the traffic reaches in each service."""


def wait(seconds: float) -> None:
    """Lets the traffic go on for a while."""
    until(lambda: False, seconds)


def copy_of(processes: Processes, chance: Chance) -> Copy:
    """Chooses a process."""
    return chance.choice(processes.platform.copies)


def kill(processes: Processes, chance: Chance) -> str:
    """Kills a process, and starts it again."""
    copy = copy_of(processes, chance)
    copy.process.kill()
    wait(chance.uniform(0, 2))
    processes.replace(copy)
    return copy.service


def kill_all(processes: Processes, chance: Chance) -> str:
    """Kills all processes of a service at once."""
    service = copy_of(processes, chance).service
    killed = [copy for copy in processes.platform.copies if copy.service == service]
    for copy in killed:
        copy.process.kill()
    wait(chance.uniform(0, 2))
    for copy in killed:
        copy.process.launch()
    for copy in killed:
        processes.replace(copy)
    return service


def kill_at(processes: Processes, chance: Chance) -> str:
    """Lets a process kill itself at a named place; one that does not come there in time is killed where it is."""
    copy = copy_of(processes, chance)
    place = chance.choice(PLACES[copy.service])
    copy.process.kill()
    processes.arm(copy, place, chance.randint(1, 4))
    copy.process.launch()
    hit = until(lambda: copy.process.process() is None, HIT_SECONDS)
    copy.process.kill()
    processes.arm(copy, "")
    processes.replace(copy)
    return f"{copy.service} {place if hit else 'elsewhere'}"


def drain(processes: Processes, chance: Chance) -> str:
    """Stops a process as its supervisor would, and starts it again."""
    copy = copy_of(processes, chance)
    copy.process.stop()
    processes.replace(copy)
    return copy.service


def pause(processes: Processes, chance: Chance) -> str:
    """Halts a process for longer than its session and its leases; then it goes on as if nothing had been."""
    return _halt(processes, copy_of(processes, chance), PAUSED_SECONDS)


def halt(processes: Processes, chance: Chance) -> str:
    """Halts a process for a moment."""
    return _halt(processes, copy_of(processes, chance), chance.uniform(0.3, 2.5))


def _halt(_processes: Processes, copy: Copy, seconds: float) -> str:
    copy.process.pause()
    wait(seconds)
    copy.process.resume()
    return copy.service


def set_clock(processes: Processes, chance: Chance) -> str:
    """Lets the clock of a process jump, and back again."""
    copy = copy_of(processes, chance)
    ahead = chance.random() < 0.5
    processes.set_clock(copy, chance.uniform(1, 30) if ahead else -chance.uniform(1, 20))
    wait(chance.uniform(1, 3))
    processes.set_clock(copy, 0)
    return f"{copy.service} {'ahead' if ahead else 'behind'}"
