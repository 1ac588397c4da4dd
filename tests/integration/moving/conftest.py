"""An installation that was used and stands still, and what it exported."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from tests.integration.api.world import attached, delivered, file_of, pull, running, submit

from google.bytestream import bytestream_pb2
from lienthong.client import load_context
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.moving.exporting import export_installation
from lienthong.moving.form import Manifest, read_manifest
from lienthong.routing.v1 import mailbox_pb2
from lienthong.settings import Settings

PDF = b"%PDF-1.7\n%%EOF\n" + bytes(range(256)) * 40
HALF = b"half of an upload"


@dataclass(frozen=True, slots=True)
class Left:
    """An installation that was left, and its export.

    Attributes:
        folder: Its data folder.
        export: The folder of the export.
        receipt: Of a document that was delivered and acknowledged.
        leased: An item under a lease of an hour.
        waiting: A document that nobody has pulled.
        upload: An upload with `HALF` in it.
    """

    folder: Path
    export: Path
    receipt: intake_pb2.Receipt
    leased: mailbox_pb2.Item
    waiting: str
    upload: str

    def copy(self, place: Path) -> Path:
        """Copies the export, to be damaged."""
        return Path(shutil.copytree(self.export, place / "export"))


def silent(_text: str) -> None:
    """Is told what goes on, and says nothing."""


def settings_of(folder: Path) -> Settings:
    """Gives the settings of an embedded installation."""
    return Settings.model_validate({"data_dir": folder})


def facts_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Gives rows and hash of each table of an export."""
    manifest: Manifest = read_manifest(folder)
    return {
        f"{service}.{name}": (table.rows, table.content)
        for service, entry in manifest.services.items()
        for name, table in entry.tables.items()
    }


@pytest.fixture(scope="session")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """An installation with a bit of everything, exported with its keys."""
    place = tmp_path_factory.mktemp("left")
    with running(place / "data") as world:
        world.join("vpcp", "Văn phòng Chính phủ", "000.00.00.G22", "G22")
        world.join("city", "UBND Thành phố Hồ Chí Minh", "000.00.00.H29", "H29")
        anchors = place / "data" / "trust" / "anchors"
        anchors.mkdir(parents=True)
        shutil.copy(place / "data" / "keys" / "axis-root.crt", anchors / "root.pem")
        receipt, _item = delivered(world, file_of(attachments=(attached("công văn.pdf", PDF),)))
        leased = pull(world.city, submit(world.vpcp, file_of()).document, seconds=3600)
        waiting = submit(world.vpcp, file_of()).document
        request = intake_pb2.CreateUploadRequest(size=1000, request_id=new_request_id())
        upload = world.vpcp.intake.CreateUpload(request).name
        write = world.vpcp.channel("intake").stream_unary(
            "/google.bytestream.ByteStream/Write",
            bytestream_pb2.WriteRequest.SerializeToString,
            bytestream_pb2.WriteResponse.FromString,
        )
        # A stream that ends before the upload does is refused, and what came in it is kept.
        with pytest.raises(grpc.RpcError):
            write(iter([bytestream_pb2.WriteRequest(resource_name=upload, data=HALF)]))
    assert load_context(place / "data" / "contexts" / "vpcp.yaml")
    export_installation(settings_of(place / "data"), place / "export", silent, with_keys=True)
    return Left(place / "data", place / "export", receipt, leased, waiting, upload)
