"""The words of notices. Vietnamese terms are those of QD28, ND30 and the edXML status codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """Of one kind: the title with its places, what happened, what to do."""

    title: str
    what: str
    to_do: str


LABELS: dict[str, dict[str, str]] = {
    "vi": {
        "code": "Văn bản",
        "subject": "Trích yếu",
        "sender": "Bên gửi",
        "recipient": "Bên nhận",
        "priority": "Độ khẩn",
        "due": "Hạn xử lý",
        "status": "Trạng thái",
        "request": "Yêu cầu",
        "verdict": "Chữ ký số",
        "assignee": "Người/đơn vị xử lý",
        "instruction": "Nội dung giao",
        "result": "Kết quả",
        "reason": "Lý do",
        "answer_code": "Văn bản trả lời",
        "nearest_codes": "Mã gần đúng nhất",
    },
    "en": {
        "code": "Document",
        "subject": "Subject",
        "sender": "Sender",
        "recipient": "Recipient",
        "priority": "Urgency",
        "due": "Deadline",
        "status": "Status",
        "request": "Request",
        "verdict": "Signatures",
        "assignee": "Assigned to",
        "instruction": "Instruction",
        "result": "Result",
        "reason": "Reason",
        "answer_code": "Answering document",
        "nearest_codes": "Nearest codes",
    },
}
"""Names of the facts, in the order in which a text lists them."""

PRIORITIES: dict[str, dict[int, str]] = {
    "vi": {1: "Khẩn", 2: "Thượng khẩn", 3: "Hỏa tốc", 4: "Hỏa tốc hẹn giờ"},
    "en": {1: "Urgent", 2: "Very urgent", 3: "Immediate", 4: "Immediate at a set hour"},
}
"""Urgency (QD28 Art. 10); 4 is an older term."""

STATUSES: dict[str, dict[str, str]] = {
    "vi": {
        "01": "Đã đến",
        "02": "Từ chối tiếp nhận",
        "03": "Đã tiếp nhận",
        "04": "Phân công xử lý",
        "05": "Đang xử lý",
        "06": "Hoàn thành",
        "13": "Lấy lại",
        "15": "Đồng ý cập nhật, lấy lại",
        "16": "Từ chối cập nhật, lấy lại",
        "": "mã không xác định",
    },
    "en": {
        "01": "arrived",
        "02": "refused",
        "03": "accepted",
        "04": "assigned",
        "05": "in process",
        "06": "completed",
        "13": "recall asked",
        "15": "update or recall agreed",
        "16": "update or recall denied",
        "": "unknown code",
    },
}
"""Names of the status codes; the empty one stands for any other code."""

REQUESTS: dict[str, dict[str, str]] = {
    "vi": {"RECALL": "Lấy lại văn bản", "UPDATE": "Cập nhật văn bản", "REPLACE": "Thay thế văn bản"},
    "en": {"RECALL": "take the document back", "UPDATE": "update the document", "REPLACE": "replace the document"},
}
"""What a sender can ask."""

VERDICTS: dict[str, dict[str, str]] = {
    "vi": {
        "ORIGINAL_VALUE": "Hợp lệ, có giá trị như bản gốc",
        "SIGNED": "Hợp lệ nhưng thiếu chữ ký cá nhân hoặc cơ quan",
        "FOR_INFORMATION": "Không có chữ ký số, chỉ để biết",
        "BROKEN": "KHÔNG hợp lệ hoặc tệp bị thay đổi sau khi ký",
        "INDETERMINATE": "Chưa xác định được người ký hoặc hiệu lực chứng thư",
        "NOT_VERIFIED": "Không kiểm tra được",
    },
    "en": {
        "ORIGINAL_VALUE": "valid, value of an original",
        "SIGNED": "valid, but only of the person or only of the agency",
        "FOR_INFORMATION": "unsigned, for information only",
        "BROKEN": "NOT valid, or changed after signing",
        "INDETERMINATE": "intact, but the signer or the certificate's validity cannot be told",
        "NOT_VERIFIED": "could not be verified",
    },
}
"""What signatures amount to (QD28 Art. 4, ND30 Art. 5)."""

_VI = {
    "document.available": Phrase(
        "Văn bản đến: {code} – {subject}",
        "Có văn bản điện tử mới gửi đến cơ quan.",
        "Việc cần làm: kiểm tra rồi tiếp nhận (03) hoặc trả lại có lý do (02) trong ngày; không chờ bản giấy.",
    ),
    "document.withdrawn": Phrase(
        "Văn bản đã được lấy lại: {code}",
        "Bên gửi đã lấy lại văn bản; nội dung không còn xem được.",
        "Việc cần làm: không xử lý tiếp văn bản này; thông tin quản lý và vết lấy lại vẫn được lưu.",
    ),
    "document.superseded": Phrase(
        "Văn bản đã được thay bằng bản cập nhật: {code}",
        "Bên gửi đã gửi bản cập nhật trước khi văn bản được mở; bản cũ không còn hiệu lực.",
        "Việc cần làm: xử lý trên bản cập nhật.",
    ),
    "request.received": Phrase(
        "Yêu cầu của bên gửi về văn bản {code}",
        "Bên gửi có yêu cầu đối với văn bản đã gửi.",
        "Việc cần làm: trả lời đồng ý (15) hoặc từ chối có lý do (16).",
    ),
    "delivery.failed": Phrase(
        "KHÔNG gửi được văn bản {code} đến {recipient}",
        "Văn bản không đến được bên nhận.",
        "Việc cần làm: kiểm tra mã định danh bên nhận rồi gửi lại, hoặc gửi bản giấy.",
    ),
    "delivery.parked": Phrase(
        "Phần mềm chưa nhận được văn bản {code}",
        "Văn bản đã đến trục nhưng phần mềm của cơ quan chưa nhận được; văn bản vẫn được giữ.",
        "Việc cần làm: báo cán bộ kỹ thuật xử lý lỗi rồi yêu cầu chuyển lại.",
    ),
    "status.recorded": Phrase(
        "{code}: {status}",
        "Trạng thái xử lý văn bản vừa được cập nhật.",
        "Việc cần làm: không, trừ khi văn bản bị từ chối hoặc trả lại.",
    ),
    "verdict.changed": Phrase(
        "Kết quả kiểm tra chữ ký số của {code}: {verdict}",
        "Kết quả kiểm tra chữ ký số của văn bản đã thay đổi.",
        "Việc cần làm: xem lại kết quả trước khi xử lý tiếp; nếu không hợp lệ, trao đổi ngay với bên kia.",
    ),
    "task.assigned": Phrase(
        "Giao xử lý: {code} – {subject}",
        "Có việc mới được giao.",
        "Việc cần làm: xử lý trên văn bản điện tử và báo kết quả đúng hạn.",
    ),
    "task.handed_over": Phrase(
        "Đã chuyển giao việc: {code} – {subject}",
        "Việc được giao đã chuyển cho đơn vị hoặc người khác.",
        "Việc cần làm: không xử lý tiếp; bàn giao tài liệu cho người nhận việc.",
    ),
    "task.paused": Phrase(
        "TẠM DỪNG xử lý: {code} – {subject}",
        "Bên gửi có yêu cầu đối với văn bản đang được xử lý; cơ quan chưa trả lời.",
        "Việc cần làm: tạm dừng cho đến khi cơ quan đồng ý (15) hoặc từ chối (16).",
    ),
    "task.resumed": Phrase(
        "Tiếp tục xử lý: {code} – {subject}",
        "Yêu cầu của bên gửi đã kết thúc; văn bản vẫn được xử lý.",
        "Việc cần làm: xử lý tiếp trên bản đang có hiệu lực.",
    ),
    "task.stopped": Phrase(
        "DỪNG xử lý: {code} – {subject}",
        "Văn bản đã được lấy lại hoặc thay thế.",
        "Việc cần làm: không xử lý tiếp; báo hoàn thành việc để đóng việc được giao.",
    ),
    "task.completed": Phrase(
        "Đã xong việc: {code} – {subject}",
        "Việc được giao đã hoàn thành.",
        "Việc cần làm: xem kết quả; phát hành văn bản trả lời nếu cần.",
    ),
    "delivery.answered": Phrase(
        "{recipient} đã trả lời văn bản {code}",
        "Bên nhận đã gửi văn bản trả lời và cơ quan đã nhận được.",
        "Việc cần làm: xem văn bản trả lời.",
    ),
    "case.closed": Phrase(
        "Đã đủ trả lời: {code} – {subject}",
        "Mọi bên nhận đã trả lời hoặc đã kết thúc xử lý; hồ sơ được đóng.",
        "Việc cần làm: xem các văn bản trả lời và lưu hồ sơ.",
    ),
    "case.alert": Phrase(
        "CẦN XEM: {code} có trạng thái mâu thuẫn",
        "Có trạng thái trái với quy trình; trạng thái hiện tại không thay đổi.",
        "Việc cần làm: hai bên liên hệ để thống nhất tình trạng văn bản.",
    ),
    "subscription.test": Phrase(
        "Thông báo thử",
        "Đây là thông báo thử của trục liên thông; kênh nhận thông báo hoạt động.",
        "Việc cần làm: không.",
    ),
}

_EN = {
    "document.available": Phrase(
        "New document: {code} – {subject}",
        "An electronic document has come for your agency.",
        "To do: check it, then accept (03) or return it with a reason (02) today; do not wait for paper.",
    ),
    "document.withdrawn": Phrase(
        "Document taken back: {code}",
        "The sender has taken the document back; its content can no longer be read.",
        "To do: stop work on it; metadata and the trace of the recall are kept.",
    ),
    "document.superseded": Phrase(
        "Document replaced by its update: {code}",
        "The sender sent an update before the document was opened; the old one no longer stands.",
        "To do: work on the update.",
    ),
    "request.received": Phrase(
        "The sender asks about document {code}",
        "The sender asks something of a document it sent.",
        "To do: agree (15) or deny with a reason (16).",
    ),
    "delivery.failed": Phrase(
        "NOT delivered: document {code} to {recipient}",
        "The document could not reach the recipient.",
        "To do: check the recipient's code and send again, or send paper.",
    ),
    "delivery.parked": Phrase(
        "Your software has not taken document {code}",
        "The document is on the axis, but your software could not take it; it is kept.",
        "To do: have the fault repaired, then ask for it to be put back.",
    ),
    "status.recorded": Phrase(
        "{code}: {status}",
        "The processing status of the document has changed.",
        "To do: nothing, unless the document was refused or returned.",
    ),
    "verdict.changed": Phrase(
        "Signatures of {code}: {verdict}",
        "The result of verifying the signatures has changed.",
        "To do: look at it before you go on; if they are not valid, talk to the other side at once.",
    ),
    "task.assigned": Phrase(
        "Assigned: {code} – {subject}",
        "You have a new task.",
        "To do: work on the electronic document and report the result in time.",
    ),
    "task.handed_over": Phrase(
        "Handed over: {code} – {subject}",
        "A task has gone to another unit or person.",
        "To do: stop work on it and pass your papers on to whoever has it now.",
    ),
    "task.paused": Phrase(
        "PAUSE work: {code} – {subject}",
        "The sender asks something of the document you work on; your agency has not answered yet.",
        "To do: wait until your agency agrees (15) or denies (16).",
    ),
    "task.resumed": Phrase(
        "Go on: {code} – {subject}",
        "The sender's request has ended; work on the document continues.",
        "To do: go on with the version that now stands.",
    ),
    "task.stopped": Phrase(
        "STOP work: {code} – {subject}",
        "The document was taken back or replaced.",
        "To do: stop, and complete the task so that it is closed.",
    ),
    "task.completed": Phrase(
        "Task completed: {code} – {subject}",
        "A task has been completed.",
        "To do: look at the result; issue the answering document if one is owed.",
    ),
    "delivery.answered": Phrase(
        "{recipient} has answered document {code}",
        "The recipient sent a document in answer, and your agency has it.",
        "To do: read the answer.",
    ),
    "case.closed": Phrase(
        "All answers are in: {code} – {subject}",
        "Every recipient has answered or ended; the case is closed.",
        "To do: read the answers and file the case.",
    ),
    "case.alert": Phrase(
        "PLEASE LOOK: conflicting status for {code}",
        "A status contradicts the procedure; the present state was not changed.",
        "To do: talk to the other side and agree where the document stands.",
    ),
    "subscription.test": Phrase(
        "Test notice",
        "This is a test notice of the axis; your channel works.",
        "To do: nothing.",
    ),
}

PHRASES: dict[str, dict[str, Phrase]] = {"vi": _VI, "en": _EN}
"""Phrases by language and kind."""
