"""An installation is exported, and imported into empty embedded engines."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import inspect
from tests.integration.api.world import SETTINGS, acknowledge, pull
from tests.integration.moving.conftest import HALF, PDF, Left, facts_of, settings_of, silent

from google.bytestream import bytestream_pb2
from lienthong.app import Platform
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.seal_check import verify_seal
from lienthong.client import Axis, connect, load_context
from lienthong.intake.v1 import intake_pb2
from lienthong.moving.exporting import export_installation
from lienthong.moving.form import MANIFEST, read_manifest
from lienthong.moving.importing import import_installation
from lienthong.moving.installation import SERVICES, tables_of
from lienthong.routing.v1 import mailbox_pb2
from lienthong.settings import Settings
from lienthong.signing.v1 import signing_pb2
from lienthong.testing.platform import Background

# What an import itself writes: what somebody has not had waits again, and the directory is told with new versions.
TOLD_AGAIN = {*(f"{service}.outbox" for service in SERVICES), "routing.aggregate_versions"}
_ARMED = "from lienthong.chassis import failpoints; failpoints.arm({!r}, {}); from lienthong.cli import main; main()"
_QUERY = "/google.bytestream.ByteStream/QueryWriteStatus"


def speak(left: Left, platform: Platform, name: str) -> Axis:
    """Opens a session with credentials of before the move."""
    context = load_context(left.folder / "contexts" / f"{name}.yaml")
    return connect(replace(context, address=f"127.0.0.1:{platform.port}"))


def committed(axis: Axis, upload: str) -> int:
    """Tells how many bytes of an upload are there."""
    ask = axis.channel("intake").unary_unary(
        _QUERY,
        bytestream_pb2.QueryWriteStatusRequest.SerializeToString,
        bytestream_pb2.QueryWriteStatusResponse.FromString,
    )
    return int(ask(bytestream_pb2.QueryWriteStatusRequest(resource_name=upload)).committed_size)


def assert_same(first: Path, second: Path) -> None:
    """Two exports hold the same rows, but for what an import writes."""
    before, after = facts_of(first), facts_of(second)
    assert {name for name in before if before[name] != after[name]} <= TOLD_AGAIN
    assert all(before[name][0] == after[name][0] for name in before if name != "routing.outbox")


def test_every_table_moves(left: Left) -> None:
    """What stands in a database is in the export: no table is left out but the leases of work."""
    for service in SERVICES:
        database = SqliteDatabase(left.folder / "databases" / f"{service}.db")
        with database.read() as connection:
            there = set(inspect(connection).get_table_names())
        database.close()
        assert there - {table.name for table in tables_of(service)} == {"alembic_version", "leases"}
    exported = facts_of(left.export)
    assert exported["intake.documents"][0] == 3
    assert exported["routing.items"][0] >= 3


def test_all_arrives_and_goes_on(left: Left, tmp_path: Path) -> None:
    """After the move old credentials work, receipts verify, contents are the same, leases hold, uploads go on."""
    imported = import_installation(settings_of(tmp_path), left.export, silent)
    assert imported.manifest == read_manifest(left.export)
    with (
        Background(Settings.model_validate({"data_dir": tmp_path} | SETTINGS)) as platform,
        speak(left, platform, "vpcp") as vpcp,
        speak(left, platform, "city") as city,
    ):
        receipt = vpcp.intake.GetReceipt(intake_pb2.GetReceiptRequest(document=left.receipt.document))
        assert receipt == left.receipt
        root = vpcp.signing.GetAuthority(signing_pb2.GetAuthorityRequest()).root
        anchors = x509.load_pem_x509_certificates(root)
        assert verify_seal(receipt.subject, receipt.seal, anchors, datetime.now(UTC)).valid
        received = city.mailbox.ListDeliveries(mailbox_pb2.ListDeliveriesRequest()).deliveries
        delivery = next(one for one in received if one.document == left.receipt.document)
        content = io.BytesIO()
        city.download(f"{delivery.name}/attachments/0", content)
        assert content.getvalue() == PDF
        assert acknowledge(city, left.leased) == [0]
        assert acknowledge(city, pull(city, left.waiting)) == [0]
        assert committed(vpcp, left.upload) == len(HALF)


def test_an_export_of_an_import_is_the_same(left: Left, tmp_path: Path) -> None:
    """Exported again before anything is done with it, an installation holds the same rows, contents and files."""
    import_installation(settings_of(tmp_path / "data"), left.export, silent)
    again = export_installation(settings_of(tmp_path / "data"), tmp_path / "export", silent, with_keys=True)
    assert_same(left.export, tmp_path / "export")
    first = read_manifest(left.export)
    assert again.files == first.files
    assert (again.contents.count, again.contents.bytes) == (first.contents.count, first.contents.bytes)


def test_keys_move_only_when_asked(left: Left, tmp_path: Path) -> None:
    """Without --with-keys no private key is in the export; with it only its owner reads them."""
    plain = export_installation(settings_of(left.folder), tmp_path / "plain", silent, with_keys=False)
    assert not any(name.endswith(".key") for name in plain.files)
    assert plain.files.keys() == {"trust/anchors/root.pem"}
    keys = list((left.export / "keys").glob("*.key"))
    assert {file.stem for file in keys} >= {"axis-root", "server", "intake-seal", "workflow-seal", "operator"}
    assert {file.stat().st_mode & 0o777 for file in keys} == {0o600}
    assert left.export.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("point", "count"),
    [("uow.after-commit", 8), ("uow.before-commit", 40), ("blob.before-rename", 1), ("uow.after-commit", 74)],
)
def test_a_killed_import_is_begun_again(left: Left, tmp_path: Path, point: str, count: int) -> None:
    """Killed anywhere, an import leaves what no service starts on; begun again it ends as if nothing had been."""
    command = [sys.executable, "-c", _ARMED.format(point, count)]
    arguments = ["import", str(left.export), "--data-dir", str(tmp_path / "data"), "--json"]
    killed = subprocess.run([*command, *arguments], env=os.environ, capture_output=True, check=False)  # noqa: S603 -- ours
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    refused = pytest.raises(ConfigError, match=r"part of export|lienthong import")
    with refused, Background(Settings.model_validate({"data_dir": tmp_path / "data"} | SETTINGS)):
        pass
    import_installation(settings_of(tmp_path / "data"), left.export, silent)
    export_installation(settings_of(tmp_path / "data"), tmp_path / "export", silent, with_keys=True)
    assert_same(left.export, tmp_path / "export")


def test_the_commands_print_what_moved(left: Left, tmp_path: Path) -> None:
    """`export` and `import` tell every table with its rows, for people and for programs."""
    program = [sys.executable, "-m", "lienthong"]

    def run(*arguments: str) -> str:
        done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=True)  # noqa: S603 -- ours
        return done.stdout

    told = json.loads(run("export", str(tmp_path / "export"), "--data-dir", str(left.folder), "--with-keys", "--json"))
    counts = {f"{part['service']}.{part['what']}": part["count"] for part in told["parts"]}
    assert counts["intake.documents"] == 3
    shown = run("import", str(tmp_path / "export"), "--data-dir", str(tmp_path / "data"))
    assert "documents" in shown
    assert "will be published again" in shown
    assert (tmp_path / "export" / MANIFEST).is_file()
