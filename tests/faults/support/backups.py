"""Backup and restore as an operator does them: with the tools of each engine."""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote, unquote

from tests.faults.support.processes import Processes

from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2
from lienthong.dev.postgres import tool

DATABASE = "lienthong"
SECONDS = 120


def back_up(processes: Processes, place: Path) -> None:
    """Copies an installation that is at work: the databases at one moment, then the contents, then the keys."""
    place.mkdir(mode=0o700)
    _postgres(processes, "pg_dump", "--format=custom", f"--file={place / 'databases.dump'}")
    bucket = _bucket(processes)
    for found in bucket.list(""):
        file = place / "contents" / quote(found["path"], safe="")
        file.parent.mkdir(exist_ok=True)
        # Contents never change; one that went since it was listed was an upload that nobody needs any more.
        file.write_bytes(bucket.get(found["path"]) or b"")
    shutil.copytree(processes.platform.folder / "keys", place / "keys")


def restore(place: Path, processes: Processes) -> None:
    """Fills engines that are new: roles and schemas, then rows, contents and keys. The event log stays empty."""
    processes.make_engines_ready()
    dump = str(place / "databases.dump")
    _postgres(processes, "pg_restore", "--clean", "--if-exists", "--exit-on-error", dump)
    bucket = _bucket(processes)
    for file in (place / "contents").iterdir():
        bucket.put(unquote(file.name), file.read_bytes())
    shutil.copytree(place / "keys", processes.platform.folder / "keys")


def copy_contents(first: Processes, second: Processes) -> int:
    """Copies contents from one store to another, as its replication would; tells how many."""
    source, target = _bucket(first), _bucket(second)
    found = [one["path"] for one in source.list("")]
    for path in found:
        target.put(path, source.get(path) or b"")
    return len(found)


def publish_again(processes: Processes) -> int:
    """Publishes what the outboxes keep once more, as `lienthong ops outbox republish` does; tells how many events."""
    count = 0
    with processes.speak("operator") as axis:
        for service in ("intake", "signing", "routing", "workflow", "notification"):
            request = operations_pb2.RepublishOutboxRequest(service=service, request_id=new_request_id())
            answer = axis.operations(service).RepublishOutbox(request)
            assert not answer.HasField("more_since"), "so few are one batch"
            count += answer.events
    return count


def _postgres(processes: Processes, program: str, *arguments: str) -> None:
    access = processes.postgres.access
    address = f"postgresql://{access.user}@127.0.0.1:{access.port}/{DATABASE}"
    done = subprocess.run(  # noqa: S603 -- PostgreSQL's own tools
        [tool(program), f"--dbname={address}", *arguments],
        env=os.environ | {"PGPASSWORD": access.password_file.read_text("utf-8").strip()},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _bucket(processes: Processes) -> Bucket:
    return Bucket(ObjectsSection.model_validate(processes.platform.engines["objects"].settings()))
