"""The race between a recall and the first lease or opening: decided under the delivery row's lock, here."""

from enum import Enum

from lienthong.routing.domain.transport import FINAL, UNOPENED, Transport


class RecallDecision(Enum):
    """What a recall does to one delivery."""

    WITHDRAW = "nobody leased or opened it: it is taken back at once"
    ASK = "somebody did: the recipient is asked"
    IGNORE = "a recall is open already, or nothing is left to take back"


def decide(state: Transport, *, recall_open: bool) -> RecallDecision:
    """Decides what a recall does to a delivery.

    Args:
        state: Of the delivery, read under its lock.
        recall_open: Whether an earlier recall waits for the recipient's answer.
    """
    if state in FINAL or recall_open:
        return RecallDecision.IGNORE
    return RecallDecision.WITHDRAW if state in UNOPENED else RecallDecision.ASK
