"""What a broker's configuration says: small, quick to come back, nothing created by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ADMIN: Final = "admin"
BROKER: Final = "broker"

_COMMON: Final = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # By default a member that was killed keeps its partitions for 45 s, and hears of others after 5 s only.
    "group.consumer.session.timeout.ms": "10000",
    "group.consumer.min.session.timeout.ms": "6000",
    "group.consumer.heartbeat.interval.ms": "500",
    "group.consumer.min.heartbeat.interval.ms": "500",
    # A broker that was killed is known to be away, and let in again, within these.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.recovery.threads.per.data.dir": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.cleaner.backoff.ms": "200",
    "log.segment.delete.delay.ms": "1000",
}
_SECURE: Final = {
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "ssl.client.auth": "required",
    "listener.name.sasl_ssl.ssl.client.auth": "none",
    "ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": f"User:{ADMIN};User:{BROKER}",
}
LOGGING: Final = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one broker listens.

    Attributes:
        clients: By kind of listener, `PLAINTEXT` or `SSL` and `SASL_SSL`.
        controller: For the other brokers.
    """

    clients: Mapping[str, int]
    controller: int


def properties(number: int, ports: Sequence[Ports], folder: Path, keys: tuple[Path, Path] | None) -> str:
    """Writes the configuration of one broker.

    Args:
        number: Which one, from 0.
        ports: Of all brokers.
        folder: Where its data go.
        keys: Files with the broker's key and certificate, and with the authority; None for a broker without TLS.
    """
    mine, copies = ports[number], str(len(ports))
    between = "SSL" if keys else "PLAINTEXT"
    kinds = {**{kind: kind for kind in mine.clients}, "CONTROLLER": between}
    listeners = {**mine.clients, "CONTROLLER": mine.controller}
    values = {
        **_COMMON,
        "node.id": str(number + 1),
        "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{one.controller}" for n, one in enumerate(ports, 1)),
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(mine.clients),
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in kinds.items()),
        "inter.broker.listener.name": between,
        "log.dirs": str(folder / "data"),
        "default.replication.factor": copies,
        "min.insync.replicas": "2" if len(ports) > 1 else "1",
    }
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        values[f"{topic}.replication.factor"] = copies
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        values[f"{topic}.min.isr"] = values["min.insync.replicas"]
    if keys:
        values |= {**_SECURE, "ssl.keystore.location": str(keys[0]), "ssl.truststore.location": str(keys[1])}
    return "".join(f"{key}={value}\n" for key, value in values.items())


def _addresses(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
