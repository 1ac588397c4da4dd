"""What each call does while an engine is away: the table, the calls, and what stands there before."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import grpc
import yaml
from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from tests.faults.support.handing import upload_whole
from tests.faults.support.ledger import Ledger
from tests.faults.support.pair import document, join
from tests.faults.support.papers import Paper, edxml_file
from tests.faults.support.processes import Processes
from tests.waiting import until

from lienthong.chassis import pki
from lienthong.client import Axis, AxisCallError
from lienthong.client.errors import call_error
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2

ENGINES: Final = ("kafka", "postgres", "objects")
ANSWERS, AWAY, UNREACHABLE = "answers", "away", "unreachable"
VPCP, CITY = "000.00.00.G22", "000.00.00.H29"
CALL_SECONDS: Final = 20.0
STREAM_SECONDS: Final = 3.0
"""A watch on which nothing is wrong says nothing for so long, or more."""
SET_UP_SECONDS: Final = 60.0
_DELIVERED: Final = 6
"""Documents that lie in the mailbox: each pull of one leases it."""
_UPLOADS: Final = 100
"""Each is written once."""

_SERVED_BY: Final = {"Directory": "routing", "Mailbox": "routing", "Operations": "routing", "ByteStream": "intake"}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What one rpc does.

    Attributes:
        method: Full name, `package.Service/Method`.
        caller: Name of the context.
        request: In the JSON form, names of things with a `$`.
        refused: Code of the answer when all is well; empty for OK.
        outcomes: `ANSWERS`, `AWAY` or `UNREACHABLE`, by what is away.
    """

    method: str
    caller: str
    request: Mapping[str, Any]
    refused: str
    outcomes: Mapping[str, str]

    @property
    def descriptor(self) -> MethodDescriptor:
        """The rpc itself."""
        service, _, name = self.method.partition("/")
        return Default().FindServiceByName(service).methods_by_name[name]

    @property
    def service(self) -> str:
        """Who serves it."""
        package, _, name = self.method.partition("/")
        if name == "Read":
            return "routing"
        short = package.rpartition(".")[2]
        return _SERVED_BY.get(short, short.lower())


@cache
def outages() -> tuple[Row, ...]:
    """Reads the table."""
    table = yaml.safe_load(Path(__file__).parents[1].joinpath("outages.yaml").read_text("utf-8"))
    return tuple(
        Row(
            method=f"{service}/{name}",
            caller=row["as"],
            request=row["request"],
            refused=row.get("refused", ""),
            outcomes={what: row.get(what, outcome) for what, outcome in table["answers"].items()},
        )
        for service, rows in table["calls"].items()
        for name, row in rows.items()
    )


