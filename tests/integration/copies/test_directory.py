"""The directory of several copies: what one of them learned the others find as soon as they miss it."""

from tests.unit.chassis.stage import Stage
from tests.waiting import eventually

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.messages import agency_message
from lienthong.chassis.directory.store import save_agency
from lienthong.testing.service import HCMC


def test_what_is_missed_is_looked_for(copies: tuple[Stage, Stage]) -> None:
    """A copy that does not know a system rereads at once, instead of refusing it until its directory is old."""
    theirs = DirectoryCache(copies[1].database)
    assert not theirs.get().agencies
    with copies[0].units.begin() as work:
        save_agency(work.rows, agency_message(HCMC))
    assert not theirs.get().agencies
    eventually(lambda: HCMC.id in theirs.reread().agencies)
    assert HCMC.id in theirs.get().agencies
