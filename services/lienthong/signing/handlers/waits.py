"""What waits in signing until a stored time."""

from datetime import timedelta

from lienthong.chassis.waits import Wait
from lienthong.signing.config import SigningSection
from lienthong.signing.domain import LONGEST_DELAY_SECONDS, SizeClass
from lienthong.signing.storage.tables import jobs


def waits_of(section: SigningSection) -> list[Wait]:
    """Names the jobs: each is under a lease, or put off."""
    longest = timedelta(seconds=max(section.lease_seconds, LONGEST_DELAY_SECONDS))
    return [Wait(jobs.c.due_at, longest, jobs.c.size_class.in_([int(size) for size in SizeClass]))]
