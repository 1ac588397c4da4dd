"""`lienthong support-bundle` helps, and gives nothing away: strings planted wherever one could stand are not in it."""

import hashlib
import http.server
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import insert
from typer.testing import CliRunner

from lienthong.chassis.config import ServerSection
from lienthong.chassis.events.tables import dead_letters, parked
from lienthong.cli import support
from lienthong.cli.main import app
from lienthong.client import connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2
from lienthong.settings import Settings
from lienthong.testing.platform import Background

PLANTED = "Kín-8f3a Nguyễn Văn Mật"
"""What nobody may see: with a name, signs and figures, as people write them."""
PARTS = ("Kín-8f3a", "Mật", "K\\u00edn", "M\\u1eadt", "8f3a", "PRIVATE KEY")

FIELDS = {"id": "x", "topic": "t", "partition": 0, "offset": 0, "type": "t", "subject": "documents/1", "sequence": 3}
FIELDS |= {"event_id": "e", "event_time": "2026", "traceparent": "", "held_at": 1, "value": PLANTED.encode()}
METRICS = (
    f"# HELP other_{PLANTED} {PLANTED}\nother 1\nlienthong_outbox_waiting 3\n"
    f'lienthong_pair_deliveries_total{{sender="8f3a",recipient="H29"}} 1\n'
)
LOG = [
    {"event": "call refused", "reason": "NOT_YOURS", "document": "documents/1", "subject": PLANTED, "note": PLANTED},
    {"event": f"said {PLANTED}", "exception": [{"exc_value": PLANTED}], "reason": PLANTED, "level": "error"},
]


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Path]:
    """The operator of a platform in which the string stands in a name, a dead letter and a parked event."""
    data = tmp_path / "data"
    with Background(Settings(data_dir=data, server=ServerSection(listen="127.0.0.1:0", metrics=""))) as platform:
        context = data / "contexts" / "operator.yaml"
        with connect(load_context(context)) as axis:
            agency = common.Agency(display_name=PLANTED, codes=[common.AgencyCode(code="G22")])
            axis.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
        database = next(one.context.database for one in platform._components if one.context.name == "routing")
        with database.write() as connection:
            row = {**FIELDS, "reason": f"ValueError: {PLANTED}"}
            connection.execute(insert(dead_letters).values(**row, attempts=3))
            connection.execute(insert(parked).values(**{**row, "subject": PLANTED}, waits_for=""))
        yield context


@pytest.fixture
def metrics() -> Iterator[str]:
    """A server whose metrics hold the string too."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answers."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(METRICS.encode())

        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()


def gathered(file: Path, *arguments: str) -> dict[str, bytes]:
    """Makes a bundle; gives its parts by name."""
    ended = CliRunner().invoke(app, ["support-bundle", "-o", str(file), *arguments])
    assert ended.exit_code == 0, ended.output
    with tarfile.open(file) as archive:
        found = {one.name.removeprefix("support-bundle/"): archive.extractfile(one) for one in archive}
        return {name: stream.read() for name, stream in found.items() if stream}


def test_nothing_is_given_away(operator: Path, metrics: str, tmp_path: Path) -> None:
    """A string in names, events, metrics, logs, settings and their files is nowhere in the bundle; what helps is."""
    secret = tmp_path / "password"
    secret.write_text(PLANTED, "utf-8")
    config, log = tmp_path / "config.yaml", tmp_path / "log"
    settings = {"telemetry": {"otlp_endpoint": f"http://{PLANTED}@127.0.0.1:4317"}}
    settings["notification"] = {"smtp_password_file": str(secret), "smtp_username": PLANTED, "smtp_sender": PLANTED}
    config.write_text(yaml.safe_dump(settings), "utf-8")
    log.write_text("\n".join([*map(json.dumps, LOG), f"plain {PLANTED}"]), "utf-8")
    file = tmp_path / "bundle.tgz"
    arguments = ["--config", str(config), "--metrics", metrics, "--log", str(log), "--as", str(operator)]
    parts = gathered(file, *arguments)
    everything = b"\n".join([*parts.values(), *(name.encode() for name in parts)]).decode()
    assert [text for text in PARTS if text in everything] == []
    assert b"lienthong_outbox_waiting 3" in parts["metrics/1.txt"]
    assert json.loads(parts["log.jsonl"].splitlines()[0])["document"] == "documents/1"
    (letter,) = json.loads(parts["events/routing.json"])["dead_letters"]
    assert (letter["subject"], letter["reason"]) == ("documents/1", "ValueError")
    findings = {one["what"]: one for one in json.loads(parts["findings.json"])}
    assert not findings["routing: dead letters"]["ok"]
    assert findings["routing: dead letters"]["remedy"]
    assert file.stat().st_mode & 0o077 == 0


def test_the_manifest_names_every_part(operator: Path, tmp_path: Path) -> None:
    """Each part stands there with its size and hash, and nothing that is not there."""
    parts = gathered(tmp_path / "bundle.tgz", "--as", str(operator))
    manifest = json.loads(parts.pop("manifest.json"))
    made = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in parts.items()}
    assert manifest["parts"] == made
    assert {"versions.json", "findings.json", "events/intake.json"} <= set(made)
    assert manifest["left_out"] == {}


def test_who_is_away_is_left_out(operator: Path, tmp_path: Path) -> None:
    """Metrics that nobody serves and a log that is not there are named in the manifest, and the rest is made."""
    log = str(tmp_path / "none")
    arguments = ["--metrics", "http://127.0.0.1:9/metrics", "--log", log, "--as", str(operator)]
    parts = gathered(tmp_path / "bundle.tgz", *arguments)
    left = json.loads(parts["manifest.json"])["left_out"]
    assert left == {"metrics/1.txt": "ConnectError", "log.jsonl": "FileNotFoundError"}
    assert "findings.json" in parts


def test_a_long_part_is_cut(operator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is as long as it may be, and the manifest says what was cut."""
    monkeypatch.setattr(support, "PART_BYTES", 300)
    parts = gathered(tmp_path / "bundle.tgz", "--as", str(operator))
    assert all(len(data) <= 300 for name, data in parts.items() if name != "manifest.json")
    assert "cut" in json.loads(parts["manifest.json"])["left_out"]["findings.json"]


def test_time_is_bounded(operator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not asked before the time was over is left out, and the bundle is written."""
    monkeypatch.setattr(support, "Bundle", lambda _end: support_bundle_of_the_past())
    parts = gathered(tmp_path / "bundle.tgz", "--as", str(operator))
    assert set(parts) == {"manifest.json"}
    assert json.loads(parts["manifest.json"])["left_out"]["findings.json"] == "the time was over"


def test_a_file_is_never_overwritten(operator: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is; the refusal names it."""
    file = tmp_path / "bundle.tgz"
    file.write_text("mine")
    ended = CliRunner().invoke(app, ["support-bundle", "-o", str(file), "--as", str(operator)])
    assert isinstance(ended.exception, FileExistsError)
    assert file.read_text() == "mine"


_Bundle = support.Bundle


def support_bundle_of_the_past() -> support.Bundle:
    """A bundle whose time is over."""
    return _Bundle(0.0)
