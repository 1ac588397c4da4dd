"""What happens to nodes: one is drained, and containers die on it, while the platform is in use."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.cluster.support.load import no_call_fails, under_load
from tests.cluster.support.served import Deployed, await_pods, pods
from tests.faults.support.run import Run
from tests.waiting import until
from tools.cluster import cluster, engines, node, platform
from tools.cluster.layout import NODE, ClusterError

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

PATIENCE_SECONDS = 240.0


def test_a_node_is_drained(run: Run[Deployed]) -> None:
    """The drain takes one pod of each service, waits for its successor, and takes the other; no call fails.

    The only node is drained: it takes pods again once the budgets have nothing more to give.
    """
    before = {pod for service in engines.SERVICES for pod in pods(service)}
    run.program.read_logs()
    with no_call_fails(run, "node drained"), ThreadPoolExecutor(1) as threads:
        drained = threads.submit(drain)
        try:
            assert until(lambda: drained.done() or not any(map(spare, engines.SERVICES)), PATIENCE_SECONDS)
            refused = [service for service in engines.SERVICES if not evict(ready_pod(service))]
            run.traffic.grant(2)
        finally:
            cluster.kubectl("uncordon", NODE)
        drained.result()
        for service in engines.SERVICES:
            await_pods(service)
    assert refused == list(engines.SERVICES)
    assert not before & {pod for service in engines.SERVICES for pod in pods(service)}


def test_a_killed_container_comes_back(run: Run[Deployed]) -> None:
    """The process of a pod is killed under load: it is started again, and what it was doing is done once."""
    for service in engines.SERVICES:
        run.program.read_logs()
        pod = pods(service)[0]
        starts = container(pod)["restartCount"]
        with under_load(run, f"a container of {service} killed"):
            kill(pod)
            assert until(lambda: container(pod)["restartCount"] > starts, PATIENCE_SECONDS), run.program.tail()  # noqa: B023 -- awaited here
            await_pods(service)
        assert pod in pods(service)


def drain() -> None:
    """Drains the node of the pods of the platform."""
    selector = f"app.kubernetes.io/component in ({','.join(engines.SERVICES)})"
    options = (f"--pod-selector={selector}", "--delete-emptydir-data", f"--timeout={PATIENCE_SECONDS:g}s")
    cluster.kubectl("drain", NODE, *options, seconds=PATIENCE_SECONDS + 30)


def spare(service: str) -> int:
    """Tells how many pods of a service may go now."""
    budget = cluster.get("-n", platform.NAMESPACE, "poddisruptionbudget", f"{platform.RELEASE}-{service}")
    return int(budget["status"]["disruptionsAllowed"])


def evict(pod: str) -> bool:
    """Asks for a pod to go; tells whether its budget gave leave."""
    metadata = {"name": pod, "namespace": platform.NAMESPACE}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    path = f"/api/v1/namespaces/{platform.NAMESPACE}/pods/{pod}/eviction"
    try:
        cluster.kubectl("create", "--raw", path, "-f", "-", given=json.dumps(eviction))
    except ClusterError as error:
        if "disruption budget" not in str(error):
            raise
        return False
    return True


def ready_pod(service: str) -> str:
    """Names the pod that serves while the other is gone."""
    for pod in pods(service):
        found = cluster.get("-n", platform.NAMESPACE, "pod", pod)
        conditions = {one["type"]: one["status"] for one in found["status"]["conditions"]}
        if "deletionTimestamp" not in found["metadata"] and conditions.get("Ready") == "True":
            return pod
    raise AssertionError(f"no pod of {service} is ready:\n{cluster.situation(platform.NAMESPACE)}")


def container(pod: str) -> Any:
    """Tells of the program's container in a pod."""
    (found,) = cluster.get("-n", platform.NAMESPACE, "pod", pod)["status"]["containerStatuses"]
    return found


def kill(pod: str) -> None:
    """Kills the process of a pod, by the runtime of its node."""
    name = container(pod)["containerID"].removeprefix("containerd://")
    node.run(*node.inside("ctr", "-n", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", name))
