"""One platform for all tests of the public interface, with everybody who takes part."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.installation import engine_settings

from lienthong.client.transfers import new_request_id
from lienthong.routing.v1 import directory_pb2

from .shell import letter, shell
from .world import World, running

__all__ = ["letter", "shell"]


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A platform that knows the Government Office, Ho Chi Minh City, Nghệ An, a retired agency and a group.

    It stands on the engines that `--engines` names.
    """
    settings = {}
    if request.config.getoption("--engines") == "real":
        kafka, objects = request.getfixturevalue("kafka"), request.getfixturevalue("object_server")
        settings = {"engines": engine_settings(kafka, objects)}
    with running(tmp_path_factory.mktemp("world"), settings) as made:
        made.join("vpcp", "Văn phòng Chính phủ", "000.00.00.G22", "G22")
        made.join("city", "UBND Thành phố Hồ Chí Minh", "000.00.00.H29", "H29", groups=("provinces",))
        retired = made.register("retired", "UBND tỉnh Hà Tây", "000.00.00.H98", "H98")
        made.operator.directory.RetireAgency(
            directory_pb2.RetireAgencyRequest(name=retired.name, request_id=new_request_id())
        )
        made.join("nghe-an", "UBND tỉnh Nghệ An", "000.00.00.H41", "H41", groups=("provinces",))
        made.system("shared", "vpcp", "city")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the files of one test."""
    return tmp_path
