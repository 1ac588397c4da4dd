"""What the log says of a document's way: a line for each step, and never what people wrote."""

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
import pytest
import yaml

from lienthong.client import (
    Axis,
    AxisCallError,
    AxisUnavailableError,
    ContextError,
    NotFoundError,
    connect,
    credentials,
    load_context,
)
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.demo.timeline import wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.workflow.v1 import workflow_pb2

Answer = TypeVar("Answer")

SECONDS = 60.0
WRITTEN = {
    "subject": "Về việc bí mật số một",
    "notation": "KIN-DAO",
    "file": "bao-cao-kin.pdf",
    "person": "Nguyễn Văn Kín",
    "note": "Lý do riêng tư",
    "document_id": "so-kin-dao-2026",
}
"""Everything that people write, each unmistakable."""


class Scene(NamedTuple):
    """A running program, its log, where its metrics are, and who speaks with it."""

    log: Path
    port: int
    metrics: str
    operator: Axis
    sender: Axis
    recipient: Axis

    def lines(self) -> list[dict[str, object]]:
        """The lines of the log so far."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]

    def steps(self, document: str) -> dict[str, dict[str, object]]:
        """The lines about a document, by what happened."""
        return {str(line["event"]): line for line in self.lines() if line.get("document") == document}

    def value(self, line: str) -> float:
        """The value of a metric, its labels written as Prometheus does."""
        for text in httpx.get(self.metrics).text.splitlines():
            if text.startswith(f"{line} "):
                return float(text.rpartition(" ")[2])
        return 0.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The real program with two agencies."""
    folder = tmp_path_factory.mktemp("logs")
    port = _free_port()
    config = folder / "config.yaml"
    server = {"listen": "127.0.0.1:0", "metrics": f"127.0.0.1:{port}", "drain_seconds": 1}
    config.write_text(yaml.safe_dump({"data_dir": str(folder / "data"), "server": server}), "utf-8")
    log = folder / "log"
    with log.open("wb") as target, ExitStack() as stack:
        command = [sys.executable, "-m", "lienthong", "run", "--config", str(config)]
        process = subprocess.Popen(command, stdout=target, stderr=target)  # noqa: S603 -- our own program
        stack.callback(process.wait, SECONDS)
        stack.callback(process.terminate)
        contexts = folder / "data" / "contexts"
        wait_for("the program answers", lambda: process.poll() is None and _answers(contexts / "operator.yaml"))
        operator = stack.enter_context(connect(load_context(contexts / "operator.yaml")))
        parties = []
        for name, code in (("sender", "G22"), ("recipient", "H29")):
            agency = common.Agency(display_name=name, codes=[common.AgencyCode(code=code)])
            request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
            operator.directory.CreateAgency(request)
            credentials.issue(operator, code, name, credentials.Place(contexts))
            parties.append(stack.enter_context(connect(load_context(contexts / f"{name}.yaml"))))
        address = load_context(contexts / "operator.yaml").address
        yield Scene(log, int(address.rpartition(":")[2]), f"http://127.0.0.1:{port}/metrics", operator, *parties)


@pytest.fixture(scope="module")
def document(scene: Scene) -> str:
    """A document that went all the way; its identifier."""
    header = document_pb2.DocumentHeader(
        number="17",
        notation=WRITTEN["notation"],
        document_id=WRITTEN["document_id"],
        subject=WRITTEN["subject"],
        type_name="Công văn",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        signer_name=WRITTEN["person"],
        recipients=[document_pb2.Organization(code="H29")],
    )
    content = intake_pb2.AttachmentContent(name=WRITTEN["file"], data=letter_pdf(Letter(), datetime.now(UTC)))
    request = intake_pb2.SubmitDocumentRequest(
        document=intake_pb2.DocumentContent(header=header, attachments=[content]), request_id=new_request_id()
    )
    receipt = wait_for("the sender is known", lambda: _tried(lambda: scene.sender.intake.SubmitDocument(request)))
    pull = mailbox_pb2.PullItemsRequest(inline_limit=1 << 20, request_id=new_request_id())

    def pulled() -> mailbox_pb2.PullItemsResponse | None:
        pull.request_id = new_request_id()
        answer = _tried(lambda: scene.recipient.mailbox.PullItems(pull))
        return answer if answer and answer.items else None

    (item,) = wait_for("the item", pulled).items
    with (scene.log.parent / "received").open("wb") as target:
        scene.recipient.download(f"{item.delivery}/content", target)
    leased = mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)
    scene.recipient.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[leased]))
    report = workflow_pb2.StatusReport(delivery=item.delivery, code="02", description=WRITTEN["note"])
    wait_for("a status", lambda: _tried(lambda: _report(scene.recipient, report)))
    identifier = str(receipt.document).removeprefix("documents/")
    wait_for("the last step", lambda: _said(scene, identifier, "02"))
    return identifier


