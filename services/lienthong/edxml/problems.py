"""The sentence of each problem: which rule was broken and what the sender can do."""

from __future__ import annotations

from lienthong.edxml.findings import EdxmlError, Problem, Reason

_SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.ATTACHMENT_CONTENT_MISSING: (
        "an Attachment carries its content in ContentTransferEncoded",
        "Add the base64 content, or take the attachment and its Reference out",
    ),
    Reason.ATTACHMENT_EXTRA: (
        "every Attachment is named by a Reference of the manifest",
        "Add a Reference with the same ContentId, or take the attachment out",
    ),
    Reason.ATTACHMENT_MISSING: (
        "every Reference of the manifest has an Attachment with the same ContentId",
        "Add the attachment, or take the Reference out",
    ),
    Reason.ATTACHMENT_REPEATED: (
        "a ContentId names one attachment of the file",
        "Give each attachment a ContentId of its own",
    ),
    Reason.BASE64_INVALID: (
        "ContentTransferEncoded is base64 of RFC 4648, padded, with no other characters than white space",
        "Encode the file again with the standard alphabet",
    ),
    Reason.CHARACTER_ILLEGAL: (
        "XML 1.0 has no way to carry this character",
        "Remove control characters and half surrogates from the text",
    ),
    Reason.CONTENT_ID_MISSING: (
        "ContentId links an attachment to its Reference",
        "Give the Reference and its Attachment the same ContentId",
    ),
    Reason.CONTENT_TRUNCATED: (
        "the content of an attachment has the size that was recorded for it",
        "Restore the attachment's content and render again",
    ),
    Reason.FIELD_REQUIRED: ("the field is required by QCVN 102", "Fill the field in"),
    Reason.FILE_IS_ZIP: (
        "an edXML file is XML; this one is a zip archive, as the packaging of before 2018 was",
        "Send the edXML file of QCVN 102:2016 itself",
    ),
    Reason.FLAT_PACKAGING: (
        "the header stands in edXMLHeader; the flat form of the go.vn guide is not QCVN 102:2016",
        "Convert to the form of QCVN 102:2016 (edXML/edXMLEnvelope/edXMLHeader)",
    ),
    Reason.HEADER_MISSING: (
        "a message has edXMLEnvelope/edXMLHeader/MessageHeader",
        "Build the file in the form of QCVN 102:2016",
    ),
    Reason.HEADER_REPEATED: ("a message has exactly one header", "Send one file for each message"),
    Reason.LIMIT_EXCEEDED: ("the file goes beyond a limit of this axis", "Send less in one file"),
    Reason.ROOT_UNKNOWN: (
        "the root element of a message is edXML",
        "Check that the file is an edXML message of QCVN 102:2016",
    ),
    Reason.SOAP_PACKAGING: (
        "the SOAP packaging of before 2018 is not QCVN 102:2016",
        "Convert to the form of QCVN 102:2016 (root edXML)",
    ),
    Reason.XML_DOCTYPE: ("a message has no DOCTYPE: entities are not accepted", "Remove the DOCTYPE"),
    Reason.XML_ENCODING: ("a message is encoded in UTF-8", "Save the file as UTF-8 and declare it so"),
    Reason.XML_MALFORMED: ("a file must be well-formed XML 1.0", "Correct the file at this place"),
    Reason.XML_TOO_DEEP: (
        "elements are nested no deeper than the format needs",
        "Remove the nested elements",
    ),
}


def problem(reason: Reason, path: str, place: tuple[int, int] = (0, 0), *, found: str = "", rule: str = "") -> Problem:
    """A problem with the sentence of its reason; `place` is line and column, `rule` a more exact rule."""
    general, remedy = _SENTENCES[reason]
    return Problem(reason, cut_path(path), rule or general, remedy, place[0], place[1], cut(found))


def cut(text: str, length: int = 200) -> str:
    """A text as a report shows it: a longer one loses its end, or one file could fill memory with its report."""
    return text if len(text) <= length else text[: length - 1] + "…"


def cut_path(path: str, length: int = 300) -> str:
    """A path as a report shows it: a longer one loses its middle, since its end says which element is meant."""
    half = length // 2
    return path if len(path) <= length else f"{path[: half - 1]}…{path[-half:]}"


def refuse(
    reason: Reason, path: str, place: tuple[int, int] = (0, 0), *, found: str = "", rule: str = ""
) -> EdxmlError:
    """An error with one problem, to be raised by the caller."""
    return EdxmlError((problem(reason, path, place, found=found, rule=rule),))


def over_limit(name: str, bound: int, path: str, place: tuple[int, int] = (0, 0)) -> EdxmlError:
    """An error that names the bound of `Limits` that was passed."""
    return refuse(Reason.LIMIT_EXCEEDED, path, place, found=name, rule=f"{name} is limited to {bound}")
