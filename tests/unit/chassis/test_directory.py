"""The directory over time: aliases, renames, merges, retirements, and who may act for whom."""

from datetime import UTC, datetime, timedelta

import pytest

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.messages import agency_message, agency_of, system_message, system_of
from lienthong.chassis.directory.model import (
    Agency,
    AgencyCode,
    CodeStyle,
    Directory,
    Grant,
    Match,
    Period,
    Role,
    System,
    directory_of,
    style_of,
)
from lienthong.chassis.directory.store import load_agency, save_agency, save_system

from .stage import Stage

DAY = datetime(2025, 7, 1, tzinfo=VIETNAM)
"""The day on which provinces were merged: 00:00 in Viet Nam, 17:00 of the day before in UTC."""
BEFORE, AFTER = DAY - timedelta(microseconds=1), DAY.astimezone(UTC)


def agency(name: str, *codes: str | AgencyCode, **more: object) -> Agency:
    """An agency."""
    held = tuple(code if isinstance(code, AgencyCode) else AgencyCode(code) for code in codes)
    return Agency(name, f"Cơ quan {name}", held, **more)  # type: ignore[arg-type] # fields of the agency


MERGED = directory_of(
    (
        agency("old", "000.00.00.H01", "H01", retired=DAY, successors=("new",)),
        agency("new", "H50"),
        agency("split", "H02", retired=DAY, successors=("new", "other")),
        agency("other", "H60"),
        agency("gone", "H03", retired=DAY),
    ),
    (),
)


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("000.00.00.G22", CodeStyle.OLD),
        ("G22", CodeStyle.NEW),
        ("H29.12.3", CodeStyle.NEW),
        ("H29." + "1" * 32, CodeStyle.NEITHER),
        ("g22", CodeStyle.NEITHER),
        ("", CodeStyle.NEITHER),
        ("vxp.saas.03", CodeStyle.NEITHER),
        ("G22\n", CodeStyle.NEITHER),
    ],
)
def test_styles(code: str, style: CodeStyle) -> None:
    """Codes of QCVN 102:2016 and of Decision 20/2020 are told apart; anything else is neither."""
    assert style_of(code) is style


def test_aliases() -> None:
    """Every code in force leads to the same agency; one is preferred for display."""
    known = directory_of((agency("a", "000.00.00.H29", "H29"),), ())
    assert known.resolve("H29", AFTER) == known.resolve("000.00.00.H29", AFTER)
    assert known.agencies["a"].code(AFTER) == "000.00.00.H29"
    assert known.agencies["a"].code(AFTER, CodeStyle.NEW) == "H29"


def test_a_rename() -> None:
    """From the day on the new code is in force; the former one still leads to the agency, as a former one."""
    codes = (AgencyCode("H10", Period(end=DAY)), AgencyCode("H11", Period(start=DAY)))
    known = directory_of((agency("a", *codes),), ())
    found = {(code, at): known.resolve(code, at).match for code in ("H10", "H11") for at in (BEFORE, AFTER)}
    assert found == {
        ("H10", BEFORE): Match.CODE,
        ("H10", AFTER): Match.SUCCESSOR,
        ("H11", BEFORE): Match.UNKNOWN,
        ("H11", AFTER): Match.CODE,
    }


def test_a_code_that_moved() -> None:
    """A code that another agency has now means that one; before, it meant the first."""
    known = directory_of(
        (
            agency("first", AgencyCode("H10", Period(end=DAY)), "H12"),
            agency("second", AgencyCode("H10", Period(start=DAY))),
        ),
        (),
    )
    assert [holder_of(known, "H10", at) for at in (BEFORE, AFTER)] == ["first", "second"]


def holder_of(directory: Directory, code: str, at: datetime) -> str:
    """The agency that a code means; empty when unknown."""
    found = directory.resolve(code, at).agency
    return found.id if found else ""


def test_a_code_that_two_have_had() -> None:
    """A former code leads to who had it last; who ended with it has it no longer."""
    known = directory_of(
        (
            agency("first", "H10", retired=DAY, successors=("second", "third")),
            agency("second", AgencyCode("H10", Period(DAY, DAY + timedelta(days=400))), "H12"),
            agency("third", "H13"),
        ),
        (),
    )
    assert holder_of(known, "H10", AFTER + timedelta(days=500)) == "second"


