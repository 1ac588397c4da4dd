"""`routing.v1.Mailbox`."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from lienthong.chassis.directory.messages import resource_id
from lienthong.chassis.errors import AxisError, Violation, invalid, not_found
from lienthong.chassis.filtering import Kind, parse_filter
from lienthong.chassis.idempotency import once
from lienthong.chassis.paging import page_of
from lienthong.chassis.rpc.call import Call, Watch
from lienthong.chassis.rpc.texts import NUL, check_texts
from lienthong.chassis.text import words
from lienthong.chassis.times import duration_micros
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork
from lienthong.routing.api.cursor import LOOKED, read_cursor, write_cursor
from lienthong.routing.api.inline import fill
from lienthong.routing.api.messages import batch_message, delivery_message, item_message
from lienthong.routing.contents import Renderer
from lienthong.routing.domain.leases import ItemKind, ItemState
from lienthong.routing.handlers.batches import Batch, Leased, Outcome, acknowledge_items, extend_items, fail_items
from lienthong.routing.handlers.desk import Desk, watch_key
from lienthong.routing.handlers.leasing import Pull, audit_of, pull_once
from lienthong.routing.handlers.parking import check_parked, redrive
from lienthong.routing.storage.deliveries import Conditions, visible_deliveries, visible_delivery
from lienthong.routing.storage.items import count_waiting, leases_ended, parked_items, positions_of, waiting_items
from lienthong.routing.v1 import mailbox_pb2 as pb

FIELDS = {"number": Kind.TEXT, "notation": Kind.TEXT, "document_id": Kind.TEXT, "subject": Kind.WORDS}


class MailboxApi:
    """Hands out what waits for the caller's agency."""

    def __init__(self, units: UnitsOfWork, desk: Desk, renderer: Renderer) -> None:
        self._units = units
        self._desk = desk
        self._renderer = renderer

    def list_items(self, request: pb.ListItemsRequest, call: Call) -> pb.ListItemsResponse:
        """Lists what waits, without leasing."""
        page = page_of(call, request.page_size, request.page_token, columns=(str, int))
        after = None if page.after is None else (str(page.after[0]), int(page.after[1]))
        with self._units.database.read() as connection:
            rows = waiting_items(connection, call.caller.reach, after, page.size + 1)
        shown, token = page.fill(rows, item_message, lambda row: (row.mailbox, row.sequence))
        return pb.ListItemsResponse(items=shown, next_page_token=token)

    def pull_items(self, request: pb.PullItemsRequest, call: Call) -> pb.PullItemsResponse:
        """Leases a batch."""
        pulled = pull_once(self._units, self._desk, call, request, self._pull(request))
        items = [item_message(row, lease=True) for row in pulled.rows]
        fill(self._units, self._desk, self._renderer, pulled, items)
        return pb.PullItemsResponse(items=items)

    def extend_items(self, request: pb.ExtendItemsRequest, call: Call) -> pb.BatchResponse:
        """Keeps leases longer."""
        return self._batch(request.items, call, partial(extend_items, length=_length(request)))

    def acknowledge_items(self, request: pb.AcknowledgeItemsRequest, call: Call) -> pb.BatchResponse:
        """Tells that items are durably stored."""
        return self._batch(request.items, call, acknowledge_items)

    def fail_items(self, request: pb.FailItemsRequest, call: Call) -> pb.BatchResponse:
        """Tells that items cannot be taken."""
        return self._batch(request.items, call, fail_items)

    def watch_mailbox(self, request: pb.WatchMailboxRequest, call: Call) -> Watch:
        """Hints that something new waits."""
        reach = call.caller.reach
        with self._units.database.look() as connection:
            start = read_cursor(request.cursor) if request.cursor else _here(connection, reach)
        produce = partial(self._hints, reach)
        return Watch(watch_key(call.caller.acting().id), write_cursor(start), produce, whole=True)

    def get_delivery(self, request: pb.GetDeliveryRequest, call: Call) -> pb.Delivery:
        """Tells about a delivery that the caller received."""
        identifier = resource_id(request.name, "deliveries")
        with self._units.database.read() as connection:
            row = visible_delivery(connection, identifier, call.caller.reach)
        if row is None:
            raise not_found(f"deliveries/{identifier}")
        return delivery_message(row)

    def list_deliveries(self, request: pb.ListDeliveriesRequest, call: Call) -> pb.ListDeliveriesResponse:
        """Lists what the caller received, newest first."""
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(str,))
        before = None if page.after is None else str(page.after[0])
        wanted = _conditions(request.filter)
        with self._units.database.read() as connection:
            rows = visible_deliveries(connection, call.caller.reach, wanted, before, page.size + 1)
        shown, token = page.fill(rows, delivery_message, lambda row: (row.id,))
        return pb.ListDeliveriesResponse(deliveries=shown, next_page_token=token)

    def list_parked_items(self, request: pb.ListParkedItemsRequest, call: Call) -> pb.ListParkedItemsResponse:
        """Lists items that are parked."""
        page = page_of(call, request.page_size, request.page_token, columns=(str,))
        after = None if page.after is None else str(page.after[0])
        with self._units.database.read() as connection:
            rows = parked_items(connection, after, page.size + 1)
        shown, token = page.fill(rows, item_message, lambda row: (row.id,))
        return pb.ListParkedItemsResponse(items=shown, next_page_token=token)

    def redrive_item(self, request: pb.RedriveItemRequest, call: Call) -> pb.Item:
        """Puts a parked item back."""
        identifier = resource_id(request.name, "items")
        if request.dry_run:
            with self._units.database.read() as connection:
                item = item_message(check_parked(connection, identifier))
            item.state = pb.ItemState.ValueType(ItemState.AVAILABLE.value)
            return item

        def action(work: UnitOfWork) -> pb.Item:
            row = redrive(work, self._desk, identifier)
            work.record(audit_of(call, "item.redrive", f"items/{identifier}"))
            return item_message(row)

        return once(self._units, call, request, pb.Item, action)

    def _pull(self, request: pb.PullItemsRequest) -> Pull:
        if request.max_items < 0 or request.inline_limit < 0:
            raise _refused("max_items", "counts and sizes are 0 (default) or more")
        limits = self._desk.limits
        count = min(request.max_items or limits.pull_items, limits.pull_items_at_most)
        known = {kind.value for kind in ItemKind}
        if not set(request.kinds) <= known:
            raise _refused("kinds", "kinds are document, request, status and verdict")
        kinds = frozenset(ItemKind(kind) for kind in request.kinds)
        return Pull(count, _length(request), kinds, request.inline_limit)

    def _batch(self, items: Sequence[pb.LeasedItem], call: Call, act: Batch) -> pb.BatchResponse:
        """Refuses entries that no database keeps, each by itself, and does the others in one transaction."""
        most = self._desk.limits.batch_items_at_most
        if not 1 <= len(items) <= most:
            raise _refused("items", f"a batch has 1 to {most} items")
        read = [_leased(item) for item in items]
        with self._units.begin(call.traceparent) as work:
            done = iter(act(work, self._desk, call, [one for one in read if isinstance(one, Leased)]))
            return batch_message([next(done) if isinstance(one, Leased) else one for one in read])

    def _hints(self, reach: Sequence[str], cursor: str) -> tuple[Sequence[pb.WatchMailboxResponse], str]:
        seen = read_cursor(cursor)
        # The places are read first: what comes in later shows next time.
        with self._units.database.look() as connection:
            here = _here(connection, reach)
            following = write_cursor(here)
            # A cursor from the future is of a database that was restored since.
            fresh = any(here[mailbox] != seen.get(mailbox, 0) for mailbox in reach)
            if not fresh and not leases_ended(connection, reach, seen.get(LOOKED, 0), here[LOOKED]):
                return [], following
            waiting = count_waiting(connection, reach)
        return [pb.WatchMailboxResponse(cursor=following, waiting=waiting)], following


