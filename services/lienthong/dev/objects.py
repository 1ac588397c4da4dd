"""The object store of developers and tests: S3Proxy, an S3 server that keeps objects as files."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.errors import AxisError
from lienthong.dev.credentials import Credentials
from lienthong.dev.jars import jars, java
from lienthong.dev.servers import Command, ServerProcess, answers, free_port

BUCKET = "lienthong"
START_SECONDS = 60.0
_PATIENT = {"retries": 0, "connect_seconds": 30.0, "request_seconds": 30.0}
"""The first handshake of a server that has just started takes its time."""
_JARS = Path(__file__).with_name("s3proxy.jars")
# Both compilers: with the quick one alone, TLS and all of a document cost three times as much of the processor.
_JAVA_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC")
_LOG = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
"""


class ObjectServer:
    """An S3 server on loopback. See `EngineServer`."""

    name = "objects"

    def __init__(self, folder: Path, *, tied: bool, secure: bool = False) -> None:
        """Starts nothing yet; the folder is made, with a key of its own and a bucket.

        Args:
            folder: Where its objects, secrets, log and port are kept.
            tied: Whether it is killed when the thread that started it ends.
            secure: Whether it is reached over TLS.
        """
        (folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        self._folder = folder.absolute()
        self._tied = tied
        self._credentials = Credentials(self._folder / "credentials") if secure else None
        if self._credentials and not self._credentials.folder.exists():
            self._credentials.make((self.name,))
        self._id = _kept(self._file("access-key-id"), f"axis-{secrets.token_hex(4)}")
        self._secret = _kept(self._file("secret-access-key"), secrets.token_urlsafe(30))
        self.port = int(_kept(self._file("port"), str(free_port())))
        self._process = ServerProcess(Command(self.name, (), self._folder), tied=tied)

    def start(self) -> None:
        """Starts it. See `EngineServer.start`."""
        if self._process.process() is None:
            self._process = ServerProcess(self._command(), tied=self._tied)
        self._process.start(self._ready, START_SECONDS)

    def stop(self) -> None:
        """Stops it. See `EngineServer.stop`."""
        self._process.stop()

    def kill(self) -> None:
        """Kills it. See `EngineServer.kill`."""
        self._process.kill()

    def pause(self) -> None:
        """Halts it. See `EngineServer.pause`."""
        self._process.pause()

    def resume(self) -> None:
        """Lets it go on. See `EngineServer.resume`."""
        self._process.resume()

    def provision(self, services: Sequence[str]) -> None:
        """Does nothing: the bucket is there with the server. See `EngineServer.provision`."""

    def pids(self) -> Mapping[str, int | None]:
        """Gives its process. See `EngineServer.pids`."""
        found = self._process.process()
        return {self.name: found.pid if found else None}

    def settings_of(self, service: str) -> Mapping[str, object]:  # noqa: ARG002 -- all services share the bucket
        """Gives the section for a service. See `EngineServer.settings_of`."""
        return self.settings()

    def settings(self) -> Mapping[str, object]:
        """Gives the section `engines.objects`. See `EngineServer.settings`."""
        return {
            "url": f"s3://{BUCKET}/axis",
            "endpoint": f"{'https' if self._credentials else 'http'}://127.0.0.1:{self.port}",
            "access_key_id_file": str(self._file("access-key-id")),
            "secret_access_key_file": str(self._file("secret-access-key")),
            **({"ca_file": str(self._credentials.authority)} if self._credentials else {}),
        }

    def _file(self, name: str) -> Path:
        return self._folder / name

    def _ready(self) -> bool:
        # Another program may have the port by now: it does not know the secret.
        if not answers(self.port):
            return False
        try:
            Bucket(ObjectsSection.model_validate({**self.settings(), **_PATIENT})).get("ready")
        except AxisError:
            return False
        return True

    def _command(self) -> Command:
        properties, log = self._file("s3proxy.properties"), self._file("logback.xml")
        written = "".join(f"{name}={value}\n" for name, value in self._properties().items())
        properties.touch(0o600)
        properties.write_text(written, "utf-8")
        log.write_text(_LOG, "ascii")
        arguments = (
            str(java()),
            *_JAVA_OPTIONS,
            f"-Dlogback.configurationFile={log}",
            "-cp",
            f"{jars(_JARS)}/*",
            "org.gaul.s3proxy.Main",
            "--properties",
            str(properties),
        )
        return Command(self.name, arguments, self._folder)

    def _properties(self) -> Mapping[str, object]:
        door, secure = "s3proxy.endpoint", {}
        if self._credentials is not None:
            door = "s3proxy.secure-endpoint"
            secure["s3proxy.keystore-path"] = str(self._credentials.keystore(self.name))
            secure["s3proxy.keystore-password"] = self._credentials.password(self.name).read_text("ascii")
        return {
            door: self.settings()["endpoint"],
            "s3proxy.authorization": "aws-v4",
            "s3proxy.identity": self._id,
            "s3proxy.credential": self._secret,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.identity": "none",
            "jclouds.credential": "none",
            "jclouds.filesystem.basedir": self._file("data"),
            **secure,
        }


def _kept(file: Path, new: str) -> str:
    """Gives what a file holds, and writes it first when there is none; only its owner reads it."""
    if not file.exists():
        file.touch(0o600)
        file.write_text(new, "ascii")
    return file.read_text("ascii")
