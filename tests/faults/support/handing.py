"""Handing a paper in, the same way each time."""

import io

from tests.faults.support.papers import Paper, edxml_file, typed

from lienthong.client import Axis
from lienthong.client.transfers import Transfers
from lienthong.intake.v1 import intake_pb2


def resubmit(axis: Axis, code: str, paper: Paper, upload: str) -> intake_pb2.Receipt:
    """Hands a paper in whose content is uploaded, if it goes that way."""
    if not paper.form.startswith("edxml"):
        return axis.intake.SubmitDocument(typed(paper, upload))
    request = intake_pb2.SubmitEdxmlRequest(request_id=paper.key)
    if upload:
        request.upload = upload
    else:
        request.content = edxml_file(paper, code)
    return axis.intake.SubmitEdxml(request)


def upload_whole(axis: Axis, key: str, data: bytes) -> str:
    """Uploads something under a key, on from where an earlier try broke; gives the upload."""
    upload = axis.intake.CreateUpload(intake_pb2.CreateUploadRequest(size=len(data), request_id=key))
    Transfers(axis.channel("intake"), ()).upload(upload.name, io.BytesIO(data), len(data))
    return upload.name