@dataclass
class Scene:
    """A platform on which everything stands that calls name.

    Attributes:
        processes: It runs.
        sessions: By name of the context, one for the whole scene.
    """

    processes: Processes
    sessions: dict[str, Axis]

    @cached_property
    def things(self) -> Mapping[str, Any]:
        """What `$names` mean; made at the first look."""
        vpcp, city, operator = (self.sessions[name] for name in ("vpcp", "city", "operator"))
        sent = [vpcp.intake.SubmitDocument(document(number=str(number))).document for number in range(_DELIVERED)]
        asked = mailbox_pb2.ListItemsRequest(page_size=100)
        assert until(lambda: len(city.mailbox.ListItems(asked).items) >= _DELIVERED, SET_UP_SECONDS)
        item = _take_one(city)
        subscribe = notification_pb2.CreateSubscriptionRequest(
            subscription=notification_pb2.Subscription(channel=notification_pb2.CHANNEL_IN_APP),
            request_id=new_request_id(),
        )
        subscription = city.notification.CreateSubscription(subscribe).name
        test = notification_pb2.TestSubscriptionRequest(name=subscription, request_id=new_request_id())
        system = common.System(display_name="Phần mềm", role=common.SYSTEM_ROLE_AGENCY_SYSTEM)
        made = directory_pb2.CreateSystemRequest(system=system, request_id=new_request_id())
        return {
            "document": item.document,
            "recalled": next(one for one in sent if one != item.document),
            "delivery": item.delivery,
            "content": f"{item.delivery}/attachments/0",
            "uploads": [vpcp.intake.CreateUpload(_upload()).name for _ in range(_UPLOADS)],
            "upload": upload_whole(vpcp, new_request_id(), b"\0\0\0\0", Ledger()),
            "agency": city.directory.ListAgencies(directory_pb2.ListAgenciesRequest()).agencies[0].name,
            "system": operator.directory.CreateSystem(made).name,
            "csr": pki.make_request(pki.new_key(), "city").public_bytes(Encoding.PEM),
            "subscription": subscription,
            "notice": city.notification.TestSubscription(test).name,
        }

    def send(self) -> str:
        """Hands a document in; gives its name."""
        return self.sessions["vpcp"].intake.SubmitDocument(document(number=secrets.token_hex(4))).document

    def has_come(self, sent: str) -> bool:
        """Tells whether a document is in the hands of its recipient's mailbox."""
        asked = mailbox_pb2.ListDeliveriesRequest(page_size=100)
        return any(one.document == sent for one in self.sessions["city"].mailbox.ListDeliveries(asked).deliveries)

    def arrives(self) -> bool:
        """Hands a document in; tells whether it comes to its recipient."""
        sent = self.send()
        return until(lambda: self.has_come(sent), SET_UP_SECONDS)

    def outcome(self, row: Row) -> str:
        """Does a call; tells how it ended, in words when that is none of the three."""
        try:
            self._call(row)
        except AxisCallError as error:
            if error.code.name == row.refused:
                return ANSWERS
            if error.reason == "AXIS_UNREACHABLE":
                return UNREACHABLE
            if error.code.name == "UNAVAILABLE" and error.retry_after is not None:
                return AWAY
            return f"{error.code.name} {error.reason}: {error.message}"
        return f"OK instead of {row.refused}" if row.refused else ANSWERS

    def _call(self, row: Row) -> None:
        method = row.descriptor
        request = ParseDict(self._filled(row.request), GetMessageClass(method.input_type)())
        if "request_id" in method.input_type.fields_by_name:
            request.request_id = new_request_id()  # type: ignore[attr-defined] # looked up just now
        channel = self.sessions[row.caller].channel(row.service)
        path, coders = (
            f"/{row.method}",
            (type(request).SerializeToString, GetMessageClass(method.output_type).FromString),
        )
        try:
            if method.client_streaming:
                channel.stream_unary(path, *coders)(iter([request]), timeout=CALL_SECONDS)
            elif method.server_streaming:
                _listen(channel.unary_stream(path, *coders)(request, timeout=STREAM_SECONDS))
            else:
                channel.unary_unary(path, *coders)(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            raise call_error(error) from error

    def _filled(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        return self._thing(value[1:])

    def _thing(self, name: str) -> Any:
        """Gives what exists already, or makes what must be new each time."""
        if name == "paper":
            return MessageToDict(document(number=secrets.token_hex(4)).document)
        if name == "edxml":
            paper = Paper(new_request_id(), "edxml", secrets.token_hex(4), (CITY,), secrets.token_bytes(1000))
            return _base64(edxml_file(paper, VPCP))
        if name == "code":
            return f"000.00.{secrets.randbelow(90) + 10}.G{secrets.randbelow(90) + 10}"
        if name == "empty":
            return self.things["uploads"].pop()
        found = self.things[name]
        return _base64(found) if isinstance(found, bytes) else found


def _upload() -> intake_pb2.CreateUploadRequest:
    return intake_pb2.CreateUploadRequest(size=4, request_id=new_request_id())


def _take_one(city: Axis) -> mailbox_pb2.Item:
    """Takes a document out of the mailbox."""
    (item,) = city.mailbox.PullItems(mailbox_pb2.PullItemsRequest(max_items=1, request_id=new_request_id())).items
    leased = [mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)]
    city.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=leased))
    return item


def _base64(data: bytes) -> str:
    request = intake_pb2.SubmitEdxmlRequest(content=data)
    return str(MessageToDict(request)["content"])


def _listen(stream: Any) -> None:
    """Takes what a stream has at once; one that is silent and open answers as well."""
    try:
        next(stream, None)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise
    finally:
        stream.cancel()


def set_up(processes: Processes) -> Scene:
    """Makes two agencies, a document between them, and whatever else calls name."""
    assert processes.start(), processes.tail()
    with processes.speak("operator") as operator:
        join(operator, processes.contexts, VPCP, "vpcp")
        join(operator, processes.contexts, CITY, "city")
    scene = Scene(processes, {name: processes.speak(name) for name in ("vpcp", "city", "operator")})
    certify = next(row for row in outages() if row.method.endswith("/IssueCertificate"))
    # Signing hears of a new system by an event: without a broker it never would.
    assert until(lambda: scene.outcome(certify) == ANSWERS, SET_UP_SECONDS)
    return scene
