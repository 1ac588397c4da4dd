"""What can go wrong with a call.

::

    Exception
    └── AxisCallError             code, reason, message, metadata, violations, retry_after
        ├── InvalidRequestError   the request is wrong; `violations` say where and what to do
        ├── NotFoundError         no such thing, or not yours
        ├── NotAllowedError       who you are, or for whom you act
        ├── ConflictError         it exists already with other content
        ├── PreconditionError     not in this state
        ├── LimitReachedError     a bound is reached; something must end first, `message` says what
        └── AxisUnavailableError  try again, after `retry_after` when given

A violation has `field` (where), `reason` (stable), `rule` and `remedy`; all of a request come at once.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import grpc
from google.rpc import status_pb2

from lienthong.chassis.errors import AxisError, Code, Violation
from lienthong.chassis.rpc.status import DETAILS_KEY, from_status


class AxisCallError(Exception):
    """A call failed. See the module for the tree."""

    def __init__(self, error: AxisError) -> None:
        super().__init__(error.message)
        self.code: Code = error.code
        self.reason: str = error.reason
        self.message: str = error.message
        self.metadata: Mapping[str, str] = error.metadata
        self.violations: Sequence[Violation] = error.violations
        self.retry_after: timedelta | None = error.retry_after


class InvalidRequestError(AxisCallError):
    """The request is wrong; `violations` say where, which rule, and what to do."""


class NotFoundError(AxisCallError):
    """No such thing, or not yours."""


class NotAllowedError(AxisCallError):
    """Who you are, or for whom you act, does not allow it."""


class ConflictError(AxisCallError):
    """It exists already with other content."""


class PreconditionError(AxisCallError):
    """Not in this state."""


class LimitReachedError(AxisCallError):
    """A bound is reached, such as that of unfinished uploads; trying again changes nothing until something ends."""


class AxisUnavailableError(AxisCallError):
    """The axis cannot answer now; try again, after `retry_after` when given."""


MESSAGE_BYTES_AT_MOST = 5 * 1024 * 1024
"""Bytes of one message, both ways."""

_TOO_LARGE = re.compile(r"larger than max", re.IGNORECASE)
"""What gRPC says of a message that is too long, on either side, with the code that else means busy."""

DEADLINE_PASSED = "DEADLINE_EXCEEDED"
_NO_ANSWER = "No answer came {}. Ask again; a change with the same request_id."

_BUSY = timedelta(seconds=1)
"""A refusal of gRPC itself, such as of too many streams, names no time."""

_BY_CODE: Mapping[Code, type[AxisCallError]] = {
    Code.INVALID_ARGUMENT: InvalidRequestError,
    Code.OUT_OF_RANGE: InvalidRequestError,
    Code.NOT_FOUND: NotFoundError,
    Code.PERMISSION_DENIED: NotAllowedError,
    Code.UNAUTHENTICATED: NotAllowedError,
    Code.ALREADY_EXISTS: ConflictError,
    Code.FAILED_PRECONDITION: PreconditionError,
    # A server that goes down cancels calls that it has not taken up.
    Code.CANCELLED: AxisUnavailableError,
    Code.ABORTED: AxisUnavailableError,
    Code.UNAVAILABLE: AxisUnavailableError,
    Code.RESOURCE_EXHAUSTED: AxisUnavailableError,
    Code.DEADLINE_EXCEEDED: AxisUnavailableError,
}


def call_error(error: grpc.RpcError, seconds: float | None = None) -> AxisCallError:
    """Makes a readable error from what gRPC raised in a call of so many seconds; a late one tells them (`metadata`)."""
    return from_axis_error(_axis_error(error, seconds))


def from_axis_error(error: AxisError) -> AxisCallError:
    """Makes a readable error of the right kind."""
    if error.code is Code.RESOURCE_EXHAUSTED and error.retry_after is None:
        return LimitReachedError(error)
    return _BY_CODE.get(error.code, AxisCallError)(error)


def _axis_error(error: grpc.RpcError, seconds: float | None) -> AxisError:
    # What gRPC raises is a call too; the stubs do not say so.
    call: Any = error
    if not hasattr(call, "trailing_metadata"):
        return AxisError(Code.INTERNAL, "CLIENT_ERROR", str(error))
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return from_status(status_pb2.Status.FromString(value))
    details: str = call.details() or ""
    if _TOO_LARGE.search(details):
        return message_too_large(details)
    number = call.code().value[0]
    code = Code(number) if number in {code.value for code in Code} else Code.INTERNAL
    if code is Code.DEADLINE_EXCEEDED:
        if seconds is None:
            return AxisError(code, DEADLINE_PASSED, _NO_ANSWER.format("before the deadline of the call"))
        within = f"{seconds:.1f}"
        return AxisError(code, DEADLINE_PASSED, _NO_ANSWER.format(f"within {within} s"), {"seconds": within})
    reason = "AXIS_UNREACHABLE" if code is Code.UNAVAILABLE else code.name
    return AxisError(code, reason, details or code.name, retry_after=_BUSY if code is Code.RESOURCE_EXHAUSTED else None)


def message_too_large(found: str) -> AxisError:
    """Makes the error of a message that gRPC does not carry: no answer of the axis, and the same each time."""
    rule = f"a message of a call has at most {MESSAGE_BYTES_AT_MOST} bytes"
    remedy = "Send content by an upload (`Axis.upload`, `Axis.submit_file`); ask for fewer or shorter items at once."
    violation = Violation("", "MESSAGE_TOO_LARGE", rule, remedy, found)
    return AxisError(Code.INVALID_ARGUMENT, "MESSAGE_TOO_LARGE", f"{rule}; {found}. {remedy}", violations=(violation,))
