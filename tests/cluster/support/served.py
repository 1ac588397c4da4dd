"""The platform on the cluster, for the same traffic and the same checks as processes on this machine."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg import sql
from tests.faults.support.harness import is_alarm
from tests.faults.support.processes import read_records
from tools.cluster import cluster, engines, node, platform
from tools.cluster.layout import NODE_ADDRESS, ClusterError

from lienthong.client import Axis, connect, load_context

_STOP_SECONDS = 120.0
_LOG_SECONDS = 60.0


class Deployed:
    """The release. See `tests.faults.support.served.Served`."""

    def __init__(self) -> None:
        """Finds it; it was installed."""
        self.up = threading.Event()
        self.starts: list[float] = []
        self._alarms: list[str] = []

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return platform.CONTEXT.parent

    def speak(self, name: str) -> Axis:
        """Opens a session as a context, through the doors of the node."""
        addresses = {service: f"{NODE_ADDRESS}:{port}" for service, port in platform.DOORS.items()}
        return connect(replace(load_context(self.contexts / f"{name}.yaml"), addresses=addresses))

    def start(self) -> bool:
        """It runs already."""
        self.starts.append(0.0)
        self.up.set()
        return True

    def stop(self) -> tuple[int, float]:
        """Scales every service to nothing, and waits until its pods are gone."""
        begun = time.monotonic()
        self.up.clear()
        self.read_logs()
        for service in engines.SERVICES:
            scale(service, 0)
        for service in engines.SERVICES:
            node.await_that(lambda: not pods(service), _STOP_SECONDS, f"pods of {service} do not end")  # noqa: B023 -- awaited here
        return 0, time.monotonic() - begun

    def close(self) -> None:
        """Leaves it to whoever brought it up."""

    def tail(self) -> str:
        """Tells of the pods and their events."""
        return cluster.situation(platform.NAMESPACE)

    def read_logs(self) -> None:
        """Keeps what the pods of now logged as an error or worse: their logs go with them."""
        for service in engines.SERVICES:
            for pod in pods(service):
                try:
                    log = cluster.kubectl("-n", platform.NAMESPACE, "logs", pod, seconds=_LOG_SECONDS)
                except ClusterError:
                    # One of the release before may go between the list and its log.
                    if pod in pods(service):
                        raise
                    continue
                self._alarms += [f"{pod}: {line}" for line in log.splitlines() if is_alarm(line)]

    def alarms(self) -> list[str]:
        """Gives what was logged as an error or worse by pods whose logs were read."""
        return self._alarms

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of a service's schema."""
        with engines.administer("lienthong") as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(service)))
            return list(connection.execute(statement.encode()).fetchall())

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads topic, aggregate and version of all records, in the order of each partition."""
        return read_records(engines.kafka())


def pods(service: str) -> list[str]:
    """Names the pods of a service, those that are going included."""
    label = f"app.kubernetes.io/component={service}"
    found = cluster.get("-n", platform.NAMESPACE, "pods", "-l", label)["items"]
    return sorted(pod["metadata"]["name"] for pod in found)


def scale(service: str, replicas: int) -> None:
    """Lets a service have so many pods."""
    deployment = f"deployment/{platform.RELEASE}-{service}"
    cluster.kubectl("-n", platform.NAMESPACE, "scale", deployment, f"--replicas={replicas}")


def await_pods(service: str) -> None:
    """Waits until a service has the pods that it should have, and no others."""
    deployment = f"deployment/{platform.RELEASE}-{service}"
    cluster.await_rollout(platform.NAMESPACE, deployment)
    wanted = cluster.get("-n", platform.NAMESPACE, deployment)["spec"]["replicas"]
    node.await_that(lambda: len(pods(service)) == wanted, _STOP_SECONDS, f"pods of {service} do not end")
