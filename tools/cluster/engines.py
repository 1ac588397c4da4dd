"""Engines on the cluster: their secrets, their pods, and what services need in them."""

import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
import yaml
from tools.cluster import cluster, images
from tools.cluster.layout import INSTALLATION, LOCAL, NODE_ADDRESS, VOLUMES, filled
from tools.image.python import USER

from lienthong.app import MODULES
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.postgres.provision import Passwords, make_database, make_roles
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.topics import TOPICS
from lienthong.dev.credentials import Credentials
from lienthong.dev.kafka.grants import grant

SERVICES: Final = tuple(module.name for module in MODULES)
ENGINES: Final = ("kafka", "postgres", "objects")
NAMESPACE: Final = "engines"
BUCKET: Final = "lienthong"

_KAFKA_PORT: Final = 30094
_POSTGRES_PORT: Final = 30432
_NAMES: Final = tuple(f"{engine}.{NAMESPACE}.svc.cluster.local" for engine in (*ENGINES, "kafka-0.kafka"))
_CREDENTIALS: Final = Credentials(INSTALLATION / "engines", (*_NAMES, "localhost", "127.0.0.1", NODE_ADDRESS))
_KEPT: Final = INSTALLATION / "passwords"
_SUPERUSER: Final = "postgres"


def start(tell: Callable[[str], None]) -> None:
    """Starts all engines; what they keep lies in folders of the machine.

    Raises:
        ClusterError: One does not start in time.
    """
    _CREDENTIALS.make(("broker", "admin", "postgres", "objects", *SERVICES))
    _KEPT.mkdir(mode=0o700)
    (VOLUMES / "objects" / BUCKET).mkdir(parents=True)
    cluster.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}))
    for engine, files in _secrets().items():
        cluster.apply(secret(NAMESPACE, engine, files))
    for engine in ENGINES:
        folder = VOLUMES / engine
        folder.mkdir(exist_ok=True)
        for place in (folder, *folder.iterdir()):
            os.chown(place, USER, USER)
        cluster.apply(filled(LOCAL / "engines/volumes.yaml", ENGINE=engine))
        cluster.apply(filled(LOCAL / "engines" / f"{engine}.yaml", ENGINES=images.ENGINES))
    for engine in ENGINES:
        cluster.await_rollout(NAMESPACE, f"statefulset/{engine}")
        tell(f"{engine} runs")


def provision() -> None:
    """Makes database, roles, topics and rights; what is there stays."""
    section = PostgresSection(
        servers=(f"{NODE_ADDRESS}:{_POSTGRES_PORT}",), tls="verify", ca_file=_CREDENTIALS.authority, connections=2
    )
    with administer() as administrator:
        make_database(administrator, section)
    with administer(section.database) as administrator:
        for service in SERVICES:
            make_roles(administrator, section, service, Passwords(kept(service), kept(f"{service}.owner")))
    log = kafka()
    topics.apply(log, TOPICS)
    grant(log)


def kafka() -> KafkaSection:
    """Tells how an administrator on this machine reaches the event log."""
    return KafkaSection(
        servers=(f"{NODE_ADDRESS}:{_KAFKA_PORT}",),
        security="tls",
        ca_file=_CREDENTIALS.authority,
        certificate_file=_CREDENTIALS.certificate("admin"),
        key_file=_CREDENTIALS.key("admin"),
        replication_factor=1,
        min_insync_replicas=1,
    )


def administer(database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
    """Connects to a database as the superuser, with autocommit."""
    return psycopg.connect(
        host=NODE_ADDRESS,
        port=_POSTGRES_PORT,
        user=_SUPERUSER,
        password=_CREDENTIALS.password("postgres").read_text("ascii"),
        dbname=database,
        sslmode="verify-full",
        sslrootcert=str(_CREDENTIALS.authority),
        connect_timeout=10,
        autocommit=True,
    )


def client_secrets() -> Mapping[str, Mapping[str, bytes]]:
    """Gives the secrets with which services reach the engines, by name, as the chart names them."""
    found: dict[str, dict[str, bytes]] = {
        "lienthong-engines-ca": {"ca.crt": _CREDENTIALS.authority.read_bytes()},
        "lienthong-postgres": {service: kept(service).encode() for service in SERVICES},
        "lienthong-postgres-owner": {service: kept(f"{service}.owner").encode() for service in SERVICES},
        "lienthong-objects": {
            "access-key-id": kept("access-key-id").encode(),
            "secret-access-key": kept("secret-access-key").encode(),
        },
    }
    for service in SERVICES:
        found[f"lienthong-kafka-{service}"] = {
            "user.crt": _CREDENTIALS.certificate(service).read_bytes(),
            "user.key": _CREDENTIALS.key(service).read_bytes(),
        }
    return found


def secret(namespace: str, name: str, files: Mapping[str, bytes]) -> str:
    """Writes the manifest of a secret."""
    data = {key: b64encode(content).decode() for key, content in files.items()}
    metadata = {"name": name, "namespace": namespace}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def kept(name: str) -> str:
    """Gives a password; makes it the first time."""
    file = _KEPT / name
    if not file.exists():
        file.touch(0o600)
        file.write_text(secrets.token_urlsafe(24), "ascii")
    return file.read_text("ascii")


def _secrets() -> Mapping[str, Mapping[str, bytes]]:
    files = _CREDENTIALS
    properties = {
        "s3proxy.secure-endpoint": "https://0.0.0.0:9000",
        "s3proxy.keystore-path": "/secrets/objects.p12",
        "s3proxy.keystore-password": files.password("objects").read_text("ascii"),
        "s3proxy.authorization": "aws-v4",
        "s3proxy.identity": kept("access-key-id"),
        "s3proxy.credential": kept("secret-access-key"),
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": "none",
        "jclouds.credential": "none",
        "jclouds.filesystem.basedir": "/data",
    }
    named: dict[str, tuple[Path, ...]] = {
        "kafka": (files.store("broker"), files.authority),
        "postgres": (files.key("postgres"), files.certificate("postgres"), files.password("postgres")),
        "objects": (files.keystore("objects"),),
    }
    found = {engine: {file.name: file.read_bytes() for file in those} for engine, those in named.items()}
    found["objects"]["s3proxy.properties"] = "".join(f"{key}={value}\n" for key, value in properties.items()).encode()
    return found
