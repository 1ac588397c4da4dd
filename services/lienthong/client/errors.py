"""What can go wrong with a call.

::

    Exception
    └── AxisCallError             code, reason, message, metadata, violations, retry_after
        ├── InvalidRequestError   the request is wrong; `violations` say where and what to do
        ├── NotFoundError         no such thing, or not yours
        ├── NotAllowedError       who you are, or for whom you act
        ├── ConflictError         it exists already with other content
        ├── PreconditionError     not in this state
        └── AxisUnavailableError  try again, after `retry_after` when given
"""

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


class AxisUnavailableError(AxisCallError):
    """The axis cannot answer now; try again, after `retry_after` when given."""


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


def call_error(error: grpc.RpcError) -> AxisCallError:
    """Makes a readable error from what gRPC raised."""
    return from_axis_error(_axis_error(error))


def from_axis_error(error: AxisError) -> AxisCallError:
    """Makes a readable error of the right kind."""
    return _BY_CODE.get(error.code, AxisCallError)(error)


def _axis_error(error: grpc.RpcError) -> AxisError:
    # What gRPC raises is a call too; the stubs do not say so.
    call: Any = error
    if not hasattr(call, "trailing_metadata"):
        return AxisError(Code.INTERNAL, "CLIENT_ERROR", str(error))
    for key, value in call.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return from_status(status_pb2.Status.FromString(value))
    number = call.code().value[0]
    code = Code(number) if number in {code.value for code in Code} else Code.INTERNAL
    reason = {Code.UNAVAILABLE: "AXIS_UNREACHABLE", Code.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED"}.get(code, code.name)
    return AxisError(code, reason, call.details() or code.name)