def _here(connection: Connection, reach: Sequence[str]) -> dict[str, int]:
    """Gives the last places taken, and the time of the database up to which ended leases were seen."""
    places, now = positions_of(connection, reach)
    return {**places, LOOKED: now}


def _leased(item: pb.LeasedItem) -> Leased | Outcome:
    identifier = resource_id(item.name, "items")
    try:
        check_texts(item, NUL)
    except AxisError as error:
        return Outcome(identifier, error)
    return Leased(identifier, item.lease, item.reason)


def _length(request: pb.PullItemsRequest | pb.ExtendItemsRequest) -> int:
    if not request.HasField("lease_duration"):
        return 0
    length = duration_micros(request.lease_duration)
    if length <= 0:
        raise _refused("lease_duration", "a lease lasts longer than nothing")
    return length


def _conditions(text: str) -> Conditions:
    wanted = Conditions()
    for condition in parse_filter(text, FIELDS):
        if condition.field == "subject":
            wanted.words += words(str(condition.value))
        elif condition.operator == "=":
            wanted.columns.append((condition.field, str(condition.value)))
        else:
            wanted.unlike.append((condition.field, str(condition.value)))
    return wanted


def _refused(field: str, rule: str) -> AxisError:
    return invalid("FIELD_INVALID", f"{field}: {rule}.", Violation(field, "FIELD_INVALID", rule))
