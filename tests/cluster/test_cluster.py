"""The platform on a real Kubernetes: what its operators do to it while it is in use. The order of the tests matters."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from tests.cluster.conftest import VALUES
from tests.cluster.support import next_image
from tests.cluster.support.load import LOAD_SECONDS, no_call_fails
from tests.cluster.support.served import Deployed, await_pods, pods, scale
from tests.faults.support.run import Run, listed
from tests.upgrade.support.versions import LARGEST
from tests.waiting import until
from tools.cluster import cluster, engines, layout, node, platform

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

SETTLE_SECONDS = 240.0


def test_one_service_scales_alone(run: Run[Deployed]) -> None:
    """A service gets three pods and gives two back under load; no other service is touched."""
    others = {service: pods(service) for service in engines.SERVICES if service != "routing"}
    with no_call_fails(run, "scaled"):
        for replicas in (1, 3, 1, 2):
            scale("routing", replicas)
            await_pods("routing")
            run.traffic.grant(1)
    assert {service: pods(service) for service in others} == others


def test_each_pod_may_go(run: Run[Deployed]) -> None:
    """Pods are deleted in turn under load: others take their calls, and successors take their places."""
    for service in engines.SERVICES:
        run.program.read_logs()
        with no_call_fails(run, f"a pod of {service} deleted"):
            cluster.kubectl("-n", platform.NAMESPACE, "delete", "pod", pods(service)[0], "--wait=true", seconds=120)
            await_pods(service)


def test_a_new_program_takes_over_and_gives_back(run: Run[Deployed], tmp_path: Path) -> None:
    """A release moves to the next program with a step of every schema, and back, under load."""
    cluster.load_image(next_image.make(tmp_path))
    run.program.read_logs()
    with no_call_fails(run, "upgraded"):
        platform.upgrade({**VALUES, "image": {"tag": next_image.TAG}})
        assert until(lambda: not idle(run), LOAD_SECONDS), f"these programs did not fill the new column: {idle(run)}"
    run.program.read_logs()
    with no_call_fails(run, "rolled back"):
        platform.run_helm(["rollback", platform.RELEASE, "--wait", "--timeout=300s"])


def test_nothing_was_lost_or_doubled(run: Run[Deployed]) -> None:
    """After all that, every document that was accepted came once to whom it was for, and every status once back."""
    wrongs = run.conclude(SETTLE_SECONDS)
    print(run.figures(wrongs))  # noqa: T201 -- figures of the run
    assert not wrongs, listed(wrongs)


@pytest.mark.usefixtures("deployed")
def test_a_release_comes_back_and_plays_the_story() -> None:
    """After its pods were all gone the release serves again: the story is played on it.

    It comes after the traffic, whose checker holds that every document in the databases is one of its own.
    """
    for service in engines.SERVICES:
        scale(service, 2)
    for service in engines.SERVICES:
        await_pods(service)
    platform.play_story(Console())
    platform.run_helm(["test", platform.RELEASE, "--logs"])


def test_a_removed_release_leaves_its_data(deployed: Deployed) -> None:
    """The release goes with all its pods; the next one finds what was there, and serves."""
    count = "SELECT count(*) FROM documents"
    before = deployed.rows("intake", count)[0][0]
    platform.run_helm(["uninstall", platform.RELEASE, "--wait"])
    assert until(lambda: not any(map(pods, engines.SERVICES)), LOAD_SECONDS), "pods outlive their release"
    platform.upgrade(VALUES)
    platform.run_helm(["test", platform.RELEASE, "--logs"])
    assert deployed.rows("intake", count)[0][0] == before + 1


@pytest.mark.usefixtures("deployed")
def test_what_a_killed_run_left_goes() -> None:
    """A cluster whose first process was killed, or that lost its record, is taken down all the same."""
    found = node.process().process()
    assert found is not None
    found.send_signal(signal.SIGKILL)
    node.stop()
    assert not remains()


def idle(run: Run[Deployed]) -> list[str]:
    """Names the services whose next program has not written a row with the new column yet."""
    run.traffic.grant(1)
    statement = "SELECT count(*) FROM {} WHERE written_by = 'next'"
    found = {
        service: run.program.rows(service, statement.format(LARGEST[service]))[0][0] for service in engines.SERVICES
    }
    return [service for service, rows in found.items() if not rows]


def remains() -> list[str]:
    """Names what is left of a cluster on this machine: processes, mounts, interfaces, groups, rules, files."""
    marks = (layout.CGROUP.encode(), b"tools.cluster.init")
    looks: dict[str, Callable[[], bool]] = {
        "interface": lambda: Path("/sys/class/net", layout.LINK).exists(),
        "groups": lambda: any((layout.CGROUPS / name / layout.CGROUP).exists() for name in layout.CONTROLLERS),
        "files": layout.STATE.exists,
        "mounts": lambda: str(layout.STATE) in Path("/proc/self/mounts").read_text("ascii"),
        "rules": lambda: "KUBE" in node.run("iptables-save"),
        "processes": lambda: any(mark in _told(place) for place in Path("/proc").glob("[0-9]*") for mark in marks),
    }
    return [what for what, is_left in looks.items() if is_left()]


def _told(process: Path) -> bytes:
    """Gives the command line and the groups of a process, which name the cluster when it belongs to one."""
    try:
        return (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
    except OSError:
        # It ended meanwhile.
        return b""
