"""What somebody with a valid certificate may try, and does not get."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from cryptography import x509

from lienthong.chassis import pki, profiles
from lienthong.chassis.auth.headers import AGENCY_KEY, PERSON_KEY
from lienthong.chassis.errors import Code
from lienthong.chassis.events.tables import audit
from lienthong.chassis.keyfiles import write_certificates, write_private_key
from lienthong.client import Axis, AxisCallError, connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2 as ops
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

from .wire import code_of, listing, pulled, read
from .world import World, delivered, file_of, refused, report, submit, wait_for


def test_subscriptions_notices_and_tasks_of_others(world: World) -> None:
    """What an agency subscribed to, was told and has to do is its own; others find nothing there."""
    wanted = notification_pb2.Subscription(channel=notification_pb2.CHANNEL_IN_APP)
    request = notification_pb2.CreateSubscriptionRequest(subscription=wanted, request_id=new_request_id())
    own = world.city.notification.CreateSubscription(request).name
    _receipt, item = delivered(world)
    report(world.city, "03", delivery=item.delivery)
    task = world.city.workflow.AssignTask(
        workflow_pb2.AssignTaskRequest(
            delivery=item.delivery, kind=workflow_pb2.TASK_KIND_ASSIGN, unit="VX", request_id=new_request_id()
        )
    ).name

    def notices() -> Any:
        return world.city.notification.ListNotices(notification_pb2.ListNoticesRequest()).notices

    notice = wait_for("a notice", notices)[0].name
    stranger = world.nghe_an
    for attempt in (
        lambda: stranger.notification.DeleteSubscription(
            notification_pb2.DeleteSubscriptionRequest(name=own, request_id=new_request_id())
        ),
        lambda: stranger.notification.TestSubscription(
            notification_pb2.TestSubscriptionRequest(name=own, request_id=new_request_id())
        ),
        lambda: stranger.notification.RotateSecret(
            notification_pb2.RotateSecretRequest(name=own, request_id=new_request_id())
        ),
        lambda: stranger.notification.AcknowledgeNotices(notification_pb2.AcknowledgeNoticesRequest(names=[notice])),
        lambda: stranger.notification.ListAttempts(notification_pb2.ListAttemptsRequest(notice=notice)),
        lambda: stranger.workflow.CompleteTask(
            workflow_pb2.CompleteTaskRequest(name=task, result="xong", request_id=new_request_id())
        ),
    ):
        refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", attempt)
    assert own not in {one.name for one in _subscriptions(stranger)}
    assert own in {one.name for one in _subscriptions(world.city)}
    assert task not in {one.name for one in stranger.workflow.ListTasks(workflow_pb2.ListTasksRequest()).tasks}


def test_leases_of_others(world: World) -> None:
    """A lease is of no use to whoever is not the recipient, even with its secret."""
    receipt = submit(world.vpcp, file_of())
    item = wait_for("the item", lambda: pulled(world.city, receipt.document))
    leased = mailbox_pb2.LeasedItem(name=item.name, lease=item.lease)
    answer = world.nghe_an.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[leased]))
    assert answer.results[0].status.code == Code.NOT_FOUND.value
    own = world.city.mailbox.AcknowledgeItems(mailbox_pb2.AcknowledgeItemsRequest(items=[leased]))
    assert own.results[0].status.code == 0


def test_another_agency_in_the_metadata(world: World) -> None:
    """Naming an agency for which one may not act is PERMISSION_DENIED, whether it exists or not."""
    for name in ("H29", "000.00.00.H29", world.agencies["city"].name.removeprefix("agencies/"), "H77", "' OR 1=1 --"):
        acting = partial(listing, world.vpcp, **{AGENCY_KEY: name})
        error = refused(Code.PERMISSION_DENIED, "AGENCY_NOT_GRANTED", acting)
        assert "ask the operator" in error.message


def test_a_request_id_of_somebody_else(world: World) -> None:
    """Repeating another agency's key gets one's own answer, never the other's receipt."""
    key = new_request_id()
    receipt = submit(world.vpcp, file_of(), key)
    assert world.vpcp.intake.GetReceipt(intake_pb2.GetReceiptRequest(document=receipt.document))
    refused(Code.PERMISSION_DENIED, "SENDER_NOT_GRANTED", lambda: submit(world.city, file_of(), key))


