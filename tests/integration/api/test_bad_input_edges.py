"""Times, lengths, cursors and tokens at the edge of what a message can hold: refused by name, never an inner error."""

import base64
import json

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong import edxml
from lienthong.chassis.errors import Code
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import operations_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, acknowledge, delivered, file_of, pull, refused, report, submit, told

BEYOND = Timestamp(seconds=10**15)
"""A time of no calendar; code generated from the contract sends it without a word."""
LAST = Timestamp(seconds=253_402_300_799)
"""The last second of the year 9999 in UTC, the usual way to say "for ever"; in Viet Nam it is the year 10000."""


FIRST = Timestamp(seconds=-62_135_596_800)
"""The first second of the year 1 in UTC, which programs send for "not set"; its day begins in no year in Viet Nam."""


@pytest.mark.parametrize(
    "moment", [BEYOND, LAST, Timestamp(seconds=-(10**15)), FIRST], ids=["beyond", "last", "before", "first"]
)
def test_times_of_no_calendar_in_the_directory(world: World, moment: Timestamp) -> None:
    """A code, a grant and a change of the directory hold in years 1 to 9999: every copy of it reads these times."""
    directory = world.operator.directory
    code = common.AgencyCode(code="H97", valid_to=moment)
    agency = common.Agency(display_name="UBND tỉnh Không Có", codes=[code])
    create = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
    refused(Code.INVALID_ARGUMENT, "FIELD_INVALID", lambda: directory.CreateAgency(create))
    grant = common.Grant(agency=world.agencies["city"].name, valid_from=moment)
    system = common.System(display_name="odd", role=common.SYSTEM_ROLE_AGENCY_SYSTEM, grants=[grant])
    add = directory_pb2.CreateSystemRequest(system=system, request_id=new_request_id())
    error = refused(Code.INVALID_ARGUMENT, "FIELD_INVALID", lambda: directory.CreateSystem(add))
    assert told(error, "FIELD_INVALID").field == "system.grants[0]"
    retire = directory_pb2.RetireAgencyRequest(
        name="agencies/H41", successors=["agencies/H29"], effective_time=moment, request_id=new_request_id()
    )
    refused(Code.INVALID_ARGUMENT, "TIME_INVALID", lambda: directory.RetireAgency(retire))
    rename = directory_pb2.RenameAgencyRequest(
        name="agencies/H41", add_codes=["H41.1"], effective_time=moment, request_id=new_request_id()
    )
    refused(Code.INVALID_ARGUMENT, "TIME_INVALID", lambda: directory.RenameAgency(rename))
    assert submit(world.vpcp, file_of()).document, "the directory is read as before"


def test_republishing_since_no_time(world: World) -> None:
    """What is published again was written in years 1 to 9999."""
    request = operations_pb2.RepublishOutboxRequest(service="intake", since=BEYOND, request_id=new_request_id())
    operations = world.operator.operations("intake")
    refused(Code.INVALID_ARGUMENT, "TIME_INVALID", lambda: operations.RepublishOutbox(request))
    request.since.CopyFrom(Timestamp(seconds=1, nanos=-1))
    error = refused(Code.INVALID_ARGUMENT, "TIME_INVALID", lambda: operations.RepublishOutbox(request))
    assert "nanos" in told(error, "TIME_INVALID").rule, "the year is right"


def test_a_status_of_the_last_second_of_time(world: World) -> None:
    """A status whose time has no day in Viet Nam is refused for itself; no consumer meets it."""
    receipt, item = delivered(world)
    result = report(world.city, "03", delivery=item.delivery, event_time=LAST)
    assert (result.status.code, "9999" in result.status.message) == (Code.INVALID_ARGUMENT.value, True)
    assert report(world.city, "03", delivery=item.delivery).outcome == workflow_pb2.OUTCOME_APPLIED
    pull(world.vpcp, receipt.document, mailbox_pb2.ITEM_KIND_STATUS)


@pytest.mark.parametrize(("seconds", "lasts"), [(2**62, 3600), (10**14, 3600)])
def test_leases_beyond_measure(world: World, seconds: int, lasts: int) -> None:
    """A lease longer than the longest lasts as long as the longest, whatever length was asked."""
    receipt = submit(world.vpcp, file_of())
    item = pull(world.city, receipt.document, seconds=seconds)
    extend = mailbox_pb2.ExtendItemsRequest(items=[mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)])
    extend.lease_duration.seconds = seconds
    (result,) = world.city.mailbox.ExtendItems(extend).results
    assert result.status.code == 0
    assert abs(result.lease_expire_time.seconds - item.lease_expire_time.seconds) < lasts / 2
    assert acknowledge(world.city, item) == [0]


def _packed(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


@pytest.mark.parametrize("value", ['[["", Infinity]]', f'[["", {2**70}]]', "[" * 100_000, '{"a": 1}', '[["a", "1"]]'])
def test_cursors_made_by_hand(world: World, value: str) -> None:
    """A cursor with other contents than the server's own is INVALID_ARGUMENT."""
    request = mailbox_pb2.WatchMailboxRequest(cursor=_packed(value))
    refused(Code.INVALID_ARGUMENT, "CURSOR_INVALID", lambda: next(iter(world.city.mailbox.WatchMailbox(request))))


@pytest.mark.parametrize("key", ["\ud800", "\0"])
def test_page_tokens_that_no_database_can_keep(world: World, key: str) -> None:
    """Text that cannot be stored is no position of a list."""
    for _ in range(2):
        submit(world.vpcp, file_of())
    page = world.vpcp.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1))
    origin = json.loads(base64.urlsafe_b64decode(page.next_page_token + "=="))[0]
    for token in (_packed(json.dumps([origin, key])), _packed("[" * 100_000)):
        request = intake_pb2.ListDocumentsRequest(page_token=token)
        refused(
            Code.INVALID_ARGUMENT,
            "PAGE_TOKEN_INVALID",
            lambda request=request: world.vpcp.intake.ListDocuments(request),  # type: ignore[misc] # a default binds it
        )


@pytest.mark.parametrize("day", ["22/11/2026", "2026-02-30", "2026-2-3", "20261122", "", "hôm nay"])
def test_days_that_are_none_in_a_filter(world: World, day: str) -> None:
    """A day that cannot be read is a malformed filter with its position, not an empty list."""
    request = intake_pb2.ListDocumentsRequest(filter=f'promulgation_date >= "{day}"')
    error = refused(Code.INVALID_ARGUMENT, "FILTER_INVALID", lambda: world.vpcp.intake.ListDocuments(request))
    assert error.metadata["position"] == "22"
    assert "YYYY-MM-DD" in told(error, "FILTER_INVALID").rule


def test_a_document_without_a_date_is_not_early(world: World) -> None:
    """Documents before a day have a day."""
    receipt = submit(world.vpcp, file_of(promulgation=_undated()))
    found = world.vpcp.intake.GetDocument(intake_pb2.GetDocumentRequest(name=receipt.document))
    assert not found.header.HasField("promulgation_date")
    request = intake_pb2.ListDocumentsRequest(filter='promulgation_date < "2000-01-01"')
    assert not world.vpcp.intake.ListDocuments(request).documents


def _undated() -> edxml.PromulgationInfo:
    return edxml.PromulgationInfo("Hà Nội")
