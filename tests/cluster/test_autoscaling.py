"""Services are scaled by their own signal while the platform is in use."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from psycopg import sql
from tests.cluster.conftest import VALUES
from tests.cluster.support.backups import publish_again
from tests.cluster.support.groups import generations
from tests.cluster.support.load import no_call_fails
from tests.cluster.support.served import Deployed, await_pods, pods
from tests.faults.support.run import Run
from tools.cluster import cluster, engines, keda, node, platform

from lienthong.client import AxisUnavailableError
from lienthong.common.v1 import operations_pb2

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

PATIENCE_SECONDS = 300.0
CALLERS = 4
QUICK = {
    "scaleUp": {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}]},
    "scaleDown": {"stabilizationWindowSeconds": 20, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}]},
}
SCALED: dict[str, Any] = {
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    "autoscaling": {"enabled": True, "minReplicas": 1, "maxReplicas": 3, "cpuPercent": 70, "behavior": QUICK},
}
"""A pod that is called uses more than these 70 thousandths of a core, and one that is not uses less."""

CONSUMING: dict[str, Any] = {
    "autoscaling": {
        "enabled": True,
        "minReplicas": 1,
        "maxReplicas": 3,
        "behavior": QUICK,
        "lag": {"source": "keda-kafka", "records": 20, "pollSeconds": 2},
    },
}
SHARINGS = 4
"""Times that a group shares its partitions when a pod comes or goes, at most: twice, and once more for who was slow."""


def test_pods_follow_the_load_of_callers(run: Run[Deployed]) -> None:
    """A service that is called gets more pods while it is, and gives them back when the calls end; none fails."""
    run.program.read_logs()
    with no_call_fails(run, "scaled by processor time"):
        platform.upgrade({**VALUES, "components": {"intake": SCALED}})
        node.await_that(lambda: size("intake") == 1, PATIENCE_SECONDS, "one pod is too many for nobody's calls")
        with calls(run.program) as unanswered:
            node.await_that(lambda: size("intake") >= 2, PATIENCE_SECONDS, "one pod has all the calls")
            await_pods("intake")
            run.traffic.grant(2)
        node.await_that(lambda: size("intake") == 1, PATIENCE_SECONDS, "pods stay though nobody calls")
        node.await_that(lambda: len(pods("intake")) == 1, PATIENCE_SECONDS, "pods do not end")
    print(events())  # noqa: T201 -- what the autoscaler says it did
    assert not unanswered
    platform.upgrade(VALUES)
    await_pods("intake")


def test_pods_follow_the_events_that_wait(run: Run[Deployed]) -> None:
    """A service that consumes gets more pods while events wait for it, and gives them back when it has had them.

    They wait because its database lets nobody write. Its group shares partitions anew when pods come or go, no oftener.
    """
    keda.install(print)
    run.program.read_logs()
    with no_call_fails(run, "scaled by lag"):
        platform.upgrade({**VALUES, "components": {"notification": CONSUMING}})
        watched("notification", lambda seen: seen[-1] == 1)
        await_pods("notification")
        before = generations("notification")
        with nobody_writes("notification"), run.program.speak("operator") as operator:
            publish_again(operator, ("intake", "signing", "routing", "workflow"))
            more = watched("notification", lambda seen: max(seen) > 1)
        fewer = watched("notification", lambda seen: seen[-1] == 1)
        node.await_that(lambda: len(pods("notification")) == 1, PATIENCE_SECONDS, "pods do not end")
        sizes, shared = [*more, *fewer[1:]], generations("notification") - before
        print(f"pods: {sizes}; partitions were shared {shared} times")  # noqa: T201 -- figures
    print(events())  # noqa: T201 -- what the autoscaler says it did
    changes = sum(abs(one - next_one) for one, next_one in pairwise(sizes))
    assert 0 < shared <= SHARINGS * changes
    platform.upgrade(VALUES)
    await_pods("notification")


@contextmanager
def nobody_writes(service: str) -> Iterator[None]:
    """Keeps the events of a service waiting: it cannot say that it has had one."""
    positions = sql.SQL("LOCK TABLE {}.inbox_positions IN EXCLUSIVE MODE").format(sql.Identifier(service))
    with engines.administer("lienthong") as connection, connection.transaction():
        connection.execute(positions)
        yield


def watched(service: str, ends: Callable[[list[int]], bool]) -> list[int]:
    """Gives the numbers of pods that a service was to have one after the other, until they are as they should be."""
    seen = [size(service)]

    def look() -> bool:
        if (now := size(service)) != seen[-1]:
            seen.append(now)
        return ends(seen)

    node.await_that(look, PATIENCE_SECONDS, f"pods of {service} stay as they are")
    return seen


@contextmanager
def calls(program: Deployed) -> Iterator[list[str]]:
    """Calls intake without a pause; gives what was not answered, though the client repeats what it may."""
    ended, unanswered = threading.Event(), list[str]()

    def call() -> None:
        asked = operations_pb2.GetOutboxRequest(service="intake")
        while not ended.is_set():
            # Another session now and then, so that pods that came get their share.
            with program.speak("operator") as axis:
                for _ in range(50):
                    try:
                        axis.operations("intake").GetOutbox(asked)
                    except AxisUnavailableError as error:
                        unanswered.append(str(error))

    threads = [threading.Thread(target=call, daemon=True) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield unanswered
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def size(service: str) -> int:
    """Tells how many pods a service is to have."""
    deployment = f"deployment/{platform.RELEASE}-{service}"
    return int(cluster.get("-n", platform.NAMESPACE, deployment)["spec"]["replicas"])


def events() -> str:
    """Tells what the autoscaler did, in its own words."""
    kind = "involvedObject.kind=HorizontalPodAutoscaler"
    return cluster.kubectl(
        "-n", platform.NAMESPACE, "get", "events", "--field-selector", kind, "--sort-by=.lastTimestamp"
    )
