"""`python -m tools.cluster.init`: process 1 of the node. It lays out the node, and starts again what ends.

It runs in namespaces of its own for mounts, network and processes: whatever it makes ends with it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final

from tools.cluster.components import Component, components
from tools.cluster.layout import HOST_ADDRESS, LOGS, MOVED, NODE_ADDRESS, NODE_LINK, STATE

_PAUSE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.1
_CABLE_SECONDS: Final = 30.0


class Supervisor:
    """Keeps components running."""

    def __init__(self) -> None:
        """Starts nothing yet."""
        self._waiting = {component.name: (component, 0.0) for component in components()}
        self._running: dict[int, Component] = {}

    def look(self) -> None:
        """Starts what waits for its time, and takes in what has ended."""
        now = time.monotonic()
        for name, (component, not_before) in list(self._waiting.items()):
            if now >= not_before and (component.after is None or component.after.exists()):
                del self._waiting[name]
                self._running[_spawn(component)] = component
        while ended := _ended():
            pid, status = ended
            if pid in self._running:
                component = self._running.pop(pid)
                _note(f"{component.name} ended with {os.waitstatus_to_exitcode(status)}")
                self._waiting[component.name] = (component, time.monotonic() + _PAUSE_SECONDS)


def prepare() -> None:
    """Lays out mounts and network."""
    _run("mount", "--make-rprivate", "/")
    # Mounts of pods must be seen by all programs of the node.
    _run("mount", "--make-rshared", "/")
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for name, place in MOVED.items():
        folder = STATE / "var" / name
        folder.mkdir(parents=True)
        _run("mount", "--bind", str(folder), str(place))
    _run("ip", "link", "set", "lo", "up")
    _await_cable()
    _run("ip", "address", "add", f"{NODE_ADDRESS}/30", "dev", NODE_LINK)
    _run("ip", "link", "set", NODE_LINK, "up")
    _run("ip", "route", "add", "default", "via", HOST_ADDRESS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", "ascii")
    Path("/proc/sys/net/bridge/bridge-nf-call-iptables").write_text("1", "ascii")


def main() -> None:
    """Runs the node until it is killed."""

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    prepare()
    supervisor = Supervisor()
    while True:
        supervisor.look()
        time.sleep(_LOOK_SECONDS)


def _await_cable() -> None:
    deadline = time.monotonic() + _CABLE_SECONDS
    while not Path("/proc/sys/net/ipv4/conf", NODE_LINK).exists():
        if time.monotonic() > deadline:
            sys.exit(f"{NODE_LINK} was not put into the node within {_CABLE_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)


def _spawn(component: Component) -> int:
    """Starts a component; gives its process id."""
    with (LOGS / f"{component.name}.log").open("ab") as log:
        # Process 1 waits for whatever ends, its own children among it: nobody else may.
        return os.posix_spawnp(
            component.arguments[0],
            component.arguments,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, log.fileno(), 1), (os.POSIX_SPAWN_DUP2, log.fileno(), 2)],
            setsid=False,
        )


def _ended() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _note(text: str) -> None:
    with (LOGS / "node.log").open("a", encoding="utf-8") as log:
        log.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 -- our own command line


if __name__ == "__main__":
    main()
