"""The case of a document: its change counter, and its end."""

from lienthong.chassis.times import from_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.workflow import storage
from lienthong.workflow.domain import Case, CaseDelivery, DeliveryState, close_if_settled
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.telling import tell_case_closed
from lienthong.workflow.storage import StoredDelivery


def changed(desk: Desk, work: UnitOfWork, delivery: StoredDelivery) -> int:
    """Stores a delivery that changed, counts the change and wakes who watches; tells the number."""
    case = storage.case_by_document(work.rows, delivery.case_document)
    if case is None:
        raise LookupError(f"case {delivery.case_document} of delivery {delivery.id} is missing")
    case.change += 1
    storage.save_case(work.rows, case)
    delivery.change = case.change
    storage.save_delivery(work.rows, delivery)
    desk.hint(work, delivery.case_document, delivery.document)
    return case.change


def close_settled(work: UnitOfWork, delivery: StoredDelivery) -> None:
    """Closes the case of a delivery when each one in it is answered or final and at least one is answered."""
    document = delivery.case_document
    case = storage.case_by_document(work.rows, document)
    if case is None or case.closed_at is not None:
        return
    if case.delivery_count == 1 and delivery.document == document and delivery.answered_at is None:
        return  # it is alone, or an update has its place and closes the case itself
    if storage.still_owing(work.rows, document):
        return
    lines = [one for one in storage.deliveries_of_case(work.rows, document) if one.own_line]
    known = sum(one.document == document for one in lines)
    # Updates that took a delivery's place belong to the case beside those that routing announced.
    expected = case.delivery_count + len(lines) - known
    ended, now = close_if_settled(Case(document, expected), [case_delivery(one) for one in lines], work.now)
    if now:
        case.closed_at = None if ended.closed_at is None else work.now_micros
        case.change += 1
        storage.save_case(work.rows, case)
        tell_case_closed(work, case)


def case_delivery(delivery: StoredDelivery) -> CaseDelivery:
    """Gives what a case knows of a delivery."""
    return CaseDelivery(
        delivery.id,
        delivery.document,
        delivery.sender,
        delivery.recipient,
        DeliveryState(delivery.state),
        delivery.answered_at is not None,
    )


def moment(micros: int) -> str:
    """Writes a time for a seal: RFC 3339 in UTC, to the microsecond."""
    return from_micros(micros).isoformat(timespec="microseconds").replace("+00:00", "Z")
