"""Who sends: the document's `From` must be the agency for which the call acts."""

from dataclasses import dataclass
from datetime import datetime

from lienthong.chassis.directory.model import Agency, Directory
from lienthong.intake.domain.problems import Problem

_PATH = "MessageHeader/From/OrganId"


@dataclass(frozen=True, slots=True)
class SenderVerdict:
    """What was found about the sender.

    Attributes:
        problem: Why the document is refused as malformed; None when it is not.
        foreign: The active agency that the caller may not act for; None when there is none.
    """

    problem: Problem | None = None
    foreign: Agency | None = None


def judge_sender(
    code: str, acting: Agency, granted: tuple[str, ...], directory: Directory, at: datetime
) -> SenderVerdict:
    """Judges `From`.

    Args:
        code: As written; empty passes, the caller's agency is taken.
        acting: For whom the call acts.
        granted: Agencies for which the system may act.
        directory: This service's copy.
        at: For which time.
    """
    if not code:
        return SenderVerdict()
    holder = directory.known(code, at)
    if holder is None:
        return SenderVerdict(
            _problem("SENDER_UNREGISTERED", f"{code} is not in the directory", "Register it, or correct From.", code)
        )
    heirs = directory.heirs(holder.id, at)
    if not holder.active(at) and acting not in heirs:
        rule = f"{code} ({holder.name}) is retired"
        return SenderVerdict(_problem("SENDER_RETIRED", rule, "Send under the code of its successor.", code))
    if holder.id == acting.id or acting in heirs:
        return SenderVerdict()
    if holder.id in granted:
        rule = f"From is {code}, but the call acts for {acting.code(at)}"
        remedy = "Name the same agency in x-lienthong-agency and in From."
        return SenderVerdict(_problem("SENDER_DIFFERS", rule, remedy, code))
    return SenderVerdict(foreign=holder)


def _problem(reason: str, rule: str, remedy: str, found: str) -> Problem:
    return Problem(reason, _PATH, rule, remedy, found)
