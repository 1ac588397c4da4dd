"""Settings of workflow."""

from pydantic import Field

from lienthong.chassis.config import Section


class WorkflowSection(Section):
    """Statuses, tasks and progress."""

    unmatched_seconds: float = Field(
        60.0, ge=0, le=86_400, description="Seconds after which a status without a delivery is listed as unmatched."
    )
    unmatched_per_agency: int = Field(
        10_000, ge=1, le=1_000_000, description="Statuses without a delivery that are kept for one agency, at most."
    )
    statuses_per_call: int = Field(100, ge=1, le=100, description="Statuses of one call, edXML ones included.")
    recalls_per_call: int = Field(
        10, ge=1, le=100, description="Statuses 13 by DocumentId of one call; each may concern 2,000 recipients."
    )
    edxml_bytes: int = Field(
        1_048_576, ge=1024, le=4_194_304, description="Length of one edXML status message in bytes, at most."
    )
    text_characters: int = Field(
        4000, ge=100, le=100_000, description="Characters of a free text: description, instruction, result."
    )
    open_tasks_per_delivery: int = Field(
        500, ge=1, le=10_000, description="Open tasks of one delivery at once, at most."
    )
    statistics_deliveries: int = Field(
        20_000, ge=1, le=1_000_000, description="Deliveries that one statistics call reads, at most."
    )
