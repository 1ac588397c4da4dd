"""Errors on the wire: `google.rpc.Status` with `ErrorInfo`, `BadRequest`, `RetryInfo` (AIP-193)."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from lienthong.chassis.errors import DOMAIN, AxisError, Code, Violation
from lienthong.chassis.text import shorten
from lienthong.chassis.times import from_duration, to_duration

DETAILS_KEY = "grpc-status-details-bin"
"""Where gRPC carries a `google.rpc.Status`."""

ERROR_BYTES_AT_MOST = 7400
"""Bytes of an error as it travels: its sentence escaped, its details in base64. Clients in Java, and others, take 8 KiB
of headers when they are not told otherwise, and lose the whole answer with one byte more; proxies add to them."""

_TEXT = 300
_FACT_BYTES = 400
_REMEDY = "\n"
_MESSAGE = 1000
_MESSAGE_BYTES = 1500
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord("%")}
"""Bytes that a sentence carries as they are; each other one takes three."""
_AROUND = 64
"""Bytes at most that a detail needs for being packed."""


def to_status(error: AxisError) -> status_pb2.Status:
    """Makes the message of an error; details that would not fit are left out, the count stays in the metadata."""
    # What callers sent may stand in both, at any length.
    facts = {key: _fitted(value, _FACT_BYTES) for key, value in error.metadata.items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=facts)
    message = _fitted(shorten(error.message, _MESSAGE), _MESSAGE_BYTES)
    status = status_pb2.Status(code=error.code.value, message=message)
    if error.violations:
        info.metadata["violations"] = str(len(error.violations))
    status.details.append(_packed(info))
    if error.retry_after is not None:
        status.details.append(_packed(error_details_pb2.RetryInfo(retry_delay=to_duration(error.retry_after))))
    if error.violations:
        room = (ERROR_BYTES_AT_MOST - _escaped(message)) * 3 // 4 - status.ByteSize()
        status.details.append(_packed(_bad_request(error.violations, room)))
    return status


def from_status(status: status_pb2.Status) -> AxisError:
    """Reads an error back from its message."""
    error = AxisError(_code(status.code), "UNKNOWN", status.message)
    for detail in status.details:
        _read(detail, error)
    return error


def _escaped(text: str) -> int:
    """Tells how many bytes a text takes as the sentence of an error."""
    return sum(1 if byte in _PLAIN else 3 for byte in text.encode())


def _fitted(text: str, most: int) -> str:
    """Cuts a text that takes more than `most` bytes, escaped."""
    if len(text) <= most and _escaped(text) <= most:
        return text
    ends = accumulate((_escaped(character) for character in text[:most]), initial=_escaped("…"))
    return text[: sum(end <= most for end in ends) - 1] + "…"


def _bad_request(violations: Iterable[Violation], room: int) -> error_details_pb2.BadRequest:
    """Gives as many violations as there is room for, packed."""
    request = error_details_pb2.BadRequest()
    for violation in violations:
        row = request.field_violations.add(
            field=violation.field,
            description=_described(violation),
            reason=violation.reason,
        )
        if request.ByteSize() + _AROUND > room:
            request.field_violations.remove(row)
            break
    return request


def _described(violation: Violation) -> str:
    """Says what is wrong on one line and what to do on the next, so that a client tells them apart."""
    remedy = _REMEDY + shorten(_flat(violation.remedy), _TEXT // 2) if violation.remedy else ""
    return shorten(_flat(replace(violation, remedy="").text()), _TEXT - len(remedy)) + remedy


def _flat(text: str) -> str:
    return " ".join(text.splitlines())


def _violation(field: str, reason: str, description: str) -> Violation:
    """Reads a violation back from its description."""
    said, _, remedy = description.partition(_REMEDY)
    found = re.match(r" \(line (\d+), column (\d+)\): |: ", said.removeprefix(field))
    rule = said.removeprefix(field)[found.end() :] if found and said.startswith(field) else said
    line, column = (int(number) for number in found.groups(default="0")) if found else (0, 0)
    return Violation(field, reason, rule.removesuffix("."), remedy, line=line, column=column)


def _packed(message: Message) -> AnyMessage:
    detail = AnyMessage()
    detail.Pack(message)
    return detail


def _code(number: int) -> Code:
    try:
        return Code(number)
    except ValueError:
        return Code.INTERNAL


def _read(detail: AnyMessage, error: AxisError) -> None:
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    request = error_details_pb2.BadRequest()
    if detail.Unpack(info):
        error.reason, error.metadata = info.reason, dict(info.metadata)
    elif detail.Unpack(retry):
        error.retry_after = from_duration(retry.retry_delay)
    elif detail.Unpack(request):
        error.violations = tuple(_violation(row.field, row.reason, row.description) for row in request.field_violations)
