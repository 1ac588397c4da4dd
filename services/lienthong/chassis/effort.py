"""What the program's work costs: waits for the disk, and CPU time by kind of thread."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from lienthong.chassis.metrics import Metrics, Sample
from lienthong.chassis.tally import Tally

_NUMBER = re.compile(r"[-_ ]?\(?[0-9]+.*$")


def measure(metrics: Metrics, syncs: Mapping[str, Tally]) -> None:
    """Adds the counters of a process.

    Args:
        metrics: Where they are kept.
        syncs: Waits for the disk by engine.
    """

    def waits() -> Iterable[Sample]:
        return [((engine,), float(tally.value)) for engine, tally in syncs.items()]

    metrics.counter("lienthong_syncs", "Times that something was made durable.", ["engine"], waits)
    metrics.counter("lienthong_thread_cpu_seconds", "CPU time by kind of thread.", ["thread"], _thread_seconds)


def _thread_seconds() -> Iterable[Sample]:
    spent: Counter[str] = Counter()
    for thread in threading.enumerate():
        if thread.ident is not None:
            try:
                clock = time.pthread_getcpuclockid(thread.ident)
                spent[_kind(thread.name)] += time.clock_gettime_ns(clock)
            except OSError:
                continue  # it ended meanwhile
    return [((name,), nanoseconds / 1e9) for name, nanoseconds in sorted(spent.items())]


def _kind(name: str) -> str:
    """Threads of a pool are one kind: `call_3` and `call_4` are `call`."""
    return _NUMBER.sub("", name) or name
