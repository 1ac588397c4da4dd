"""One broker."""

import signal
from pathlib import Path
from typing import Final

from lienthong.dev.kafka.jars import java
from lienthong.dev.servers import Command, ServerProcess

_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 10.0
_STARTED: Final = b"Kafka Server started"


class KafkaNode:
    """A broker that can be started, stopped, killed and halted by itself."""

    def __init__(self, folder: Path, number: int, archive: Path, *, tied: bool, record: bool = False) -> None:
        """Starts nothing yet.

        Args:
            folder: The cluster's.
            number: Which one, from 1.
            archive: The archive of classes, or the list that is written.
            tied: See `ServerProcess`.
            record: Whether a list of its classes is written; else the archive is read.
        """
        self.name = f"kafka-{number}"
        self.folder = folder / self.name
        self.properties = self.folder / "server.properties"
        option = "DumpLoadedClassList" if record else "SharedArchiveFile"
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        arguments = [*java(f"-XX:{option}={archive}", "-Xlog:cds=off", "-Xlog:aot=off", logging)]
        self._command = Command(self.name, [*arguments, "kafka.Kafka", str(self.properties)], self.folder)
        self._process = ServerProcess(self._command, tied=tied)
        self._seen = 0

    @property
    def pid(self) -> int | None:
        """Its process; None when it does not run."""
        found = self._process.process()
        return found.pid if found else None

    def launch(self) -> None:
        """Starts it without waiting: brokers of a cluster wait for each other."""
        if self._process.process() is None:
            self._seen = self._command.log.stat().st_size if self._command.log.exists() else 0
            self._process.launch()

    def start(self) -> None:
        """Starts it, and waits until it serves.

        Raises:
            EngineError: It does not answer in time.
        """
        self.launch()
        self._process.start(self._serves, _START_SECONDS)

    def ask_to_stop(self) -> None:
        """Asks it to stop, without waiting."""
        self._process.resume()
        self._process.signal_all(signal.SIGTERM)

    def stop(self) -> None:
        """Stops it as its operators would; one that waits for brokers that are gone is killed."""
        self._process.stop(_STOP_SECONDS)

    def kill(self) -> None:
        """Kills it at once."""
        self._process.kill()

    def pause(self) -> None:
        """Halts it; connections stay open."""
        self._process.pause()

    def resume(self) -> None:
        """Lets it go on."""
        self._process.resume()

    def _serves(self) -> bool:
        with self._command.log.open("rb") as log:
            log.seek(self._seen)
            return _STARTED in log.read()
