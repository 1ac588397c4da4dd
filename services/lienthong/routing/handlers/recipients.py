"""Where a recipient leads: to an agency, or to a failure that names the rule and the remedy."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.directory.model import Agency, Directory
from lienthong.events.v1.intake_documents_pb2 import Recipient
from lienthong.routing.handlers.lifecycle import Failure


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a recipient leads.

    Attributes:
        agency: Identifier of the agency; empty when none is known.
        failure: Why nothing can be delivered; None when something can.
    """

    agency: str
    failure: Failure | None = None


def destinations(
    directory: Directory, recipients: Iterable[Recipient], named: Iterable[str], at: datetime
) -> list[Destination]:
    """Finds out where each recipient leads.

    What intake resolved and sealed stands; only a code that it did not know is looked up again.

    Args:
        directory: The directory by now.
        recipients: As intake hands them over.
        named: Agencies that other recipients of the document lead to.
        at: The time for which it is asked.
    """
    taken = set(named)
    found = []
    for recipient in recipients:
        one = _destination(directory, recipient, taken, at)
        taken.add(one.agency)
        found.append(one)
    return found


def _destination(directory: Directory, recipient: Recipient, named: Container[str], at: datetime) -> Destination:
    if recipient.agency:
        return _sealed(directory, recipient, at)
    resolved = directory.resolve(recipient.code, at)
    if resolved.agency is not None:
        if resolved.agency.id in named:
            detail = f"code {recipient.code} is {resolved.agency.name}, which this document names already"
            return Destination("", Failure("RECIPIENT_DUPLICATE", f"{detail}; nothing is to be done."))
        return Destination(resolved.agency.id)
    former = directory.known(recipient.code, at)
    if former is not None and not directory.heirs(former.id, at):
        return Destination(former.id, _retired(former, at))
    return Destination("", _unknown(recipient.code, resolved.nearest, at))


def _sealed(directory: Directory, recipient: Recipient, at: datetime) -> Destination:
    agency = directory.agencies.get(recipient.agency)
    if agency is None:
        return Destination("", _unknown(recipient.code, directory.nearest(recipient.code, at), at))
    if not directory.heirs(agency.id, at):
        return Destination(agency.id, _retired(agency, at))
    return Destination(agency.id)


def _unknown(code: str, nearest: tuple[str, ...], at: datetime) -> Failure:
    close = f"; nearest: {', '.join(nearest)}" if nearest else ""
    day = at.astimezone(VIETNAM).date().isoformat()
    detail = f"agency {code} is not in the directory on {day}{close}. Send again to a code in force."
    return Failure("RECIPIENT_UNKNOWN", detail, nearest)


def _retired(agency: Agency, at: datetime) -> Failure:
    detail = f"agency {agency.code(at)} ({agency.name}) was retired and nobody took it over. Send it elsewhere."
    return Failure("RECIPIENT_RETIRED", detail)
