"""Acts 4 to 7: delivery, the four steps, the leader who follows, the answer that closes the case."""

from datetime import timedelta

from lienthong import edxml
from lienthong.chassis.times import to_timestamp
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2, lifecycle_pb2
from lienthong.demo.cast import read_all
from lienthong.demo.papers import now, signed_letter
from lienthong.demo.stage import Leader, Stage
from lienthong.demo.timeline import confirm
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.terminal import progress_table
from lienthong.testing.documents import Letter
from lienthong.workflow.v1 import workflow_pb2


def deliver(stage: Stage, receipt: intake_pb2.Receipt, leader: Leader) -> str:
    """Act 4: pull, download, compare, acknowledge; 01 goes out by itself. Gives the delivery."""
    timeline, city = stage.timeline, stage.city
    timeline.act("4", "The city receives · UBND TP.HCM nhận văn bản")
    item = city.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document)
    timeline.say("the city", f"pulls {item.code} “{item.subject}” from {item.from_name}", item.verdict_text_vi)
    delivery = city.axis.mailbox.GetDelivery(mailbox_pb2.GetDeliveryRequest(name=item.delivery))
    file = stage.papers / "received.edxml"
    found = read_all(city, f"{item.delivery}/content", file)
    confirm("hash of the file", found, delivery.content_sha256.hex())
    with file.open("rb") as stream:
        message = edxml.read(stream, edxml.MemorySpools()).message
    sent = stage.vpcp.axis.intake.GetDocument(intake_pb2.GetDocumentRequest(name=receipt.document))
    read = [one.content.sha256 for one in message.attachments] if isinstance(message, edxml.Document) else []
    confirm("attachments", read, [one.sha256.hex() for one in sent.attachments])
    timeline.say("the city", f"downloads {file.stat().st_size:,} bytes; hash and both attachments as sealed")
    city.acknowledge(item)
    leader.sees(lifecycle_pb2.DELIVERY_STATE_ARRIVED)
    timeline.say("the city", "acknowledges; 01 “đã đến” goes out by itself")
    status = stage.vpcp.pull(mailbox_pb2.ITEM_KIND_STATUS, receipt.document)
    confirm("status in the sender's mailbox", status.status_code, "01")
    stage.vpcp.acknowledge(status)
    timeline.say("VPCP", "finds status 01 in its own mailbox")
    return item.delivery


def work(stage: Stage, delivery: str, leader: Leader) -> None:
    """Acts 5 and 6: the office works, the leader at VPCP sees each step."""
    timeline, city = stage.timeline, stage.city
    timeline.act("5", "The office works, VPCP's leader follows live · xử lý và theo dõi")
    city.report(delivery, "03", "Tiếp nhận, vào sổ văn bản đến", arrival_number="1024")
    leader.sees(lifecycle_pb2.DELIVERY_STATE_ACCEPTED)
    timeline.say("văn thư", "accepts (03), arrival number 1024; the leader sees it")
    _task(stage, workflow_pb2.TASK_KIND_SUBMIT, delivery)
    timeline.say("văn thư", "submits to the leader (trình lãnh đạo)")
    task = _task(stage, workflow_pb2.TASK_KIND_ASSIGN, delivery)
    leader.sees(lifecycle_pb2.DELIVERY_STATE_ASSIGNED)
    timeline.say("lãnh đạo", f"assigns (04): {task.unit}, {task.person}: {task.instruction}")
    news = "Đang thống nhất phương án kết nối với VNPT"
    city.axis.workflow.StartTask(workflow_pb2.StartTaskRequest(name=task.name, note=news, request_id=new_request_id()))
    leader.sees(lifecycle_pb2.DELIVERY_STATE_PROCESSING)
    timeline.say("chuyên viên", f"works (05): {news}")
    city.axis.workflow.CompleteTask(
        workflow_pb2.CompleteTaskRequest(name=task.name, result="Đã kết nối", request_id=new_request_id())
    )
    done = leader.sees(lifecycle_pb2.DELIVERY_STATE_DONE)
    timeline.say("chuyên viên", "completes (06)")
    timeline.act("6", "What the leader sees · bốn bước xử lý")
    steps = [step.step for step in done.recipients[0].steps if step.HasField("start_time")]
    confirm("the four steps", steps, [1, 2, 3, 4])
    timeline.say("VPCP leader", "sees the four steps at the city, with the time spent in each")
    timeline.show(progress_table(done))


def answer(stage: Stage, receipt: intake_pb2.Receipt, leader: Leader) -> None:
    """Act 7: the answer is a document of its own; when VPCP has it, the case closes."""
    timeline, city = stage.timeline, stage.city
    timeline.act("7", "The answer closes the case · văn bản trả lời")
    letter = Letter(number="1530/UBND-VP", addressee="Văn phòng Chính phủ")
    pdf = signed_letter(letter, stage.city_signers, now() - timedelta(minutes=1))
    answers = document_pb2.ResponseFor(
        organ_code="000.00.00.G22", code="7816/VPCP-TTĐT", document_id=receipt.document_id
    )
    sent = city.submit(["G22"], "1530", "V/v trả lời công văn 7816/VPCP-TTĐT", ("1530-UBND.pdf", pdf), answers)
    timeline.say("the city", f"issues its answer {sent.document_id}")
    stage.vpcp.acknowledge(stage.vpcp.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, sent.document))
    closed = leader.until("the case closes", lambda progress: progress.closed)
    confirm("answered by", closed.recipients[0].answered_by, f"1530/{city.agency.short_name}-VP")
    timeline.say("workflow", f"VPCP has it: answered by {closed.recipients[0].answered_by}, the case is closed")


def _task(stage: Stage, kind: workflow_pb2.TaskKind.ValueType, delivery: str) -> workflow_pb2.Task:
    assigned = kind == workflow_pb2.TASK_KIND_ASSIGN
    return stage.city.axis.workflow.AssignTask(
        workflow_pb2.AssignTaskRequest(
            delivery=delivery,
            kind=kind,
            unit="Phòng Tin học" if assigned else "",
            person="Trần Văn Bình" if assigned else "",
            instruction="Kết nối phần mềm, báo cáo kết quả" if assigned else "",
            due_time=to_timestamp(now() + timedelta(days=7)) if assigned else None,
            request_id=new_request_id(),
        )
    )
