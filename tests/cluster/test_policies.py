"""Who talks to whom on the cluster, tried from its pods: as the table says, and as the release needs."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
import yaml
from tests.cluster.support.load import no_call_fails
from tests.cluster.support.policies import enforced
from tests.cluster.support.served import Deployed, pods
from tests.faults.support.run import Run
from tools.cluster import cluster, engines, images, platform

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

ELSEWHERE = "elsewhere"
STRANGER = "stranger"
PLACES = {
    "calls": (platform.NAMESPACE, "intake", 7443),
    "metrics": (platform.NAMESPACE, "intake", 9443),
    "another's calls": (platform.NAMESPACE, "routing", 7443),
    "kafka": (engines.NAMESPACE, "kafka", 9093),
    "postgres": (engines.NAMESPACE, "postgres", 5432),
    "objects": (engines.NAMESPACE, "objects", 9000),
}
"""What listens: namespace, component or engine, port."""

TABLE = {
    STRANGER: {"calls", "another's calls", "kafka", "postgres", "objects"},
    "intake": {"kafka", "postgres", "objects"},
    "signing": {"kafka", "postgres", "objects"},
    "workflow": {"kafka", "postgres"},
    "notification": {"kafka", "postgres"},
}
"""What each reaches. Engines are not ours to close: a stranger is kept from them by who he is."""

TRY = """
import json, socket, sys
def reached(place):
    address, port = place.rsplit(":", 1)
    try:
        socket.create_connection((address, int(port)), 5).close()
    except OSError:
        return False
    return True
print(json.dumps([reached(place) for place in sys.argv[1:]]))
"""


def test_policies_are_as_the_table_says(run: Run[Deployed]) -> None:
    """Everything listens; once policies are enforced each pod reaches what the table names, and calls go on."""
    with stranger():
        assert {who: reached(who) for who in TABLE} == {who: set(PLACES) for who in TABLE}
        with no_call_fails(run, "policies enforced"), enforced():
            assert {who: reached(who) for who in TABLE} == TABLE
            run.traffic.grant(2)


def reached(who: str) -> set[str]:
    """Gives the places that a pod reaches."""
    namespace, pod = (ELSEWHERE, STRANGER) if who == STRANGER else (platform.NAMESPACE, pods(who)[0])
    listening = addresses()
    command = ("exec", pod, "--", "/usr/bin/python3.11", "-c", TRY, *listening.values())
    answers = json.loads(cluster.kubectl("-n", namespace, *command))
    return {place for place, answer in zip(listening, answers, strict=True) if answer}


def addresses() -> Mapping[str, str]:
    """Gives address and port of one pod for each place."""
    found = {}
    for place, (namespace, name, port) in PLACES.items():
        pod = pods(name)[-1] if namespace == platform.NAMESPACE else f"{name}-0"
        found[place] = f"{cluster.get('-n', namespace, 'pod', pod)['status']['podIP']}:{port}"
    return found


@contextmanager
def stranger() -> Iterator[None]:
    """Puts a pod into a namespace of its own, and takes both away."""
    container = {
        "name": STRANGER,
        "image": images.ENGINES,
        "imagePullPolicy": "Never",
        "command": ["/usr/bin/python3.11", "-c", "import signal; signal.pause()"],
    }
    metadata = {"name": STRANGER, "namespace": ELSEWHERE}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False}
    cluster.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ELSEWHERE}}))
    try:
        # Pods are refused until the account exists under which they run.
        cluster.kubectl("-n", ELSEWHERE, "wait", "--for=create", "serviceaccount/default", "--timeout=50s")
        cluster.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
        cluster.kubectl("-n", ELSEWHERE, "wait", "--for=condition=Ready", f"pod/{STRANGER}", "--timeout=50s")
        yield
    finally:
        cluster.kubectl("delete", "namespace", ELSEWHERE)
