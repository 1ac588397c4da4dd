"""Backup, loss and restore of a release on the cluster, as docs/operations.md says."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.cluster.support.served import scale
from tools.cluster import cluster, engines, node, platform
from tools.cluster.layout import VOLUMES
from tools.image.python import USER

from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2

SECONDS = 180.0
DUMP = "databases.dump"

WITH_PASSWORD = """
import os, pathlib, sys
os.environ["PGPASSWORD"] = pathlib.Path("/secrets/postgres.password").read_text("ascii")
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Run in the pod of the server, which has tools of its own version and no shell."""


def back_up(place: Path) -> None:
    """Copies a release that is at work: the databases at one moment, then the contents, then the keys."""
    place.mkdir(mode=0o700)
    _postgres("pg_dump", "--format=custom", f"--file=/data/{DUMP}")
    shutil.move(VOLUMES / "postgres" / DUMP, place)
    shutil.copytree(VOLUMES / "objects" / engines.BUCKET, place / "contents")
    shutil.copytree(platform.KEYS, place / "keys")


def destroy() -> None:
    """Ends the engines, and takes away all that they and the release kept: databases, contents, events, keys."""
    for engine in engines.ENGINES:
        cluster.kubectl("-n", engines.NAMESPACE, "scale", f"statefulset/{engine}", "--replicas=0")
    node.await_that(lambda: not cluster.get("-n", engines.NAMESPACE, "pods")["items"], SECONDS, "engines do not end")
    for engine in engines.ENGINES:
        for kept in (VOLUMES / engine).iterdir():
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    cluster.kubectl("-n", platform.NAMESPACE, "delete", "secret", "lienthong-keys")
    shutil.rmtree(platform.KEYS)


def restore(place: Path) -> None:
    """Fills engines that are new: roles and topics, then rows, contents and keys. The event log stays empty."""
    # Contents are files of the store: it keeps what it said of each beside it.
    shutil.copytree(place / "contents", VOLUMES / "objects" / engines.BUCKET)
    for kept in (VOLUMES / "objects").rglob("*"):
        os.chown(kept, USER, USER)
    for engine in engines.ENGINES:
        cluster.kubectl("-n", engines.NAMESPACE, "scale", f"statefulset/{engine}", "--replicas=1")
    for engine in engines.ENGINES:
        cluster.await_rollout(engines.NAMESPACE, f"statefulset/{engine}")
    engines.provision()
    shutil.copy(place / DUMP, VOLUMES / "postgres")
    os.chown(VOLUMES / "postgres" / DUMP, USER, USER)
    _postgres("pg_restore", "--clean", "--if-exists", "--exit-on-error", f"/data/{DUMP}")
    shutil.copytree(place / "keys", platform.KEYS)
    platform.share_keys()


def start_services() -> None:
    """Gives every service its pods again."""
    for service in engines.SERVICES:
        scale(service, 2)
    for service in engines.SERVICES:
        cluster.await_rollout(platform.NAMESPACE, f"deployment/{platform.RELEASE}-{service}")


def publish_again(axis: Axis, services: Iterable[str] = engines.SERVICES) -> int:
    """Publishes what outboxes keep once more, as `lienthong ops outbox republish` does; tells how many events."""
    asked = [operations_pb2.RepublishOutboxRequest(service=service) for service in services]
    asked.append(operations_pb2.RepublishOutboxRequest(service="routing", directory=True))
    count = 0
    for request in asked:
        request.request_id = new_request_id()
        count += axis.operations(request.service).RepublishOutbox(request).events
    return count


def _postgres(program: str, *arguments: str) -> None:
    pod = ("-n", engines.NAMESPACE, "exec", "postgres-0", "-c", "postgres", "--")
    command = ("/usr/bin/python3.11", "-c", WITH_PASSWORD, f"/usr/lib/postgresql/15/bin/{program}")
    where = "--dbname=postgresql://postgres@localhost/lienthong?sslmode=require"
    cluster.kubectl(*pod, *command, where, *arguments, seconds=SECONDS)
