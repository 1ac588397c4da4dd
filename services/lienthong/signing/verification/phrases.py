"""The phrases of :mod:`.words`, in both languages side by side. No jargon: a clerk reads them, not an engineer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lienthong.signing.verification.report import FileState, Problem, SignatureState, SignerKind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Text:
    """The same words in Vietnamese and English."""

    vi: str
    en: str

    def filled(self, **values: str) -> Text:
        """Return the words with ``{name}`` replaced."""
        return Text(self.vi.format(**values), self.en.format(**values))


_RETURN = Text(
    "Phải trả lại bên gửi trên hệ thống và báo ngay cho người có trách nhiệm (Nghị định 30/2020, Điều 21).",
    "It must be returned to the sender in the system, and the person responsible told at once (ND30 Art. 21).",
)

VERDICT: Mapping[str, Text] = {
    "ORIGINAL_VALUE": Text(
        "Văn bản có chữ ký hợp lệ của người có thẩm quyền và của cơ quan, có giá trị như bản gốc văn bản giấy (Nghị "
        "định 30/2020, Điều 5). Xử lý ngay trên văn bản điện tử, không cần chờ bản giấy.",
        "The document carries valid signatures of the competent person and of the agency: it has the value of a "
        "paper original (ND30 Art. 5). Work on it as it is; there is no need to wait for paper.",
    ),
    "SIGNED": Text(
        "Văn bản có chữ ký hợp lệ nhưng chưa thấy đủ cả chữ ký của người có thẩm quyền và của cơ quan trên cùng một "
        "tệp. Văn bản tương đương bản giấy khi gửi qua hệ thống (Quyết định 28/2018, Điều 4); nếu cần bản gốc, đề "
        "nghị bên gửi ký bổ sung.",
        "The document carries valid signatures, but not those of both a person and the agency on the same file. Sent "
        "through the system it equals a paper document (QD28 Art. 4); where an original is needed, ask the sender to "
        "complete the signatures.",
    ),
    "FOR_INFORMATION": Text(
        "Văn bản không có chữ ký số, chỉ để biết, để tham khảo (Quyết định 28/2018, Điều 4). Nếu cần căn cứ để xử "
        "lý, đề nghị bên gửi gửi bản có ký số.",
        "The document is not signed: it is for information only (QD28 Art. 4). If it is to be acted upon, ask the "
        "sender for a signed one.",
    ),
    "BROKEN": Text(
        f"Có tệp không còn nguyên vẹn hoặc chữ ký không đúng; không được sử dụng văn bản này. {_RETURN.vi}",
        f"A file was changed or a signature is wrong; this document must not be used. {_RETURN.en}",
    ),
    "INDETERMINATE": Text(
        "Nội dung đã ký chưa thấy dấu hiệu sửa đổi, nhưng có chữ ký chưa thể xác nhận là hợp lệ. Xem lý do ở từng chữ "
        "ký; kiểm tra lại sau hoặc hỏi bên gửi trước khi coi là bản gốc.",
        "Nothing shows that what was signed was changed, but a signature could not be confirmed. See the reason at "
        "each signature; check again later, or ask the sender, before treating it as an original.",
    ),
    "NOT_VERIFIED": Text(
        "Hệ thống chưa kiểm tra được chữ ký của ít nhất một tệp. Việc này không cản trở tiếp nhận; hãy xem lý do ở "
        "từng tệp.",
        "The signatures of at least one file could not be checked. This does not stand in the way of receiving the "
        "document; see the reason at each file.",
    ),
}

UNSEEN = Text(
    "Trong văn bản có tệp không phải PDF mà hệ thống không kiểm tra được chữ ký, và không thấy chữ ký số nào khác; "
    "văn bản chỉ để biết, để tham khảo (Quyết định 28/2018, Điều 4). Nếu cần căn cứ để xử lý, đề nghị bên gửi gửi bản "
    "PDF có ký số.",
    "The document holds files that are no PDF, whose signatures cannot be checked here, and no other signature was "
    "found: it is for information only (QD28 Art. 4). If it is to be acted upon, ask the sender for a signed PDF.",
)
"""Of a document for information in which there may be signatures all the same, as in a signed word file."""
FILLED = Text(
    "Cả {count} chữ ký đều hợp lệ; sau khi ký, có ô nhập liệu đã được điền hoặc sửa, xem ở từng chữ ký.",
    "The signatures ({count}) are valid; after signing, form fields were filled in or changed, see at each signature.",
)
"""A valid file that is not as it was signed."""
ALSO_FILLED = Text(
    "Lưu ý: sau khi ký, có ô nhập liệu đã được điền hoặc sửa mà chữ ký không bảo đảm; xem ở từng chữ ký.",
    "Note: after signing, form fields were filled in or changed, which a signature does not vouch for; see at each "
    "signature.",
)
FILE: Mapping[FileState, Text] = {
    FileState.UNSIGNED: Text(
        "Tệp không có chữ ký số, chỉ để biết (Quyết định 28/2018, Điều 4).",
        "The file is not signed: for information only (QD28 Art. 4).",
    ),
    FileState.VALID: Text(
        "Tệp nguyên vẹn; cả {count} chữ ký đều hợp lệ.",
        "The file is unchanged; its signatures ({count}) are valid.",
    ),
    FileState.INDETERMINATE: Text(
        "Nội dung đã ký chưa có dấu hiệu bị sửa đổi, nhưng chưa thể xác nhận mọi chữ ký.",
        "Nothing shows that what was signed was changed, but not every signature could be confirmed.",
    ),
    FileState.BROKEN: Text(
        f"Tệp đã bị thay đổi sau khi ký hoặc có chữ ký không đúng. {_RETURN.vi}",
        f"The file was changed after signing, or a signature is wrong. {_RETURN.en}",
    ),
    FileState.NOT_A_PDF: Text(
        "Tệp không phải PDF nên không kiểm tra được chữ ký bên trong; coi như tệp không ký, chỉ để biết.",
        "The file is not a PDF, so no signature inside can be checked; treat it as unsigned, for information.",
    ),
    FileState.ENCRYPTED: Text(
        "Tệp PDF bị khóa (mật khẩu hoặc chứng thư số) nên không kiểm tra được. Đề nghị bên gửi gửi lại tệp không khóa.",
        "The PDF is locked (by a password or for certain certificates) and cannot be checked. Ask for one that is not.",
    ),
    FileState.DAMAGED: Text(
        "Tệp PDF bị hỏng hoặc sai quy cách nên không kiểm tra được chữ ký. Dù tệp mở được, nội dung hiện ra chưa chắc "
        "là nội dung đã ký; đề nghị bên gửi gửi lại.",
        "The PDF is damaged or malformed, so its signatures cannot be checked. Even if it opens, what it shows need "
        "not be what was signed; ask for it again.",
    ),
    FileState.TOO_LARGE: Text(
        "Tệp quá lớn hoặc có quá nhiều chữ ký nên hệ thống không tự kiểm tra. Mở tệp bằng phần mềm đọc PDF có kiểm tra "
        "chữ ký.",
        "The file is too large, or has too many signatures, to be checked here. Open it in a PDF reader that checks "
        "signatures.",
    ),
    FileState.TIMED_OUT: Text(
        "Kiểm tra chữ ký chưa xong trong thời gian cho phép. Yêu cầu kiểm tra lại sau.",
        "The check took too long and was ended. Ask for it again later.",
    ),
    FileState.FAILED: Text(
        "Hệ thống không hoàn tất được việc kiểm tra chữ ký. Yêu cầu kiểm tra lại; nếu vẫn lỗi, báo quản trị viên.",
        "The check could not be completed. Ask for it again; if it fails once more, tell the operator.",
    ),
}

PROBLEM: Mapping[Problem, Text] = {
    Problem.MALFORMED: Text("Chữ ký bị lỗi, không đọc được.", "The signature is damaged and cannot be read."),
    Problem.UNSUPPORTED_FORMAT: Text(
        "Chữ ký theo một dạng cũ mà hệ thống không kiểm tra được.",
        "The signature is of an old form that cannot be checked here.",
    ),
    Problem.DIGEST_MISMATCH: Text("Nội dung không còn như lúc ký.", "The content is not what it was at signing."),
    Problem.SIGNATURE_WRONG: Text(
        "Chữ ký không phải do người đứng tên tạo ra.", "The signature was not made by the named signer."
    ),
    Problem.MODIFIED_AFTER_SIGNING: Text(
        "Sau khi ký, tệp đã được sửa theo cách mà chữ ký không cho phép.",
        "After signing the file was changed in a way the signature does not permit.",
    ),
    Problem.COVERAGE_UNCLEAR: Text(
        "Chữ ký không bao trùm hết nội dung của tệp.", "The signature does not cover all of the file."
    ),
    Problem.ISSUER_UNKNOWN: Text(
        "Chứng thư số do nơi cấp mà hệ thống chưa tin cậy.",
        "The certificate comes from an issuer that is not trusted here.",
    ),
    Problem.CHAIN_INVALID: Text(
        "Chưa xác nhận được nơi cấp chứng thư số.", "The issuer of the certificate could not be confirmed."
    ),
    Problem.CERTIFICATE_OUTSIDE_VALIDITY: Text(
        "Chứng thư số hết hạn hoặc chưa có hiệu lực vào thời điểm xét.",
        "The certificate had ended, or not begun, at the time it was judged for.",
    ),
    Problem.KEY_USAGE: Text(
        "Chứng thư số không dùng để ký văn bản.", "The certificate is not meant for signing documents."
    ),
    Problem.WEAK_ALGORITHM: Text(
        "Chữ ký dùng kỹ thuật cũ, không còn đủ an toàn.",
        "The signature uses an old technique that is no longer safe.",
    ),
    Problem.REVOKED_BEFORE_SIGNING: Text(
        "Chứng thư số đã bị thu hồi từ {revoked_at}, trước khi ký.",
        "The certificate was withdrawn at {revoked_at}, before the signing.",
    ),
    Problem.KEY_COMPROMISED: Text(
        "Chứng thư số đã bị thu hồi lúc {revoked_at} vì lộ khóa; không thể tin chữ ký.",
        "The certificate was withdrawn at {revoked_at} because its key was stolen; the signature proves nothing.",
    ),
    Problem.REVOKED_SINCE: Text(
        "Chứng thư số bị thu hồi lúc {revoked_at}; không có dấu thời gian chứng minh văn bản được ký trước đó.",
        "The certificate was withdrawn at {revoked_at}; no time stamp proves that the signing was before.",
    ),
    Problem.REVOCATION_UNKNOWN: Text(
        "Chưa kiểm tra được chứng thư số có bị thu hồi hay không.",
        "It could not be checked whether the certificate was withdrawn.",
    ),
    Problem.TIMESTAMP_NOT_TRUSTED: Text(
        "Dấu thời gian kèm theo không được tin cậy nên không được tính đến.",
        "The time stamp that came with it is not trusted and was left out of account.",
    ),
    Problem.BYTES_APPENDED: Text(
        "Cuối tệp có thêm dữ liệu lạ, nằm ngoài phần được ký; tệp có thể bị cắt hoặc chép lỗi.",
        "The file ends in data that nobody signed and that cannot be read; it may have been cut or badly copied.",
    ),
    Problem.ISSUER_REVOKED: Text(
        "Chứng thư bị thu hồi là của nơi cấp, không phải của người ký.",
        "The certificate that was withdrawn is the issuer's, not the signer's.",
    ),
    Problem.FIELDS_FILLED: Text(
        "Sau khi ký, có ô nhập liệu đã được điền hoặc sửa; chữ ký cho phép nhưng không bảo đảm nội dung đó.",
        "After signing, form fields were filled in or changed; the signature permits that and does not vouch for it.",
    ),
    Problem.SEED_VALUES_VIOLATED: Text(
        "Chữ ký không theo điều kiện mà ô chữ ký đặt ra.",
        "The signature does not meet the conditions set for its place.",
    ),
}

_WHO: Mapping[SignerKind, Text] = {
    SignerKind.PERSON: Text("Chữ ký của người ký {signer}{organisation}", "The signature of {signer}{organisation}"),
    SignerKind.AGENCY: Text(
        "Chữ ký của cơ quan {signer}{organisation}", "The signature of the agency {signer}{organisation}"
    ),
    SignerKind.TIMESTAMP: Text("Dấu thời gian của {signer}", "The time stamp of {signer}"),
    SignerKind.UNKNOWN: Text(
        "Chữ ký của {signer}{organisation} (chưa rõ là của người ký hay của cơ quan)",
        "The signature of {signer}{organisation} (not known whether a person's or an agency's)",
    ),
}
_STATE: Mapping[SignatureState, Text] = {
    SignatureState.VALID: Text("hợp lệ.", "is valid."),
    SignatureState.INDETERMINATE: Text("chưa thể xác nhận.", "could not be confirmed."),
    SignatureState.BROKEN: Text("không hợp lệ.", "is not valid."),
}

SIGNATURE: Mapping[tuple[SignerKind, SignatureState], Text] = {
    (kind, state): Text(f"{who.vi} {what.vi}", f"{who.en} {what.en}")
    for kind, who in _WHO.items()
    for state, what in _STATE.items()
}
PROVED_TIME = Text("Đã được ký trước {time} (có dấu thời gian).", "It was signed before {time} (time stamp).")
CLAIMED_TIME = Text("Người ký ghi thời điểm ký là {time}.", "The signer gives the time as {time}.")
ENDED_SINCE = Text(
    "Chứng thư số đã hết hạn lúc {time}, sau khi ký; chữ ký được xét theo thời điểm của dấu thời gian.",
    "The certificate has ended at {time}, after the signing; what counts is the time of the time stamp.",
)
ENDED_UNPROVED = Text(
    "Chứng thư số đã hết hạn lúc {time}; không có dấu thời gian chứng minh văn bản được ký trước đó. Đề nghị bên gửi "
    "gửi bản có dấu thời gian hoặc ký lại.",
    "The certificate ended at {time}; no time stamp proves that the signing was before. Ask the sender for a document "
    "with a time stamp, or signed anew.",
)
