"""The client library: `from lienthong.client import connect`.

::

    with connect("var/contexts/vpcp.yaml") as axis:
        receipt = axis.submit_file("cong-van.edxml")
        for progress in axis.watch_progress(receipt.document):
            ...

A context names one address, or those of several copies of a service; calls go to the copies that answer. Every call has
a deadline. Only what is safe is tried again: calls that change nothing, and calls with a `request_id`.
Transfers resume where they broke. What goes wrong is an `AxisCallError` that can be read.
"""

from lienthong.client.addresses import ContextError
from lienthong.client.channel import server_certificate
from lienthong.client.context import Context, load_context
from lienthong.client.errors import (
    AxisCallError,
    AxisUnavailableError,
    ConflictError,
    InvalidRequestError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
    PreconditionError,
)
from lienthong.client.session import Axis, connect
from lienthong.client.transfers import Progress

__all__ = [
    "Axis",
    "AxisCallError",
    "AxisUnavailableError",
    "ConflictError",
    "Context",
    "ContextError",
    "InvalidRequestError",
    "LimitReachedError",
    "NotAllowedError",
    "NotFoundError",
    "PreconditionError",
    "Progress",
    "connect",
    "load_context",
    "server_certificate",
]
