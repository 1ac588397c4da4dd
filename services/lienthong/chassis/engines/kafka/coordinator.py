"""Mends what the library's coordinator of a member forgets: joins that finished.

The library keeps a join that is under way from one poll to the next. When it has finished meanwhile, it throws the
result away and joins anew: members that poll in short steps make each other join again for ever. Or, when the reason to
join is gone, it forgets the join, and with it its heartbeats: such a member reads on for ever what others have.
"""

from typing import Any

from kafka.coordinator.base import MemberState
from kafka.coordinator.consumer import ConsumerCoordinator


def keep_finished_joins(coordinator: ConsumerCoordinator) -> None:
    """Makes a coordinator take over what a finished join brought."""
    join, need = coordinator.join_group_async, coordinator.need_rejoin

    def need_rejoin() -> bool:
        return bool(coordinator.rejoining or need())

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

    coordinator.join_group_async, coordinator.need_rejoin = join_group_async, need_rejoin
