"""Routing behind the real port: certificates, policy, pages, all in one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lienthong.client import Axis, NotAllowedError, connect, load_context
from lienthong.common.v1 import directory_pb2
from lienthong.routing.v1 import directory_pb2 as pb
from lienthong.routing.v1 import mailbox_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Axis]:
    """A session of the operator that an installation begins with."""
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "server": {"listen": "127.0.0.1:0", "metrics": "", "drain_seconds": 1}}
    )
    with Background(settings), connect(load_context(tmp_path / "contexts" / "operator.yaml")) as axis:
        yield axis


def test_an_operator_keeps_the_directory_and_reads_no_mail(operator: Axis) -> None:
    """The operator of the first start is known at once; what agencies receive is not the operator's."""
    wanted = directory_pb2.Agency(
        display_name="UBND Thành phố Hồ Chí Minh",
        codes=[directory_pb2.AgencyCode(code=code) for code in ("000.00.00.H29", "H29")],
    )
    made = operator.directory.CreateAgency(pb.CreateAgencyRequest(agency=wanted, request_id="c"))
    assert operator.directory.CreateAgency(pb.CreateAgencyRequest(agency=wanted, request_id="c")) == made
    assert operator.directory.GetAgency(pb.GetAgencyRequest(name="agencies/H29")) == made
    assert list(operator.mailbox.ListParkedItems(mailbox_pb2.ListParkedItemsRequest()).items) == []
    with pytest.raises(NotAllowedError):
        operator.mailbox.PullItems(mailbox_pb2.PullItemsRequest(request_id="p"))
