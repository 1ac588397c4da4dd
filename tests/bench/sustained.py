"""The highest load over many minutes: as much as comes back, and no backlog that grows."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.bench.effort import cost, spent
from tests.bench.load import CLIENTS, ENGINES_WARM_UP, Journey, latencies, run_load
from tests.bench.parts import Row
from tests.bench.world import World, papers
from tests.bench.yardstick import Yardstick
from tests.waiting import until

MINUTES = float(os.environ.get("BENCH_SUSTAINED_MINUTES", "10"))
TRIED = 200
"""Documents that show how many are needed."""
SPARE = 1.3
UNDER_WAY = 100
"""Documents that were not back yet: the next is sent when there are fewer."""
FIRST = 900_000
"""Number of the first document."""


def sustained(world: World) -> list[Row]:
    """Measures documents end to end, and what each costs.

    All are signed beforehand: that takes no time from the platform.
    """
    tried = papers(world.who, ENGINES_WARM_UP + TRIED)
    run_load(world, tried[:ENGINES_WARM_UP], FIRST)
    rate = run_load(world, tried[ENGINES_WARM_UP:], FIRST + ENGINES_WARM_UP).through_a_second
    pdfs = papers(world.who, int(rate * SPARE * MINUTES * 60))
    journey, before, begun = Journey(), spent(world), time.monotonic()
    with Yardstick() as yardstick:
        result = run_load(world, _as_they_come_back(pdfs, journey, begun), FIRST + len(tried), journey=journey)
    condition = (
        f"{result.documents:,} signed PDFs of 100 KB, all different, over {result.whole_seconds / 60:.1f} minutes; "
        f"{CLIENTS} clients, at most {UNDER_WAY} documents under way; load generator on the same machine"
    )
    minutes = Counter(int((at - begun) / 60) for at in journey.returned.values())
    # The last minute is not a whole one.
    each = ", ".join(f"{minutes[number] / 60:.1f}" for number in range(max(minutes)))
    return [
        ("end to end", f"{result.through_a_second:.1f} a second", f"{condition}; minute by minute: {each}"),
        *cost(before, spent(world), result.documents, f"{condition}; {yardstick.median}"),
        *latencies("full load", result),
    ]


def _as_they_come_back(pdfs: Iterable[bytes], journey: Journey, begun: float) -> Iterator[bytes]:
    for pdf in pdfs:
        left = begun + MINUTES * 60 - time.monotonic()
        if left < 0 or not until(lambda: len(journey.submitted) - len(journey.returned) < UNDER_WAY, left):
            return
        yield pdf
