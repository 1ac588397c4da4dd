"""Which items a pull takes, and in which order: urgent first, then oldest, each delivery's own items in their order.

An update belongs to the chain of its original. A batch may hold several consecutive items of one chain; later ones
wait while an earlier one is leased in another batch or waits for a lease.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Waiting:
    """An item that waits.

    Attributes:
        rank: Urgency, the most urgent lowest.
        age: When it came, where several mailboxes are looked at: places of one say nothing of another. Else 0.
        sequence: Place in the mailbox, in commit order.
        mailbox: Whose it is.
        id: Which it is.
        chain: Chain of deliveries whose order counts.
        free: Whether it may be leased now.
    """

    rank: int
    age: int
    sequence: int
    mailbox: str
    id: str
    chain: str
    free: bool


def choose(heads: Iterable[Waiting], followers: Mapping[str, Sequence[Waiting]], count: int) -> list[Waiting]:
    """Chooses a batch.

    Args:
        heads: For each chain the first item that has not ended; free ones only.
        followers: By chain: all later items that have not ended, in their order.
        count: How many, at most.
    """
    queue = sorted(heads)
    places = dict.fromkeys((head.chain for head in queue), 0)
    chosen: list[Waiting] = []
    while queue and len(chosen) < count:
        item = heapq.heappop(queue)
        chosen.append(item)
        later, place = followers.get(item.chain, ()), places[item.chain]
        if place < len(later) and later[place].free:
            heapq.heappush(queue, later[place])
            places[item.chain] = place + 1
    return chosen
