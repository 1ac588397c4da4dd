"""The platform of the demo: a real process on a throw-away data folder, or one that runs already."""

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import yaml

from lienthong.client import Axis, AxisCallError, connect, load_context
from lienthong.demo.props import Props
from lienthong.demo.timeline import StoryError

READY_SECONDS = 60.0
STOP_SECONDS = 40.0


class Reachable(Protocol):
    """A platform on which the story can be played."""

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        ...

    def speak(self, name: str, person: str = "") -> Axis:
        """Opens a session as a context."""
        ...


@dataclass(frozen=True, slots=True)
class OtherPlatform:
    """A platform that runs already.

    Attributes:
        contexts: Folder of its contexts.
    """

    contexts: Path

    def speak(self, name: str, person: str = "") -> Axis:
        """Opens a session as a context."""
        return connect(replace(load_context(self.contexts / f"{name}.yaml"), person=person))


class DemoPlatform:
    """Starts `lienthong run` and stops it; leaves it up when asked to."""

    def __init__(self, folder: Path, props: Props, *, keep: bool, metrics: int = 0) -> None:
        """Prepares the data folder.

        Args:
            folder: Data folder.
            props: What the platform must know of the story.
            keep: Leave the process up at the end.
            metrics: Port of the metrics; 0 takes any.
        """
        self.folder = folder
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "lienthong.log"
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "config.yaml"
        server = {"listen": "127.0.0.1:0", "metrics": f"127.0.0.1:{metrics}"}
        values = {"data_dir": str(folder), "server": server, **props.config()}
        self._config.write_text(yaml.safe_dump(values), "utf-8")

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.folder / "contexts"

    def speak(self, name: str, person: str = "") -> Axis:
        """Opens a session as a context."""
        return OtherPlatform(self.contexts).speak(name, person)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "lienthong", "run", "--config", str(self._config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 -- our own program
        self._wait_until_ready(self._process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or (self._keep and kind is None):
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Identifier of the process; 0 when it does not run."""
        return self._process.pid if self._process else 0

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                tail = self._log.read_text("utf-8", "replace")[-2000:]
                raise StoryError(f"the platform did not start (exit code {process.returncode}):\n{tail}")
            if self._serving():
                return
            time.sleep(0.05)
        raise StoryError(f"the platform was not ready within {READY_SECONDS:.0f} s; see {self._log}")

    def _serving(self) -> bool:
        if not (self.contexts / "operator.yaml").is_file():
            return False
        with self.speak("operator") as axis:
            try:
                return axis.serving(timeout=2.0)
            except AxisCallError:
                return False
