"""The race between a recall and the first lease or opening: decided under the delivery row's lock, here."""

from enum import Enum

from lienthong.routing.domain.transport import FINAL, UNOPENED, Transport


class RecallDecision(Enum):
    """What a recall does to one delivery."""

    WITHDRAW = "nobody leased or opened it: it is taken back at once"
    ASK = "somebody did: the recipient is asked"
    TELL = "it could not be delivered: workflow is told, which answers the sender"
    IGNORE = "a recall is open already, or nothing is left to take back"


def decide(state: Transport, *, recall_open: bool) -> RecallDecision:
    """Decides what a recall does to a delivery.

    Args:
        state: Of the delivery, read under its lock.
        recall_open: Whether an earlier recall waits for the recipient's answer.
    """
    if recall_open:
        return RecallDecision.IGNORE
    if state in FINAL:
        return RecallDecision.TELL if state is Transport.FAILED else RecallDecision.IGNORE
    return RecallDecision.WITHDRAW if state in UNOPENED else RecallDecision.ASK
