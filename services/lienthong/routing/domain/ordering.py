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


Chain = tuple[str, str]


def choose(heads: Iterable[Waiting], followers: Mapping[Chain, Sequence[Waiting]], count: int) -> list[Waiting]:
    """Chooses a batch.

    Args:
        heads: For each chain the first item that has not ended; free ones only.
        followers: By mailbox and chain: all later items that have not ended, by sequence.
        count: How many, at most.
    """
    queue = sorted(heads)
    places = dict.fromkeys(((head.mailbox, head.chain) for head in queue), 0)
    chosen: list[Waiting] = []
    while queue and len(chosen) < count:
        item = heapq.heappop(queue)
        chosen.append(item)
        key = (item.mailbox, item.chain)
        later, place = followers.get(key, ()), places[key]
        if place < len(later) and later[place].free:
            heapq.heappush(queue, later[place])
            places[key] = place + 1
    return chosen
