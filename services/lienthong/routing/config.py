"""Configuration of routing."""

from typing import Self

from pydantic import Field, model_validator

from lienthong.chassis.config import Section


class RoutingSection(Section):
    """Directory, fan-out and mailboxes."""

    held_seconds: float = Field(
        30.0, ge=0, le=3600, description="How long a delivery waits for the verdict, seconds of the database's clock."
    )
    lease_seconds: float = Field(
        60.0, ge=0.05, le=3600, description="A lease when the caller names no length, seconds."
    )
    lease_seconds_at_least: float = Field(5.0, ge=0.05, le=3600, description="Shortest lease, seconds.")
    lease_seconds_at_most: float = Field(3600.0, ge=0.05, le=86_400, description="Longest lease, seconds.")
    lease_attempts: int = Field(5, ge=1, le=100, description="Leases that may expire before an item is parked.")
    pull_items: int = Field(10, ge=1, le=100, description="Items of a pull when the caller names no number.")
    pull_items_at_most: int = Field(100, ge=1, le=500, description="Items of a pull, at most.")
    batch_items_at_most: int = Field(100, ge=1, le=500, description="Items of a batch call, at most.")
    inline_bytes_at_most: int = Field(
        1_048_576, ge=0, le=4_194_304, description="Bytes of content that an item brings inline, at most."
    )
    answer_bytes_at_most: int = Field(
        3_145_728, ge=0, le=4_194_304, description="Bytes of content that an answer brings inline, at most."
    )
    chunk: int = Field(100, ge=1, le=1000, description="Deliveries that one transaction of a fan-out makes or changes.")
    status_items_days: int = Field(90, ge=1, le=3650, description="Days after which a status leaves the mailbox.")
    worker_seconds: float = Field(0.5, ge=0.02, le=60, description="Longest pause of background work, seconds.")
    housekeeping_seconds: float = Field(60.0, ge=0.02, le=3600, description="Pause between clean-ups, seconds.")

    @model_validator(mode="after")
    def _lease_in_bounds(self) -> Self:
        if not self.lease_seconds_at_least <= self.lease_seconds <= self.lease_seconds_at_most:
            raise ValueError("lease_seconds lies outside lease_seconds_at_least and lease_seconds_at_most")
        return self
