"""Mends how the library joins a group: a join that finished between two polls counts.

The library keeps a join that is under way from one poll to the next, but throws it away when it has finished meanwhile,
and joins anew. Members that poll in short steps could do so for ever, and make each other join again every time.
"""

from typing import Any

from kafka.coordinator.base import MemberState
from kafka.coordinator.consumer import ConsumerCoordinator


def keep_finished_joins(coordinator: ConsumerCoordinator) -> None:
    """Makes a coordinator take over what a finished join brought."""
    join = coordinator.join_group_async

    async def join_group_async(timeout_ms: float | None = None) -> Any:
        finished = coordinator._join_task  # noqa: SLF001 -- the library's own steps, in its order
        if finished is None or not finished.succeeded() or coordinator.state is not MemberState.REBALANCING:
            return await join(timeout_ms=timeout_ms)
        coordinator._join_task = None  # noqa: SLF001 -- as above
        with coordinator._lock:  # noqa: SLF001 -- as above
            coordinator.rejoining = coordinator.rejoin_needed = False
            coordinator.state = MemberState.STABLE
            coordinator._enable_heartbeat()  # noqa: SLF001 -- as above
        joined = coordinator._generation  # noqa: SLF001 -- as above
        await coordinator._on_join_complete_async(  # noqa: SLF001 -- as above
            joined.generation_id, joined.member_id, joined.protocol, finished.value
        )
        return True

    coordinator.join_group_async = join_group_async
