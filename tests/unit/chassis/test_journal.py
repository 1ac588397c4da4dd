"""The journal: one line for each step, from what a commit told, and nothing that people wrote."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from lienthong.chassis import logging
from lienthong.chassis.events.event import DELIVERIES, PROGRESS, NewEvent
from lienthong.chassis.events.journal import Journal
from lienthong.chassis.metrics import Metrics
from lienthong.events.v1 import routing_deliveries_pb2 as routing
from lienthong.events.v1 import workflow_progress_pb2 as workflow

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
REFERENCE = {"delivery": "the-delivery", "document": "the-document", "sender_agency": "a", "recipient_agency": "b"}


@pytest.fixture(autouse=True)
def everyday() -> Iterator[None]:
    """Logs at the level of every day, whatever another test has set."""
    kept = structlog.get_config()
    logging.configure("INFO", "json")
    yield
    structlog.configure(**kept)


def told(value: object, topic: str = DELIVERIES) -> tuple[list[dict[str, object]], Metrics]:
    """The lines that one event makes, and the metrics."""
    metrics = Metrics()
    with capture_logs() as lines:
        Journal(metrics).tell([(NewEvent(topic, "key", "subject", value), TRACE)])  # type: ignore[arg-type] # a message
    return [dict(line) for line in lines], metrics


def test_a_step_names_what_it_is_about() -> None:
    """Document, delivery, the agency concerned and the trace stand on the line."""
    ((line,), metrics) = told(routing.DeliveryOpened(reference=routing.DeliveryReference(**REFERENCE), system="s"))
    assert line == {
        "event": "delivery opened",
        "log_level": "info",
        "document": "the-document",
        "delivery": "the-delivery",
        "agency": "b",
        "trace": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    assert metrics.registry.get_sample_value("lienthong_delivery_steps_total", {"state": "opened"}) == 1.0


def test_what_people_wrote_stays_out() -> None:
    """A code that the lifecycle does not know is text that somebody wrote; so are names, notes and reasons."""
    facts = workflow.StatusFacts(code="Bí mật", description="Bí mật", from_name="Bí mật", document_code="Bí mật")
    status = workflow.StatusRecorded(reference=workflow.ProgressReference(**REFERENCE), facts=facts)
    withdrawn = routing.DeliveryWithdrawn(reference=routing.DeliveryReference(**REFERENCE), reason="Bí mật")
    for value, topic in ((status, PROGRESS), (withdrawn, DELIVERIES)):
        ((line,), _metrics) = told(value, topic)
        assert "mật" not in str(line)
    assert told(status, PROGRESS)[0][0]["code"] == "unknown"


def test_a_filtered_step_is_counted_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the level of every day no line is made; the counts go on."""
    quiet = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(30))
    monkeypatch.setattr("lienthong.chassis.events.journal._log", quiet)
    lines, metrics = told(routing.DeliveryCreated(reference=routing.DeliveryReference(**REFERENCE)))
    assert lines == []
    assert metrics.registry.get_sample_value("lienthong_delivery_steps_total", {"state": "created"}) == 1.0


def test_a_commit_never_fails_for_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed stands, whatever breaks when it is told."""
    monkeypatch.setattr(Metrics, "delivered", lambda *_: 1 / 0)
    ((line,), _metrics) = told(routing.DeliveryOpened(reference=routing.DeliveryReference(**REFERENCE)))
    assert line["log_level"] == "error"


def created(sender: str, recipient: str, **reference: str) -> tuple[NewEvent, str]:
    """A delivery that was made."""
    pointer = routing.DeliveryReference(**(REFERENCE | reference))
    value = routing.DeliveryCreated(reference=pointer, sender_code=sender, recipient_code=recipient)
    return NewEvent(DELIVERIES, "key", "subject", value), TRACE


def test_pairs_of_agencies_are_counted_within_a_bound() -> None:
    """Each pair counts by its codes; beyond the bound together, so that a nation's pairs are no flood of series."""
    metrics = Metrics()
    Journal(metrics).tell([created("G22", f"H{number}") for number in range(510)] * 2)

    def count(sender: str, recipient: str) -> float | None:
        labels = {"sender": sender, "recipient": recipient}
        return metrics.registry.get_sample_value("lienthong_pair_deliveries_total", labels)

    assert count("G22", "H0") == 2.0
    assert count("G22", "H499") == 2.0
    assert count("G22", "H500") is None
    assert count("other", "other") == 20.0


def test_a_code_that_nobody_has_is_no_label() -> None:
    """What a sender wrote for a recipient that is not known stays out of the metrics."""
    metrics = Metrics()
    Journal(metrics).tell([created("G22", "Bí mật", recipient_agency="")])
    assert [sample for one in metrics.registry.collect() for sample in one.samples if "mật" in str(sample)] == []
