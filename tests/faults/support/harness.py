"""The real program as a process of its own: started, killed at a place or at any time, started again on its data."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from lienthong.client import Axis, connect, load_context

ROOT = Path(__file__).resolve().parents[3]
READY_SECONDS = 90.0
STOP_SECONDS = 60.0
PAUSE_SECONDS = 0.02
"""Between two looks at a condition."""

_PROGRAM = ("-m", "lienthong")
_DEFECTIVE = (
    "import sys; from tests.faults.support.defects import install; install(sys.argv.pop(1)); "
    "from lienthong.cli import main; main()"
)


class NotReadyError(AssertionError):
    """The program did not become ready; the message has the end of its log."""


class NotDeadError(AssertionError):
    """The program lives, where it had to die."""


class Program:
    """`lienthong run` on one data folder; the first start takes a free port, later ones keep it."""

    def __init__(
        self,
        folder: Path,
        defect: str = "",
        disk_bytes: int = 0,
        settings: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Prepares, starts nothing.

        Args:
            folder: Where configuration, log and data go.
            defect: Name of a seeded defect, see `defects`; empty for the program as it is.
            disk_bytes: Puts the data on a disk of this size that ends with the process; 0 uses the folder.
            settings: Sections of the configuration that every start has.
        """
        self.folder = folder
        self.up = threading.Event()
        self.starts: list[float] = []
        self._defect = defect
        self._disk_bytes = disk_bytes
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def data(self) -> Path:
        """The data folder, as this process sees it."""
        place = self.folder / "data"
        if not self._disk_bytes:
            return place
        return Path(f"/proc/{self.process.pid}/root{place}")

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.data / "contexts"

    @property
    def log(self) -> Path:
        """What the program wrote to its standard outputs, over all starts."""
        return self.folder / "program.log"

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The running process.

        Raises:
            AssertionError: It was never started.
        """
        assert self._process is not None, "the program was not started"
        return self._process

    def speak(self, name: str) -> Axis:
        """Opens a session as a context, on the port that the program keeps."""
        context = load_context(self.contexts / f"{name}.yaml")
        return connect(
            replace(
                context,
                address=f"127.0.0.1:{self._port}" if self._port else context.address,
                authority=self._seen(context.authority),
                certificate=self._seen(context.certificate),
                key=self._seen(context.key),
            )
        )

    def launch(self, failpoint: str = "", countdown: int = 1, **sections: Mapping[str, object]) -> None:
        """Starts the program and does not wait; armed with a fail point when one is named."""
        config = self._write_config(failpoint, countdown, sections)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program
                [*self._command(), "run", "--config", str(config)],
                stdout=log,
                stderr=log,
                env=os.environ | {"LIENTHONG_TEST": "1", "PYTHONPATH": f"{ROOT / 'services'}:{ROOT}"},
                cwd=ROOT,
            )
        self._launched = time.monotonic()

    def ready(self) -> bool:
        """Waits for the health call to say SERVING; False when the process was killed before that.

        Raises:
            NotReadyError: It ended by itself, or the deadline passed.
        """
        end = self._launched + READY_SECONDS
        while time.monotonic() < end:
            code = self.process.poll()
            if code == -signal.SIGKILL:
                return False
            if code is not None:
                raise NotReadyError(f"exit code {code}\n{self.tail()}")
            if self._serving():
                self.starts.append(time.monotonic() - self._launched)
                self.up.set()
                return True
            time.sleep(PAUSE_SECONDS)
        raise NotReadyError(f"not ready within {READY_SECONDS:.0f} s\n{self.tail()}")

    def start(self, failpoint: str = "", countdown: int = 1, **sections: Mapping[str, object]) -> bool:
        """Starts the program and waits until it is ready; False when it died by its fail point before."""
        self.launch(failpoint, countdown, **sections)
        return self.ready()

    def dies_within(self, seconds: float) -> bool:
        """Waits for the process to kill itself; False when it lives on.

        Raises:
            NotReadyError: It ended in another way.
        """
        try:
            code = self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        self.up.clear()
        if code != -signal.SIGKILL:
            raise NotReadyError(f"exit code {code} instead of death by SIGKILL\n{self.tail()}")
        return True

    def kill(self) -> None:
        """Kills the process, whatever it is doing."""
        self.up.clear()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> tuple[int, float]:
        """Asks the process to end; gives its exit code and how many seconds that took."""
        self.up.clear()
        return self.terminate()

    def terminate(self) -> tuple[int, float]:
        """Ends the process while clients go on calling; gives its exit code and how many seconds that took."""
        begun = time.monotonic()
        self.process.terminate()
        code = self.process.wait(STOP_SECONDS)
        self.up.clear()
        return code, time.monotonic() - begun

    def close(self) -> None:
        """Leaves nothing running."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of a service's database."""
        return self._select(f"databases/{service}.db", statement)

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads topic, aggregate and version of all records of the event log, in the order of each partition."""
        found = "SELECT topic, headers FROM records ORDER BY topic, partition, offset"
        for topic, headers in self._select("log/records.db", found):
            heads = json.loads(headers)
            yield topic, heads["ce_subject"], int(heads["ce_sequence"])

    def _select(self, file: str, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.data / file}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def tail(self) -> str:
        """Gives the end of the log."""
        return self.log.read_text("utf-8", "replace")[-4000:]

    def alarms(self) -> list[str]:
        """Gives what the program logged as an error or worse, over all starts."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if line.startswith("Exception in thread") or is_alarm(line)]

    def _seen(self, file: Path | None) -> Path | None:
        place = self.folder / "data"
        return self.data / file.relative_to(place) if file and file.is_relative_to(place) else file

    def _command(self) -> tuple[str, ...]:
        program = (sys.executable, *(("-c", _DEFECTIVE, self._defect) if self._defect else _PROGRAM))
        if not self._disk_bytes:
            return program
        place = self.folder / "data"
        place.mkdir(exist_ok=True)
        mounted = f'mount -t tmpfs -o size={self._disk_bytes} tmpfs "{place}" && exec "$@"'
        return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh", *program)

    def _serving(self) -> bool:
        context = self.contexts / "operator.yaml"
        if not context.is_file():
            return False
        try:
            with self.speak("operator") as axis:
                stub: Any = health_pb2_grpc.HealthStub(axis.channel("intake"))
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=2.0)
        except (grpc.RpcError, OSError):
            return False
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            return False
        self._port = int(load_context(context).address.rpartition(":")[2])
        return True

    def _write_config(self, failpoint: str, countdown: int, sections: Mapping[str, Mapping[str, object]]) -> Path:
        config: dict[str, dict[str, object] | str] = {
            "data_dir": str(self.folder / "data"),
            "server": {"listen": f"127.0.0.1:{self._port}", "metrics": ""},
            "log": {"level": "WARNING"},
            # Short waits: a run that is killed every few seconds must not spend its time in leases of the dead.
            "signing": {"trust_dir": str(self.folder / "trust"), "lease_seconds": 2.0},
            "routing": {"held_seconds": 4.0, "lease_seconds_at_least": 0.05, "lease_attempts": 50},
            "test": {"failpoint": failpoint, "countdown": countdown},
        }
        for name, values in (*self._settings.items(), *sections.items()):
            known = config.setdefault(name, {})
            assert isinstance(known, dict)
            known.update(values)
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump(config), "utf-8")
        return file


def is_alarm(line: str) -> bool:
    """Tells whether a line of the log is an error or worse."""
    # A process that was killed may have left half a line, and the next one goes on in it.
    return any(f'"level": "{level}"' in line for level in ("error", "critical")) and line.startswith("{")
