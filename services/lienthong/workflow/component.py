"""Puts workflow together."""

from functools import partial

from lienthong.chassis.periodic import Periodic
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.service import Component, ServiceContext
from lienthong.workflow.api import WorkflowApi
from lienthong.workflow.config import WorkflowSection, shifts_of
from lienthong.workflow.consumers import subscription
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.kept import match_again
from lienthong.workflow.handlers.owing import OwingCount
from lienthong.workflow.v1 import workflow_pb2
from lienthong.workflow.working_days import vietnam_calendar

_KEPT_SECONDS = 5.0
"""Pause between two looks at statuses that match no delivery."""


def build(context: ServiceContext, section: WorkflowSection) -> Component:
    """Makes the component of workflow.

    Raises:
        KeyFileError: The seal key or its certificate cannot be read.
        SealError: They do not belong together.
    """
    calendar = vietnam_calendar(shifts_of(section.office_hours), section.calendar_file)
    desk = Desk(context.directory, context.base.hub, SealKey(context.base.keys, "workflow"), section, calendar)
    descriptor = workflow_pb2.DESCRIPTOR.services_by_name["Workflow"]
    kept = Periodic("workflow-kept", partial(match_again, context.units, desk), _KEPT_SECONDS)
    owing = OwingCount(context.database)
    context.base.metrics.gauge("lienthong_deliveries", "Deliveries that still owe something.", ["state"], owing.samples)
    counting = Periodic("workflow-owing", owing.count, section.count_seconds)
    api = WorkflowApi(context, desk)
    return Component(context, [(descriptor, api)], subscription(desk), workers=[kept, counting])