@pytest.mark.parametrize(
    "keys", [["x"], [{"a": 1}], [[1]], [None], [1.5], [True], [2**70], ["x", "y"], [], ["' OR 1=1 --"]]
)
def test_page_tokens_made_by_hand(world: World, keys: list[object]) -> None:
    """A token with other contents than the server's own is INVALID_ARGUMENT or an empty page, never an inner error."""
    page = world.vpcp.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1))
    for _ in range(2):
        submit(world.vpcp, file_of())
    page = world.vpcp.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1))
    origin = json.loads(base64.urlsafe_b64decode(page.next_page_token + "=="))[0]
    forged = base64.urlsafe_b64encode(json.dumps([origin, *keys]).encode()).decode().rstrip("=")
    request = intake_pb2.ListDocumentsRequest(page_size=1, page_token=forged)
    assert code_of(lambda: world.vpcp.intake.ListDocuments(request)) in {None, Code.INVALID_ARGUMENT}


def test_a_page_token_of_somebody_else(world: World) -> None:
    """A token belongs to the agency that got it."""
    for _ in range(2):
        submit(world.vpcp, file_of())
    token = world.vpcp.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1)).next_page_token
    assert token
    request = intake_pb2.ListDocumentsRequest(page_size=1, page_token=token)
    refused(Code.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", lambda: world.city.intake.ListDocuments(request))


def test_metadata_beyond_measure(world: World) -> None:
    """A person named at length is refused by name, metadata of any size by the server; it goes on serving."""
    refused(Code.INVALID_ARGUMENT, "PERSON_TOO_LONG", partial(listing, world.vpcp, **{PERSON_KEY: "x" * 201}))
    for size in (20_000, 200_000):
        with pytest.raises(AxisCallError) as error:
            listing(world.vpcp, x_filler="x" * size)
        assert error.value.code in {Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE}
    assert listing(world.vpcp, **{PERSON_KEY: "x" * 200})


def test_a_certificate_that_ends_on_an_open_connection(world: World, tmp_path: Path) -> None:
    """The handshake looks at a certificate once; a call after its end is UNAUTHENTICATED all the same."""
    system = world.system("brief", "city").removeprefix("systems/")
    ring = world.platform.keyring
    authority = pki.Authority(ring.certificate("axis-root"), ring.load(ring.root.key))
    now = datetime.now(UTC).replace(microsecond=0)
    validity = pki.Validity(now, now + timedelta(seconds=4))
    key = pki.new_key()
    profile = profiles.system_client(system, "brief")
    certificate = authority.issue(key.public_key(), profile, validity, x509.random_serial_number())
    write_private_key(tmp_path / "brief.key", key, None)
    write_certificates(tmp_path / "brief.crt", [certificate, authority.certificate])
    context = load_context(world.contexts / "brief.yaml")
    with connect(replace(context, certificate=tmp_path / "brief.crt", key=tmp_path / "brief.key")) as axis:
        wait_for("the system is known", lambda: code_of(partial(listing, axis)) is None)
        wait_for("the end", lambda: code_of(partial(listing, axis)) is Code.UNAUTHENTICATED, 20.0)
        refused(Code.UNAUTHENTICATED, "CREDENTIALS_ENDED", partial(listing, axis))


def test_reading_and_administering_are_on_record(world: World) -> None:
    """Who read content, and what administrators did, stands in the audit trail of the service that did it."""
    receipt, item = delivered(world)
    list(read(world.vpcp, f"{receipt.document}/rendition"))
    list(read(world.city, f"{item.delivery}/content"))
    for service, resource in (("intake", f"{receipt.document}/rendition"), ("routing", item.delivery)):
        actions = {entry.action for entry in _audit(world, service, resource)}
        assert "content.read" in actions, (service, actions)
    system = world.system("on-record", "city")
    assert _audit(world, "routing", system)


@pytest.mark.parametrize("service", ["intake", "routing", "workflow", "signing", "notification"])
def test_the_audit_trail_is_append_only(world: World, service: str) -> None:
    """No entry can be changed or taken away, not even with the database open."""
    component = next(one for one in world.platform._components if one.context.name == service)
    with component.context.database.write() as connection:
        connection.execute(
            sqlalchemy.insert(audit).values(
                time=1, system="s", agency="a", person="", action="test", resource="r", outcome="ok", detail=""
            )
        )
    for act in (sqlalchemy.update(audit).values(detail="another"), sqlalchemy.delete(audit)):
        with pytest.raises(Exception, match="append-only"), component.context.database.write() as connection:
            connection.execute(act)


def _subscriptions(axis: Axis) -> Any:
    return axis.notification.ListSubscriptions(notification_pb2.ListSubscriptionsRequest()).subscriptions


def _audit(world: World, service: str, resource: str) -> Any:
    request = ops.ListAuditEntriesRequest(service=service, resource=resource)
    return world.operator.operations(service).ListAuditEntries(request).entries
