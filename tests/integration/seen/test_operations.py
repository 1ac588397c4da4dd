"""What operators do to a running platform."""

from pathlib import Path

import pytest

from lienthong.chassis.config import ServerSection
from lienthong.client import Axis, InvalidRequestError, connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import operations_pb2 as pb
from lienthong.demo.timeline import wait_for
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background


def test_the_directory_is_told_again(tmp_path: Path) -> None:
    """Routing tells the present state of every agency and system again; a dry run tells nothing, others may not."""
    settings = Settings(data_dir=tmp_path, server=ServerSection(listen="127.0.0.1:0", metrics=""))
    with Background(settings), connect(load_context(tmp_path / "contexts" / "operator.yaml")) as axis:
        agency = common.Agency(display_name="VPCP", codes=[common.AgencyCode(code="G22")])
        axis.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
        before = outbox(axis)
        assert tell(axis, "routing", dry_run=True) == 2
        assert outbox(axis) == before
        assert tell(axis, "routing") == 2
        wait_for("both states in the log again", lambda: outbox(axis) == before + 2)
        with pytest.raises(InvalidRequestError) as refused:
            tell(axis, "intake")
        assert refused.value.reason == "NOT_THE_OWNER"


def tell(axis: Axis, service: str, *, dry_run: bool = False) -> int:
    """Asks a service to tell the directory again."""
    request = pb.RepublishOutboxRequest(service=service, directory=True, dry_run=dry_run, request_id=new_request_id())
    return axis.operations(service).RepublishOutbox(request).events


def outbox(axis: Axis) -> int:
    """Counts what routing has told, once nothing waits."""

    def settled() -> pb.GetOutboxResponse | None:
        state = axis.operations("routing").GetOutbox(pb.GetOutboxRequest(service="routing"))
        return None if state.waiting else state

    return wait_for("an empty outbox", settled).kept
