"""One server of an engine: a process of its own with a folder, a log, and a file that names its process id."""

import os
import random
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import psutil

PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to clients: such a port can connect to itself while the server is down."""

STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.02
_HALTED = frozenset("TtZX")
"""States of a thread in proc(5) that does nothing: halted, traced, ended."""

_TAIL_BYTES = 2000


class EngineError(Exception):
    """An engine cannot be set up, started or stopped; the text says which one, why, and what to do."""


class EngineServer(Protocol):
    """An engine on this machine."""

    name: str

    def start(self) -> None:
        """Starts it, or finds that it runs; returns when it answers.

        Raises:
            EngineError: It does not answer in time.
        """
        ...

    def stop(self) -> None:
        """Stops it as its operators would; kills it when that takes too long. Not running is no error."""
        ...

    def kill(self) -> None:
        """Kills it at once, as a power cut would."""
        ...

    def pause(self) -> None:
        """Halts its processes; connections stay open and nothing answers."""
        ...

    def resume(self) -> None:
        """Lets it go on after `pause`."""
        ...

    def provision(self, services: Sequence[str]) -> None:
        """Makes ready what the services need in it, such as a database; what is there stays."""
        ...

    def pids(self) -> Mapping[str, int | None]:
        """Gives the process id of each of its servers by name; None where one does not run."""
        ...

    def settings(self) -> Mapping[str, object]:
        """Gives the section of the configuration with which an administrator's program reaches it."""
        ...

    def settings_of(self, service: str) -> Mapping[str, object]:
        """Gives the section with which one service reaches it, with the rights of that service."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """What is run.

    Attributes:
        name: Of the server, for messages and for the names of its files.
        arguments: The program and its arguments.
        folder: Where its log and the file with its process id go; it exists.
        environment: Variables that are set besides those of this process.
        stop_signal: What asks it to stop.
    """

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """Its process id and when that process began, so that another one is never taken for it."""
        return self.folder / f"{self.name}.pid"


class ServerProcess:
    """Starts, finds and ends the process of a command. It outlives whoever started it, unless it is tied."""

    def __init__(self, command: Command, *, tied: bool) -> None:
        """Starts nothing yet.

        Args:
            command: What is run.
            tied: Whether the server is killed when the thread that started it ends, however it ends.
        """
        self._command = command
        self._tied = tied
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self._command.log

    def start(self, ready: Callable[[], bool], seconds: float) -> None:
        """Starts the server unless it runs; returns when `ready` says so.

        Raises:
            EngineError: It ended, or was not ready in time; the end of its log is in the text.
        """
        self.launch()
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process() is None:
                raise EngineError(f"{self._command.name} ended while it started:\n{self._tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise EngineError(f"{self._command.name} was not ready in {seconds:g} s:\n{self._tail()}")
            time.sleep(_LOOK_SECONDS)

    def launch(self) -> None:
        """Starts the server unless it runs, without waiting."""
        if self.process() is None:
            self._spawn()

    def process(self) -> psutil.Process | None:
        """Finds the process; None when it does not run."""
        try:
            pid, begun = self._command.pid_file.read_text("ascii").split()
            found = psutil.Process(int(pid))
            alive = _begun(found.pid) == begun and found.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, ProcessLookupError, ValueError, psutil.NoSuchProcess):
            return None
        return found if alive else None

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Asks the server to stop, and kills it when it has not after `seconds`."""
        found = self.process()
        if found is not None:
            _signalled(found, signal.SIGCONT)
            _signalled(found, self._command.stop_signal)
            self._wait(seconds)
        self.kill()

    def kill(self) -> None:
        """Kills the server and whatever it started."""
        found = self.process()
        if found is not None:
            for one in (found, *_family(found)):
                _signalled(one, signal.SIGKILL)
            self._wait(STOP_SECONDS)
        if self._child is not None:
            self._child.kill()
            self._child.wait(STOP_SECONDS)
            self._child = None
        self._command.pid_file.unlink(missing_ok=True)

    def signal_all(self, number: signal.Signals) -> None:
        """Sends a signal to the server and whatever it started."""
        found = self.process()
        if found is not None:
            for one in (found, *_family(found)):
                _signalled(one, number)

    def pause(self) -> None:
        """Halts the server and whatever it started; none of their threads runs any more when this returns."""
        self.signal_all(signal.SIGSTOP)
        found, deadline = self.process(), time.monotonic() + STOP_SECONDS
        while found is not None and any(map(_runs, (found, *_family(found)))) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def resume(self) -> None:
        """Lets all of them go on."""
        self.signal_all(signal.SIGCONT)

    def _spawn(self) -> None:
        command = self._command
        if self._child is not None:
            # It ended by itself, and nobody has taken notice yet.
            self._child.wait(STOP_SECONDS)
        arguments = ["setpriv", "--pdeathsig", "KILL", *command.arguments] if self._tied else command.arguments
        with command.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 -- our own command line
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **command.environment},
                cwd=command.folder,
                start_new_session=True,
            )
        command.pid_file.write_text(f"{self._child.pid} {_begun(self._child.pid)}", "ascii")

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.process() is not None and time.monotonic() < deadline:
            if self._child is not None and self._child.poll() is not None:
                break
            time.sleep(_LOOK_SECONDS)

    def _tail(self) -> str:
        if not self._command.log.exists():
            return "it printed nothing"
        return self._command.log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")


_given: Final = deque[int](maxlen=1000)
"""Ports that were given to this process last: whoever has one may not listen on it yet."""


def free_port() -> int:
    """Gives a port of loopback on which nobody listens now, and that was not given lately."""
    for port in random.SystemRandom().sample(PORTS, 200):
        if port in _given:
            continue
        with socket.socket() as probe:
            # Without this a port is taken for a minute after its last connection.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.append(port)
        return port
    raise EngineError(f"no port of 127.0.0.1 from {PORTS.start} to {PORTS.stop - 1} is free; stop what holds them")


def answers(port: int) -> bool:
    """Tells whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _begun(pid: int) -> str:
    """When a process began, in clock ticks of this boot: the time of day would move whenever the clock is set."""
    # The name of the program, in brackets, may hold blanks and brackets; the start is field 22 of proc(5).
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]


def _runs(process: psutil.Process) -> bool:
    """Tells whether a thread of a process is not halted yet: a signal is heard by one after the other."""
    try:
        threads = list(Path(f"/proc/{process.pid}/task").glob("*/stat"))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(_state(one) not in _HALTED for one in threads)


def _state(thread: Path) -> str:
    """Gives the letter of a thread's state; one that ended is dead."""
    try:
        return thread.read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signalled(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
