"""No call gets slower with the number of rows: lists read along an index."""

from typing import Any

import pytest
from tests.plans import plans_of

from lienthong.chassis.auth.policy import policy
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, VPCP
from lienthong.workflow.v1 import workflow_pb2 as pb

FILTERS = (
    "",
    'role = "sender"',
    'role = "recipient" AND state = "ARRIVED"',
    'role = "recipient" AND overdue = true',
    'role = "sender" AND priority >= 2',
)


@pytest.mark.parametrize("condition", FILTERS)
def test_cases_are_read_along_an_index(world: Any, condition: str) -> None:
    """Each stream of the list is ordered by its index: nothing is scanned, nothing is sorted."""
    world.deliver("d1", "doc")
    call = world.bench.call(HCMC, "Workflow/ListCases")
    found = plans_of(
        world.bench.context.database, lambda: world.api.list_cases(pb.ListCasesRequest(filter=condition), call)
    )
    assert [line for line in found.lines if "deliveries" in line]
    assert not found.scans
    assert not found.sorts


def test_other_lists_are_searched(world: Any) -> None:
    """Histories, tasks and unmatched statuses are searched, never scanned."""
    world.deliver("d1", "doc")
    call = world.bench.call(HCMC)

    def ask() -> None:
        world.api.list_statuses(pb.ListStatusesRequest(document="documents/doc"), call)
        world.api.list_tasks(pb.ListTasksRequest(filter="open = true"), call)
        world.api.list_unmatched_statuses(pb.ListUnmatchedStatusesRequest(), call)
        world.api.get_statistics(pb.GetStatisticsRequest(), call)

    assert not plans_of(world.bench.context.database, ask).scans


def test_a_document_for_many_recipients(world: Any) -> None:
    """A recall by status reaches every recipient of a document, in one call."""
    world.accept("doc")
    for number in range(40):
        world.create(f"d{number}", "doc", HCMC, count=40)
    said = world.say(VPCP, "13", document_id="G22,2026-11-20,doc", description="sai nội dung")
    assert said.outcome == pb.OUTCOME_FORWARDED
    assert len(world.bench.told(events.RecallAsked)) == 40
    assert len(world.progress(VPCP, "doc").recipients) == 40


def test_every_rpc_is_served_and_has_its_policy(world: Any) -> None:
    """What the contract offers is there."""
    (descriptor, api), *_ = world.bench.component.apis
    for method in descriptor.methods:
        snake = "".join(f"_{char.lower()}" if char.isupper() else char for char in method.name).removeprefix("_")
        assert callable(getattr(api, snake))
        assert policy()[f"{descriptor.full_name}/{method.name}"].mutation == (
            method.input_type.fields_by_name.get("request_id") is not None
        )
