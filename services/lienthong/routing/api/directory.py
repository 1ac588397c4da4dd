"""`routing.v1.Directory`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.directory.messages import resource_id
from lienthong.chassis.directory.model import Agency, Directory
from lienthong.chassis.directory.store import load_agency, load_system
from lienthong.chassis.filtering import Condition, Kind, parse_filter
from lienthong.chassis.idempotency import once
from lienthong.chassis.paging import page_of
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.text import fold, words
from lienthong.chassis.times import from_timestamp, insist_on_calendar
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.common.v1.directory_pb2 import Agency as AgencyMessage
from lienthong.common.v1.directory_pb2 import System as SystemMessage
from lienthong.routing.handlers import agencies, retirement, systems
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.handlers.leasing import audit_of
from lienthong.routing.v1 import directory_pb2 as pb

FIELDS = {"display_name": Kind.WORDS, "parent": Kind.TEXT}

Answer = TypeVar("Answer", bound=Message)


class DirectoryApi:
    """Keeps the directory."""

    def __init__(self, units: UnitsOfWork, desk: Desk) -> None:
        self._units = units
        self._desk = desk

    def create_agency(self, request: pb.CreateAgencyRequest, call: Call) -> AgencyMessage:
        """Registers an agency."""

        def action(work: UnitOfWork) -> AgencyMessage:
            agency = agencies.create_agency(work, self._desk, request.agency)
            return _audited(work, call, "agency.create", agency)

        return once(self._units, call, request, AgencyMessage, action)

    def get_agency(self, request: pb.GetAgencyRequest, _call: Call) -> AgencyMessage:
        """Tells about an agency."""
        with self._units.database.read() as connection:
            return agencies.load(connection, self._desk, request.name, self._units.clock.now())

    def list_agencies(self, request: pb.ListAgenciesRequest, call: Call) -> pb.ListAgenciesResponse:
        """Lists agencies by name."""
        conditions = parse_filter(request.filter, FIELDS)
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(str, str))
        directory, now = self._desk.directory.get(), self._units.clock.now()
        conditions = tuple(_with_parent(one, directory, now) for one in conditions)
        known = directory.agencies.values()
        keys = sorted((fold(agency.name), agency.id) for agency in known if _matches(agency, conditions))
        rest = [key for key in keys if page.after is None or key > page.after][: page.size + 1]
        with self._units.database.read() as connection:
            found = [(load_agency(connection, key[1]), key) for key in rest]
        shown, token = page.fill(_there(found), itemgetter(0), itemgetter(1))
        return pb.ListAgenciesResponse(agencies=shown, next_page_token=token)

    def update_agency(self, request: pb.UpdateAgencyRequest, call: Call) -> AgencyMessage:
        """Changes fields of an agency."""

        def action(work: UnitOfWork) -> AgencyMessage:
            agency = agencies.update_agency(work, self._desk, request.agency, request.update_mask)
            return _audited(work, call, "agency.update", agency, ", ".join(request.update_mask.paths))

        return once(self._units, call, request, AgencyMessage, action)

    def rename_agency(self, request: pb.RenameAgencyRequest, call: Call) -> AgencyMessage:
        """Gives an agency a new name or further codes."""

        def action(work: UnitOfWork) -> AgencyMessage:
            at = _moment(request, request.effective_time) or work.now
            renaming = agencies.Renaming(request.display_name, request.add_codes, request.end_codes, at)
            agency = agencies.rename_agency(work, self._desk, request.name, renaming)
            return _audited(work, call, "agency.rename", agency)

        return once(self._units, call, request, AgencyMessage, action)

    def merge_agencies(self, request: pb.MergeAgenciesRequest, call: Call) -> pb.MergeAgenciesResponse:
        """Joins agencies into one."""

        def action(work: UnitOfWork) -> pb.MergeAgenciesResponse:
            at = _moment(request, request.effective_time)
            ended = retirement.merge_agencies(work, self._desk, request.names, request.successor, at)
            for agency in ended:
                _audited(work, call, "agency.merge", agency)
            return pb.MergeAgenciesResponse(agencies=ended)

        return once(self._units, call, request, pb.MergeAgenciesResponse, action)

    def retire_agency(self, request: pb.RetireAgencyRequest, call: Call) -> AgencyMessage:
        """Retires an agency."""

        def action(work: UnitOfWork) -> AgencyMessage:
            at = _moment(request, request.effective_time)
            agency = retirement.retire_agency(work, self._desk, request.name, request.successors, at)
            return _audited(work, call, "agency.retire", agency)

        return once(self._units, call, request, AgencyMessage, action)

    def create_system(self, request: pb.CreateSystemRequest, call: Call) -> SystemMessage:
        """Registers a system."""

        def action(work: UnitOfWork) -> SystemMessage:
            return _audited(work, call, "system.create", systems.create_system(work, self._desk, request.system))

        return once(self._units, call, request, SystemMessage, action)

    def get_system(self, request: pb.GetSystemRequest, _call: Call) -> SystemMessage:
        """Tells about a system."""
        with self._units.database.read() as connection:
            return systems.load(connection, request.name)

    def list_systems(self, request: pb.ListSystemsRequest, call: Call) -> pb.ListSystemsResponse:
        """Lists systems by name."""
        page = page_of(call, request.page_size, request.page_token, columns=(str, str))
        keys = sorted((fold(system.name), system.id) for system in self._desk.directory.get().systems.values())
        rest = [key for key in keys if page.after is None or key > page.after][: page.size + 1]
        with self._units.database.read() as connection:
            found = [(load_system(connection, key[1]), key) for key in rest]
        shown, token = page.fill(_there(found), itemgetter(0), itemgetter(1))
        return pb.ListSystemsResponse(systems=shown, next_page_token=token)

    def grant_agency(self, request: pb.GrantAgencyRequest, call: Call) -> SystemMessage:
        """Lets a system act for an agency."""

        def action(work: UnitOfWork) -> SystemMessage:
            system = systems.grant_agency(work, self._desk, request.name, request.grant)
            return _audited(work, call, "system.grant", system, request.grant.agency)

        return once(self._units, call, request, SystemMessage, action)

    def revoke_system(self, request: pb.RevokeSystemRequest, call: Call) -> SystemMessage:
        """Revokes a system or certificates of it."""

        def action(work: UnitOfWork) -> SystemMessage:
            system = systems.revoke_system(work, self._desk, request.name, list(request.certificates))
            detail = f"{len(request.certificates)} certificates" if request.certificates else "all"
            return _audited(work, call, "system.revoke", system, detail)

        return once(self._units, call, request, SystemMessage, action)


Named = TypeVar("Named", AgencyMessage, SystemMessage)
Key = tuple[str, str]


def _audited(work: UnitOfWork, call: Call, action: str, resource: Named, detail: str = "") -> Named:
    work.record(audit_of(call, action, resource.name, detail))
    return resource


def _there(found: Iterable[tuple[Named | None, Key]]) -> list[tuple[Named, Key]]:
    return [(one, key) for one, key in found if one is not None]


def _moment(request: Message, moment: Timestamp) -> datetime | None:
    if not request.HasField("effective_time"):
        return None
    insist_on_calendar("effective_time", moment)
    return from_timestamp(moment)


def _with_parent(condition: Condition, directory: Directory, now: datetime) -> Condition:
    """Puts the identifier of a superior in the place of a code that it has."""
    if condition.field != "parent":
        return condition
    named = resource_id(str(condition.value), "agencies")
    holder = directory.known(named, now)
    return replace(condition, value=holder.id if holder else named)


def _matches(agency: Agency, conditions: tuple[Condition, ...]) -> bool:
    return all(_holds(agency, condition) for condition in conditions)


def _holds(agency: Agency, condition: Condition) -> bool:
    value = str(condition.value)
    if condition.field == "display_name":
        return set(words(value)) <= set(words(f"{agency.name} {agency.short_name}"))
    same = agency.parent == value
    return same if condition.operator == "=" else not same