def test_each_step_is_a_line(scene: Scene, document: str) -> None:
    """Accepted, judged, available, opened, acknowledged, status: each names the document, the agency and the trace."""
    steps = scene.steps(document)
    expected = {"document accepted", "verdict reached", "delivery available", "delivery opened", "status recorded"}
    assert expected | {"delivery acknowledged"} <= set(steps)
    assert steps["verdict reached"]["verdict"] == "FOR_INFORMATION"
    traces = {line["trace"] for line in steps.values()}
    assert all(traces)
    for words, line in steps.items():
        assert line["level"] == "info"
        assert line.get("agency"), words
    assert len({steps[words]["agency"] for words in ("delivery available", "delivery opened")}) == 1


def test_a_refused_call_is_a_line(scene: Scene, document: str) -> None:
    """Who was refused what, and why: method, code, reason, system and agency; not what was asked for."""
    with pytest.raises(NotFoundError):
        scene.recipient.intake.GetDocument(intake_pb2.GetDocumentRequest(name=f"documents/{document}"))
    (line,) = [one for one in scene.lines() if one["event"] == "call refused" and "GetDocument" in str(one["method"])]
    assert (line["code"], line["reason"]) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert line["system"]
    assert line["agency"]


def test_nothing_that_people_wrote_is_in_the_log(scene: Scene, document: str) -> None:
    """No subject, name, file name, note, number or content, and no key or certificate, at the level of every day."""
    assert scene.steps(document)
    text = scene.log.read_text("utf-8")
    for what, words in WRITTEN.items():
        assert words not in text, f"the {what} stands in the log"
        assert json.dumps(words)[1:-1] not in text, f"the {what} stands in the log"
    assert "PRIVATE KEY" not in text
    assert "BEGIN CERTIFICATE" not in text


def test_callers_that_speak_no_tls_write_no_lines(scene: Scene) -> None:
    """Each line is one JSON object, whoever comes to the port: no library writes lines of another form."""
    before = scene.log.read_text("utf-8")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _ in range(3):
        with suppress(OSError), socket.create_connection(("127.0.0.1", scene.port), SECONDS) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
            caller.recv(1)
        with socket.create_connection(("127.0.0.1", scene.port), SECONDS) as caller, suppress(OSError):
            context.wrap_socket(caller).recv(1)
    written = scene.log.read_text("utf-8").removeprefix(before)
    assert [line for line in written.splitlines() if not line.startswith("{")] == []


def test_steps_verdicts_and_transfers_are_counted(scene: Scene, document: str) -> None:
    """The metrics tell deliveries by state, verdicts by what they say, transfers and their bytes."""
    assert scene.steps(document)
    for state in ("created", "available", "opened", "acknowledged"):
        assert scene.value(f'lienthong_delivery_steps_total{{state="{state}"}}') == 1.0
    assert scene.value('lienthong_verdicts_total{verdict="FOR_INFORMATION"}') == 1.0
    method = "google.bytestream.ByteStream/Read"
    assert scene.value(f'lienthong_transfers_total{{code="OK",method="{method}"}}') == 1.0
    assert scene.value(f'lienthong_transfer_seconds_count{{method="{method}"}}') == 1.0
    size = (scene.log.parent / "received").stat().st_size
    assert scene.value('lienthong_transfer_bytes_total{direction="out"}') == size


def _tried(action: Callable[[], Answer]) -> Answer | None:
    """The answer, or None while somebody is not known yet."""
    try:
        return action()
    except AxisUnavailableError:
        return None


def _report(axis: Axis, report: workflow_pb2.StatusReport) -> bool:
    request = workflow_pb2.ReportStatusesRequest(statuses=[report], request_id=new_request_id())
    (result,) = axis.workflow.ReportStatuses(request).results
    return result.outcome == workflow_pb2.OUTCOME_APPLIED


def _said(scene: Scene, document: str, code: str) -> bool:
    return any(
        (line["event"], line.get("document"), line.get("code")) == ("status recorded", document, code)
        for line in scene.lines()
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(context: Path) -> bool:
    try:
        with connect(load_context(context)) as axis:
            return axis.serving(timeout=2.0)
    except (ContextError, AxisCallError):
        return False
