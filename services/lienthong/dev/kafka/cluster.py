"""One broker or three on loopback; plain, or with TLS, SCRAM and rights."""

import base64
import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.kafka.topics import apply
from lienthong.chassis.topics import PUBLISHED, TOPICS
from lienthong.dev.credentials import Credentials
from lienthong.dev.kafka.grants import grant
from lienthong.dev.kafka.jars import dump_archive, fetch_archive, format_folder
from lienthong.dev.kafka.node import KafkaNode
from lienthong.dev.kafka.properties import ADMIN, BROKER, LOGGING, Ports, properties
from lienthong.dev.servers import EngineError, free_port

_PLAN: Final = "cluster.json"


class KafkaCluster:
    """Brokers in a folder. See `EngineServer`; `nodes` are the single brokers."""

    name = "kafka"

    def __init__(self, folder: Path, *, brokers: int = 1, secure: bool = False, tied: bool = True) -> None:
        """Makes the brokers' folders, or finds those that an earlier one made; starts nothing.

        Args:
            folder: Where everything stands; it exists.
            brokers: One, or three with three copies of everything of which two must be written.
            secure: Whether clients need a certificate, or a password, and rights.
            tied: See `ServerProcess`.

        Raises:
            EngineError: The packages cannot be fetched, or a folder cannot be made.
        """
        self.credentials = Credentials(folder / "credentials") if secure else None
        self._folder = folder
        self._ports = self._planned(brokers)
        archive = fetch_archive(_record)
        self.nodes = tuple(KafkaNode(folder, number, archive, tied=tied) for number in range(1, brokers + 1))
        keys = self._keys()
        for number, node in enumerate(self.nodes):
            node.folder.mkdir(exist_ok=True)
            (node.folder / "log4j2.properties").write_text(LOGGING, "ascii")
            # Written each time: an earlier version of this program may have made the folder.
            node.properties.write_text(properties(number, self._ports, node.folder, keys), "ascii")
        if not (folder / "formatted").exists():
            self._format()

    def start(self) -> None:
        """Starts all brokers. See `EngineServer.start`."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.start()
        if self.credentials and not (self._folder / "granted").exists():
            grant(KafkaSection.model_validate(self.settings()))
            (self._folder / "granted").touch()

    def stop(self) -> None:
        """Stops all brokers. See `EngineServer.stop`."""
        for node in self.nodes:
            node.ask_to_stop()
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        """Kills all brokers. See `EngineServer.kill`."""
        for node in self.nodes:
            node.kill()

    def pause(self) -> None:
        """Halts all brokers. See `EngineServer.pause`."""
        for node in self.nodes:
            node.pause()

    def resume(self) -> None:
        """Lets all brokers go on. See `EngineServer.resume`."""
        for node in self.nodes:
            node.resume()

    def provision(self, services: Sequence[str]) -> None:  # noqa: ARG002 -- all services share the topics
        """Makes the topics."""
        apply(KafkaSection.model_validate(self.settings()), TOPICS)

    def pids(self) -> Mapping[str, int | None]:
        """Gives the process of each broker. See `EngineServer.pids`."""
        return {node.name: node.pid for node in self.nodes}

    def settings(self) -> Mapping[str, object]:
        """Gives the section `engines.kafka` of the configuration, with all rights. See `EngineServer.settings`."""
        return self.settings_of(ADMIN)

    def settings_of(self, who: str, *, scram: bool = False) -> Mapping[str, object]:
        """Gives the section for one service; a cluster that is not secure knows no names.

        Args:
            who: Name of the service.
            scram: Whether it shows a password instead of a certificate.
        """
        kind = "PLAINTEXT" if not self.credentials else "SASL_SSL" if scram else "SSL"
        section: dict[str, object] = {
            "servers": [f"127.0.0.1:{ports.clients[kind]}" for ports in self._ports],
            "security": {"PLAINTEXT": "plaintext", "SASL_SSL": "scram", "SSL": "tls"}[kind],
            "replication_factor": len(self.nodes),
            "min_insync_replicas": 2 if len(self.nodes) > 1 else 1,
            "group_protocol": "consumer",
        }
        files = self.credentials
        if files is None:
            return section
        section["ca_file"] = str(files.authority)
        if scram:
            return {**section, "username": who, "password_file": str(files.password(who))}
        return {**section, "certificate_file": str(files.certificate(who)), "key_file": str(files.key(who))}

    def _planned(self, brokers: int) -> tuple[Ports, ...]:
        plan = self._folder / _PLAN
        if not plan.exists():
            kinds = ("SSL", "SASL_SSL") if self.credentials else ("PLAINTEXT",)
            made = [Ports({kind: free_port() for kind in kinds}, free_port()) for _ in range(brokers)]
            plan.write_text(json.dumps([asdict(one) for one in made]), "ascii")
        ports = tuple(Ports(**one) for one in json.loads(plan.read_text("ascii")))
        if len(ports) != brokers or ("PLAINTEXT" in ports[0].clients) != (self.credentials is None):
            raise EngineError(f"{self._folder} holds another kind of Kafka cluster; use an empty folder")
        return ports

    def _keys(self) -> tuple[Path, Path] | None:
        files = self.credentials
        if files is None:
            return None
        if not (self._folder / "formatted").exists():
            files.make((BROKER, ADMIN, *PUBLISHED))
        return files.store(BROKER), files.authority

    def _format(self) -> None:
        files, users, cluster = self.credentials, {}, _new_id()
        if files:
            users = {name: files.password(name).read_text("ascii") for name in (ADMIN, *PUBLISHED)}
        for node in self.nodes:
            format_folder(node.properties, cluster, users)
        (self._folder / "formatted").touch()


def _record(archive: Path) -> None:
    """Runs a broker once, and archives the classes that it loaded."""
    folder = archive.parent / "broker"
    folder.mkdir()
    classes = folder / "classes.list"
    node = KafkaNode(folder, 1, classes, tied=True, record=True)
    node.folder.mkdir()
    (node.folder / "log4j2.properties").write_text(LOGGING, "ascii")
    ports = (Ports({"PLAINTEXT": free_port()}, free_port()),)
    node.properties.write_text(properties(0, ports, node.folder, None), "ascii")
    format_folder(node.properties, _new_id(), {})
    node.start()
    node.stop()
    dump_archive(classes, archive)
    shutil.rmtree(folder)


def _new_id() -> str:
    """Makes the identifier of a cluster; the program that formats takes one that begins with "-" for an option."""
    while (new := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return new
