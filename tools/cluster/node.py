"""The node as the machine sees it: a process in namespaces of its own, a cable to it, groups of processes."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Final

from tools.cluster.layout import (
    CGROUP,
    CGROUPS,
    CONTROLLERS,
    HOST_ADDRESS,
    LINK,
    LOGS,
    MOVED,
    NODE_LINK,
    ROOT,
    STATE,
    ClusterError,
)

from lienthong.dev.servers import Command, ServerProcess

_UNSHARE: Final = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc")
_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1

_SYSCTLS: Final = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom")
"""What a kubelet sets, and which a namespace does not keep to itself."""

_BEFORE: Final = STATE / "sysctls"


@cache
def process() -> ServerProcess:
    """Gives the process that holds the node's namespaces, running or not."""
    environment = {"PYTHONPATH": f"{ROOT / 'services'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    arguments = (*_UNSHARE, sys.executable, "-m", "tools.cluster.init")
    return ServerProcess(Command("node", arguments, STATE, environment), tied=False)


def start() -> None:
    """Starts the node; its components start by themselves.

    Raises:
        ClusterError: It does not start.
    """
    LOGS.mkdir(parents=True)
    _make_groups()
    for place in MOVED.values():
        place.mkdir(exist_ok=True)
    _BEFORE.mkdir()
    for name in _SYSCTLS:
        shutil.copyfile(Path("/proc/sys", name), _BEFORE / name.replace("/", "."))
    node = process()
    node.launch()
    await_that(lambda: first_process() is not None, _START_SECONDS, f"the node does not start: see {node.log}")
    pid = str(first_process())
    run("ip", "link", "add", LINK, "type", "veth", "peer", "name", NODE_LINK, "netns", pid)
    run("ip", "address", "add", f"{HOST_ADDRESS}/30", "dev", LINK)
    run("ip", "link", "set", LINK, "up")


def stop() -> None:
    """Ends the node, and takes away what it left on the machine. Nothing there is no error.

    Raises:
        ClusterError: Something does not go.
    """
    node = process()
    if STATE.exists():
        node.kill()
    for group in _groups():
        _empty(group)
    if Path("/sys/class/net", LINK).exists():
        run("ip", "link", "delete", LINK)
    for group in _groups():
        await_that(partial(_removed, group), _END_SECONDS, f"processes are left in {group}: end them")
    for place in MOVED.values():
        # A kubelet or a network plugin of the machine's own would have something in it.
        with suppress(OSError):
            place.rmdir()
    for name in _SYSCTLS:
        before = _BEFORE / name.replace("/", ".")
        if before.exists():
            Path("/proc/sys", name).write_text(before.read_text("ascii"), "ascii")
    if STATE.exists():
        shutil.rmtree(STATE)


def inside(*command: str) -> list[str]:
    """Gives the command line that runs a command on the node.

    Raises:
        ClusterError: There is no node.
    """
    pid = first_process()
    if pid is None:
        raise ClusterError("there is no cluster; `make cluster` brings one up")
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", *command]


def first_process() -> int | None:
    """Gives process 1 of the node as the machine counts it; None when there is none in namespaces of its own."""
    found = process().process() if STATE.exists() else None
    if found is None:
        return None
    ours = Path("/proc/self/ns/net").readlink()
    return next((int(one.pid) for one in found.children() if Path(f"/proc/{one.pid}/ns/net").readlink() != ours), None)


def await_that(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Waits until something holds.

    Raises:
        ClusterError: It does not in time; `otherwise` is its text.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(f"{otherwise} (waited {seconds:g} s)")
        time.sleep(_LOOK_SECONDS)


def run(*command: str, seconds: float = 60.0, given: str | None = None) -> str:
    """Runs a command; gives what it prints.

    Raises:
        ClusterError: It failed.
    """
    done = subprocess.run(  # noqa: S603 -- our own command line
        command, input=given, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout


def _make_groups() -> None:
    """Makes the groups below which the kubelet makes those of pods."""
    if not (CGROUPS / "memory").is_dir():
        raise ClusterError(f"{CGROUPS} has no version 1 controllers; the cluster was made for these")
    for group in (CGROUPS / name / CGROUP for name in CONTROLLERS if (CGROUPS / name).is_dir()):
        group.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):
        # A new group has none, and nothing can run in it.
        (CGROUPS / "cpuset" / CGROUP / name).write_text((CGROUPS / "cpuset" / name).read_text("ascii"), "ascii")


def _groups() -> Sequence[Path]:
    return [group for name in CONTROLLERS if (group := CGROUPS / name / CGROUP).is_dir()]


def _empty(group: Path) -> None:
    """Ends the processes of a group: those of pods whose node was killed before them."""
    for file in group.rglob("cgroup.procs"):
        for pid in file.read_text("ascii").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue


def _removed(group: Path) -> bool:
    """Removes a group with those below it; tells whether it is gone."""
    for folder in sorted((path for path in (group, *group.rglob("*")) if path.is_dir()), reverse=True):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno not in (errno.EBUSY, errno.ENOENT):
                raise
    return not group.exists()
