"""Who is addressed: codes become agencies, groups become their members (QD28 Art. 8: the sender checks the receiver).

A group is named by its code, such as `provinces`, in `OrganId`. The sender is left out of its own groups; a member that
is also named alone is addressed once. A recipient that is not known is accepted for the sake of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from lienthong import edxml
from lienthong.chassis.directory.model import Agency, Directory, Match
from lienthong.chassis.text import shorten
from lienthong.intake.domain.problems import Problem

UNKNOWN = "RECIPIENT_UNKNOWN"
FORMER = "RECIPIENT_CODE_FORMER"
SUGGESTED = 32
"""Unknown recipients of one document for which the nearest codes are looked for: that takes longer than all else."""


class How(Enum):
    """How a recipient was resolved."""

    UNKNOWN = 0
    CODE = 1
    SUCCESSOR = 2
    GROUP = 3


@dataclass(frozen=True, slots=True)
class Addressed:
    """One recipient after groups were expanded.

    Attributes:
        organization: As written, or as the directory knows a group member.
        how: How it was resolved.
        agency: Identifier; empty when not known.
        group: Code of the group that it came from.
        nearest: Codes nearest to one that is not known.
    """

    organization: edxml.Organization
    how: How
    agency: str = ""
    group: str = ""
    nearest: tuple[str, ...] = ()


@dataclass(slots=True)
class Addressing:
    """What became of the recipients."""

    recipients: list[Addressed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Code, path, what was found, what was made of it."""
    unknown: int = 0
    """Recipients that are not known."""


def address(
    written: Sequence[edxml.Organization], sender: Agency, directory: Directory, at: datetime, at_most: int
) -> Addressing:
    """Resolves recipients.

    Args:
        written: As the document names them.
        sender: Who sends.
        directory: This service's copy.
        at: For which time.
        at_most: Recipients, as written and after expansion.
    """
    result = Addressing()
    if len(written) > at_most:
        # Before one of them is looked up: what a document costs does not grow with what is refused anyway.
        result.problems.append(_too_many(len(written), at_most))
        return result
    named: dict[str, int] = {}
    groups: set[str] = set()
    for number, organization in enumerate(written, 1):
        path = f"MessageHeader/To[{number}]/OrganId"
        if organization.organ_id in groups:
            continue  # its members are addressed once
        members = directory.members(organization.organ_id, at)
        if members:
            groups.add(organization.organ_id)
            _expand(organization.organ_id, members, sender, at, result)
        else:
            _single(organization, path, directory, at, named, result)
    result.recipients = _once(result.recipients)
    _judge(result, at_most)
    return result


def _expand(group: str, members: Sequence[Agency], sender: Agency, at: datetime, result: Addressing) -> None:
    for member in members:
        if member.id == sender.id:
            continue
        organization = edxml.Organization(member.code(at), member.name, member.in_charge, member.address, member.email)
        result.recipients.append(Addressed(organization, How.GROUP, member.id, group))


def _single(
    organization: edxml.Organization,
    path: str,
    directory: Directory,
    at: datetime,
    named: dict[str, int],
    result: Addressing,
) -> None:
    code = organization.organ_id
    suggest = result.unknown < SUGGESTED
    found = directory.resolve(code, at, suggest=suggest)
    if found.agency is None or found.match is Match.UNKNOWN:
        result.unknown += 1
        nothing = "nothing near it" if suggest else f"nearest codes are told of {SUGGESTED} recipients"
        suggestion = f"nearest: {', '.join(found.nearest)}" if found.nearest else nothing
        result.warnings.append((UNKNOWN, path, shorten(code), suggestion))
        result.recipients.append(Addressed(organization, How.UNKNOWN, nearest=found.nearest))
        return
    if found.agency.id in named:
        result.problems.append(_twice(path, code, named[found.agency.id]))
        return
    named[found.agency.id] = len(result.recipients) + 1
    if found.match is Match.SUCCESSOR:
        result.warnings.append((FORMER, path, shorten(code), f"{found.agency.name} ({found.agency.code(at)})"))
    how = How.CODE if found.match is Match.CODE else How.SUCCESSOR
    result.recipients.append(Addressed(organization, how, found.agency.id))


def _once(recipients: Sequence[Addressed]) -> list[Addressed]:
    alone = {recipient.agency for recipient in recipients if recipient.how is not How.GROUP}
    kept: list[Addressed] = []
    seen: set[str] = set()
    for recipient in recipients:
        if recipient.how is How.GROUP and (recipient.agency in alone or recipient.agency in seen):
            continue
        seen.add(recipient.agency)
        kept.append(recipient)
    return kept


def _judge(result: Addressing, at_most: int) -> None:
    count = len(result.recipients)
    if not count and not result.problems:
        result.problems.append(
            Problem("RECIPIENTS_MISSING", "MessageHeader/To", "a document has at least one recipient", "Name one.")
        )
    elif count and all(recipient.how is How.UNKNOWN for recipient in result.recipients):
        result.problems.extend(_unknown(number, one) for number, one in enumerate(result.recipients, 1))
    if count > at_most:
        result.problems.append(_too_many(count, at_most))


def _too_many(count: int, at_most: int) -> Problem:
    rule = f"a document has at most {at_most} recipients after groups are expanded"
    return Problem("RECIPIENTS_TOO_MANY", "MessageHeader/To", rule, "Send it in parts.", str(count))


def _unknown(number: int, recipient: Addressed) -> Problem:
    code = shorten(recipient.organization.organ_id)
    nearest = f"nearest: {', '.join(recipient.nearest)}. " if recipient.nearest else ""
    return Problem(
        UNKNOWN,
        f"MessageHeader/To[{number}]/OrganId",
        f"{code} is not in the directory, and no other recipient is",
        f"{nearest}Check the code with `lienthong agency list`.",
        code,
    )


def _twice(path: str, code: str, first: int) -> Problem:
    rule = f"{code} names the same agency as recipient {first}; an agency is addressed once, under any of its codes"
    return Problem("RECIPIENT_DUPLICATE", path, rule, "Leave one of them out.", code)
