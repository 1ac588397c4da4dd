"""The platform of the demo: a real process on a throw-away data folder, with sinks for mail and webhooks."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.client import Axis, AxisCallError, connect, load_context
from lienthong.demo.timeline import StoryError
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.sinks import HttpSink, SmtpSink

READY_SECONDS = 60.0
STOP_SECONDS = 40.0


class DemoPlatform:
    """Starts `lienthong run` and stops it; leaves it up when asked to."""

    def __init__(
        self,
        folder: Path,
        authority: DemoAuthority,
        mail: SmtpSink,
        hooks: Sequence[HttpSink],
        *,
        keep: bool,
        metrics: int = 0,
    ) -> None:
        """Prepares the data folder.

        Args:
            folder: Data folder.
            authority: Whose signatures the platform trusts.
            mail: Where its mail goes.
            hooks: The private addresses that webhooks may reach.
            keep: Leave the process up at the end.
            metrics: Port of the metrics; 0 takes any.
        """
        self.folder = folder
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "lienthong.log"
        folder.mkdir(parents=True, exist_ok=True)
        _write_trust(folder / "trust", authority)
        self._config = folder / "config.yaml"
        self._config.write_text(yaml.safe_dump(_config(folder, mail, hooks, metrics)), "utf-8")

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.folder / "contexts"

    def speak(self, name: str, person: str = "") -> Axis:
        """Opens a session as a context."""
        context = load_context(self.contexts / f"{name}.yaml")
        return connect(replace(context, person=person))

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


def _config(folder: Path, mail: SmtpSink, hooks: Sequence[HttpSink], metrics: int) -> dict[str, object]:
    return {
        "data_dir": str(folder),
        "server": {"listen": "127.0.0.1:0", "metrics": f"127.0.0.1:{metrics}"},
        "signing": {"trust_dir": str(folder / "trust")},
        "notification": {
            "smtp_host": "127.0.0.1",
            "smtp_port": mail.port,
            # The sink is a toy on loopback; a real mail server gets STARTTLS.
            "smtp_security": "none",
            "smtp_sender": "truc@lienthong.example.vn",
            "webhook_allow": [f"127.0.0.1:{hook.port}" for hook in hooks],
            "retry_delays_seconds": [0.3, 0.6, 1.2],
        },
    }


def _write_trust(folder: Path, authority: DemoAuthority) -> None:
    for name in ("anchors", "intermediates", "crls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "anchors" / "root.pem").write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))
    (folder / "intermediates" / "ca.pem").write_bytes(authority.intermediate.certificate.public_bytes(Encoding.PEM))
    for number, crl in enumerate(authority.revocation_lists(authority.now)):
        (folder / "crls" / f"{number}.crl").write_bytes(crl)
