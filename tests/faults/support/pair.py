"""Two agencies without any traffic: VPCP writes to the city."""

from pathlib import Path

from lienthong.client import Axis, credentials
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2


def join(operator: Axis, contexts: Path, code: str, name: str) -> None:
    """Puts an agency into the directory and gives it a context."""
    agency = common.Agency(display_name=f"Cơ quan {code}", codes=[common.AgencyCode(code=code)])
    operator.directory.CreateAgency(directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
    credentials.issue(operator, code, name, credentials.Place(contexts))


def document(upload: str = "", number: str = "7816") -> intake_pb2.SubmitDocumentRequest:
    """A document of VPCP to the city with one attachment, uploaded or small."""
    header = document_pb2.DocumentHeader(
        number=number,
        notation="VPCP-TTĐT",
        subject="V/v gửi bản đồ",
        type=2,
        type_detail=18,
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="000.00.00.H29")],
    )
    attachment = intake_pb2.AttachmentContent(name="ban-do.zip", upload=upload, data=b"" if upload else b"%PDF-1.7")
    content = intake_pb2.DocumentContent(header=header, attachments=[attachment])
    return intake_pb2.SubmitDocumentRequest(document=content, request_id=new_request_id())