def test_a_group_before_the_day_of_a_new_member() -> None:
    """Who is registered ahead of its day is addressed with its group from that day on, in the place of who ends."""
    known = directory_of(
        (
            agency("old", "H01", retired=DAY, successors=("new",), groups=("provinces",)),
            agency("new", AgencyCode("H50", Period(start=DAY)), groups=("provinces",)),
        ),
        (),
    )
    assert [[one.id for one in known.members("provinces", at)] for at in (BEFORE, AFTER)] == [["old"], ["new"]]


def test_a_merge_at_midnight_in_viet_nam() -> None:
    """At 00:00 in Viet Nam the old code leads to the successor, and not a moment earlier."""
    assert holder_of(MERGED, "H01", BEFORE) == "old"
    assert holder_of(MERGED, "H01", AFTER) == "new"
    assert MERGED.resolve("H01", AFTER).match is Match.SUCCESSOR
    assert MERGED.mailboxes("new", BEFORE) == ("new",)
    assert set(MERGED.mailboxes("new", AFTER)) == {"new", "old", "split"}


def test_several_successors() -> None:
    """With several successors the old code counts as unknown, and they are suggested."""
    found = MERGED.resolve("H02", AFTER)
    assert (found.match, found.agency) == (Match.UNKNOWN, None)
    assert set(found.nearest) == {"H50", "H60"}


def test_retired_without_a_successor() -> None:
    """A retired agency without a successor is unknown; codes near to it are suggested."""
    found = MERGED.resolve("H03", AFTER)
    assert found.match is Match.UNKNOWN
    assert "H50" in found.nearest
    assert MERGED.known("H03", AFTER) is not None


def test_a_chain_of_successors() -> None:
    """A successor that retired too leads on; a circle leads nowhere."""
    chain = directory_of(
        (
            agency("a", "H01", retired=DAY, successors=("b",)),
            agency("b", "H02", retired=DAY, successors=("c",)),
            agency("c", "H03"),
            agency("x", "H04", retired=DAY, successors=("y",)),
            agency("y", "H05", retired=DAY, successors=("x",)),
        ),
        (),
    )
    assert holder_of(chain, "H01", AFTER) == "c"
    assert set(chain.mailboxes("c", AFTER)) == {"a", "b", "c"}
    assert chain.resolve("H04", AFTER).match is Match.UNKNOWN


def test_groups_have_members_in_force() -> None:
    """A group is its members in force at that time."""
    known = directory_of((agency("a", "H01", groups=("g",)), agency("b", "H02", groups=("g",), retired=DAY)), ())
    assert [one.id for one in known.members("g", BEFORE)] == ["a", "b"]
    assert [one.id for one in known.members("g", AFTER)] == ["a"]
    assert known.members("none", AFTER) == ()


def test_for_whom_a_system_may_act() -> None:
    """Grants have dates, and of a retired agency nobody may act any more."""
    system = System("s", "DMS", Role.AGENCY_SYSTEM, (Grant("new", Period(start=DAY)), Grant("old"), Grant("absent")))
    assert MERGED.acts_for(system, BEFORE) == ("old",)
    assert MERGED.acts_for(system, AFTER) == ("new",)


def test_messages_round_trip() -> None:
    """Agencies and systems are the same after a trip through their messages."""
    one = agency(
        "a", AgencyCode("H10", Period(BEFORE.astimezone(UTC), AFTER)), groups=("g",), retired=AFTER,
        successors=("b",), version=3, parent="p", email="a@b.vn", status_items_disabled=True,
    )  # fmt: skip
    assert agency_of(agency_message(one)) == one
    system = System("s", "DMS", Role.OPERATOR, (Grant("a", Period(AFTER)),), AFTER, frozenset({b"x" * 32}), 2)
    assert system_of(system_message(system)) == system


def test_only_newer_states_are_kept(stage: Stage) -> None:
    """A copy takes any higher version and never goes back; the snapshot is reread when told."""
    cache = DirectoryCache(stage.database)
    assert cache.get().agencies == {}
    for version, code in ((2, "H02"), (1, "H01"), (3, "H03")):
        with stage.units.begin() as work:
            save_agency(work.rows, agency_message(agency("a", code, version=version)))
            save_system(work.rows, system_message(System("s", "DMS", Role.AGENCY_SYSTEM, version=version)))
        cache.changed()
        held = max(2, version)
        assert cache.get().agencies["a"].version == held
        assert cache.get().systems["s"].version == held
    with stage.database.read() as connection:
        assert load_agency(connection, "none") is None
