"""What happens around every call: who calls and whether they may, and how errors end it."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from lienthong.chassis.auth import headers
from lienthong.chassis.auth.caller import Authenticator, Caller, credential_of
from lienthong.chassis.auth.headers import AGENCY_KEY
from lienthong.chassis.auth.policy import Row, authorise, policy
from lienthong.chassis.errors import AxisError, Code, invalid
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.status import DETAILS_KEY, to_status
from lienthong.chassis.rpc.texts import NUL, READ_APART, check_texts
from lienthong.chassis.tracing import HEADER, trace_of

_log = structlog.get_logger(__name__)

_PLAIN = re.compile(r"[0-9A-Za-z.-]{1,40}")
"""What a caller claims goes into the log only where it looks like an identifier."""

Result = TypeVar("Result")
Request = TypeVar("Request", bound=Message)
Metadata = Mapping[str, str]
# Quoted: the stubs make these generic, the library does not.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_GRPC_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class Admission:
    """Decides for each call who calls and whether they may; one for each service."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def admit(self, row: Row, certificate: bytes | None, metadata: Metadata, traceparent: str = "") -> Call:
        """Makes the `Call`; `traceparent` is its place in a trace.

        Raises:
            AxisError: UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE.
        """
        caller = self._authenticator.caller(certificate, metadata)
        authorise(row, caller)
        return Call(caller, row.method, traceparent)

    @property
    def fresh(self) -> bool:
        """Whether `still` rests on a directory that was read lately; `refresh` reads it."""
        return self._authenticator.fresh

    def refresh(self) -> None:
        """Reads the directory again when it is old.

        Raises:
            AxisError: UNAVAILABLE.
        """
        self._authenticator.refresh()

    def still(self, row: Row, certificate: bytes | None, metadata: Metadata) -> Caller:
        """Gives who calls, when they may still. Waits for nothing: fit for the loop.

        Raises:
            AxisError: UNAUTHENTICATED, PERMISSION_DENIED, UNAVAILABLE.
        """
        caller = self._authenticator.caller_still(certificate, metadata)
        authorise(row, caller)
        return caller

    def tell_refusal(self, method: str, error: AxisError, certificate: bytes | None, metadata: Metadata) -> None:
        """Writes a refused call into the log: who, what and the reason, never what was said to the caller."""
        _log.info(
            "call refused",
            method=method,
            code=error.code.name,
            reason=error.reason,
            system=system_of(certificate),
            agency=self._agency_of(certificate, metadata.get(AGENCY_KEY, "")),
            trace=trace if _PLAIN.fullmatch(trace := trace_of(metadata.get(HEADER, ""))) else "",
        )

    def _agency_of(self, certificate: bytes | None, claimed: str) -> str:
        if claimed:
            return claimed if _PLAIN.fullmatch(claimed) else ""
        return self._authenticator.only_agency(certificate)


def row_of(name: str) -> Row:
    """Gives the policy row of an rpc.

    Raises:
        ValueError: There is none.
    """
    row = policy().get(name)
    if row is None:
        raise ValueError(f"{name} has no row in the policy table")
    return row


def facts_of(context: Context) -> tuple[bytes | None, Metadata]:
    """Takes the client's certificate and the text metadata out of a context."""
    certificates = list(context.auth_context().get("x509_pem_cert", ()))
    metadata: Any = context.invocation_metadata() or ()
    return (certificates[0] if certificates else None), headers.read(metadata)


def system_of(certificate: bytes | None) -> str:
    """Names the system that a certificate is of, for sharing threads; empty without one."""
    credential = credential_of(certificate) if certificate else None
    return credential.system if credential else ""


def read_message(kind: type[Request], data: bytes, *, itemised: bool = False) -> Request:
    """Reads the request of a call. gRPC itself would answer UNKNOWN, with a trace in the log for each.

    Raises:
        AxisError: INVALID_ARGUMENT when it is no such message.
    """
    try:
        message = kind.FromString(data)
    except DecodeError as error:
        name = kind.DESCRIPTOR.full_name
        text = f"the request is no {name}: {error}. Make it with code generated from the contract; texts are UTF-8."
        raise invalid("MESSAGE_MALFORMED", text) from error
    # Where each item or problem has a place of its own in the answer, its reader looks closer.
    if itemised:
        check_texts(message, NUL, READ_APART)
    else:
        check_texts(message)
    return message


async def abort(context: Context, error: AxisError) -> None:
    """Ends a call with an error."""
    status = to_status(error)
    details = ((DETAILS_KEY, status.SerializeToString()),)
    await context.abort(_GRPC_CODES[error.code.value], " ".join(status.message.split()), details)


def guarded(method: str, action: Callable[[], Result]) -> Result:
    """Runs `action`; whatever is not an `AxisError` becomes INTERNAL, with its cause in the log only.

    Raises:
        AxisError: Whatever went wrong.
    """
    try:
        return action()
    except AxisError:
        raise
    except Exception as error:
        _log.exception("call failed", method=method)
        message = "Something went wrong inside. It was noted; trying again may help."
        raise AxisError(Code.INTERNAL, "INTERNAL", message) from error
