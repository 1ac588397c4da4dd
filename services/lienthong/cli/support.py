"""`lienthong support-bundle`: one file for whoever helps, without contents, names of people or secrets."""

import hashlib
import io
import json
import os
import platform
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.markup import escape

from lienthong.cli.cluster import examine_cluster
from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, context_of, out, print_json, to_dict
from lienthong.cli.masking import masked_config, masked_event, masked_finding, masked_log, masked_metrics
from lienthong.cli.run import ConfigFile, load
from lienthong.client import Axis, AxisCallError, connect
from lienthong.client.context import SERVICES, Context
from lienthong.common.v1 import operations_pb2 as pb

PART_BYTES: Final = 2 * 1024 * 1024
"""One part; what is longer is cut, and the manifest says so."""
CALL_SECONDS: Final = 10.0
_EVENTS: Final = 500
_PACKAGES: Final = (
    "lienthong",
    "grpcio",
    "protobuf",
    "sqlalchemy",
    "confluent-kafka",
    "psycopg",
    "obstore",
    "cryptography",
)

Target = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The archive (tar.gz); must not exist.")]
Addresses = Annotated[
    list[str] | None, typer.Option("--metrics", metavar="URL", help="Metrics of a process; may be repeated.")
]
LogFile = Annotated[Path | None, typer.Option("--log", help="Log in JSON; its last lines go in, allowed fields only.")]
Seconds = Annotated[float, typer.Option(help="What was not asked after so long is left out.", min=1, max=600)]


@dataclass(slots=True)
class Bundle:
    """Parts as they are gathered, until the time is over.

    Attributes:
        end: When it is, by the monotonic clock.
        parts: Their contents by name.
        left_out: Why there is none, or not all, by name.
    """

    end: float
    parts: dict[str, bytes] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, gather: Callable[[], str]) -> None:
        """Adds a part; one that cannot be had does not keep the others away."""
        if time.monotonic() >= self.end:
            self.left_out[name] = "the time was over"
            return
        try:
            data = gather().encode()
        except (AxisCallError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # The sentence of an error may name what it is about; its kind says enough.
            self.left_out[name] = getattr(error, "reason", "") or type(error).__name__
            return
        if len(data) > PART_BYTES:
            self.left_out[name] = f"cut: {len(data)} bytes are more than {PART_BYTES}"
        self.parts[name] = data[:PART_BYTES]

    def write(self, file: Path) -> dict[str, Any]:
        """Writes the archive, readable by its owner alone; gives the manifest.

        Raises:
            FileExistsError: The file is there.
        """
        manifest = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "parts": {
                name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in sorted(self.parts.items())
            },
            "left_out": self.left_out,
        }
        parts = {"manifest.json": _json(manifest).encode(), **self.parts}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target, tarfile.open(fileobj=target, mode="w:gz") as archive:
            for name, data in parts.items():
                entry = tarfile.TarInfo(f"support-bundle/{name}")
                entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
                archive.addfile(entry, io.BytesIO(data))
        return manifest


def support_bundle(
    output: Target,
    *,
    config_file: ConfigFile = None,
    metrics: Addresses = None,
    log: LogFile = None,
    seconds: Seconds = 60.0,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Gathers what helps to find a fault into one file: no contents, no names of people, no secrets."""
    context, bundle = context_of(who), Bundle(time.monotonic() + seconds)
    bundle.add("versions.json", _versions)
    if config_file:
        settings = load(None, config_file)
        bundle.add("config.json", lambda: _json(masked_config(settings.model_dump(mode="json"))))
    with connect(context) as axis:
        for name in SERVICES:
            bundle.add(f"events/{name}.json", partial(_events, axis, name))
    for number, url in enumerate(metrics or (), 1):
        bundle.add(f"metrics/{number}.txt", partial(_metrics, url))
    if log:
        bundle.add("log.jsonl", lambda: "\n".join(masked_log(_last_lines(log))))
    bundle.add("findings.json", lambda: _json(list(_findings(context, bundle))))
    manifest = bundle.write(output)
    if as_json:
        print_json({"file": str(output), **manifest})
        return
    text = f"{output}: {len(manifest['parts'])} parts, {output.stat().st_size:,} bytes"
    out.print(text, markup=False, soft_wrap=True)
    for name, why in bundle.left_out.items():
        out.print(f"  [yellow]{name}[/] {escape(why)}", soft_wrap=True)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True)


def _versions() -> str:
    packages = {name: version(name) for name in _PACKAGES}
    return _json(
        {"python": sys.version.split()[0], "system": platform.system(), "machine": platform.machine(), **packages}
    )


def _events(axis: Axis, service: str) -> str:
    operations = axis.operations(service)
    outbox = operations.GetOutbox(pb.GetOutboxRequest(service=service), timeout=CALL_SECONDS)
    letters = operations.ListDeadLetters(
        pb.ListDeadLettersRequest(service=service, page_size=_EVENTS), timeout=CALL_SECONDS
    )
    parked = operations.ListParkedEvents(
        pb.ListParkedEventsRequest(service=service, page_size=_EVENTS), timeout=CALL_SECONDS
    )
    found: dict[str, Any] = {
        "outbox": to_dict(outbox),
        "dead_letters": [masked_event(one) for one in letters.events],
        "parked": [masked_event(one) for one in parked.events],
    }
    with suppress(AxisCallError):  # without the event log the rest is worth having
        lag = operations.GetLag(pb.GetLagRequest(service=service), timeout=CALL_SECONDS)
        found["lag"] = [to_dict(one) for one in lag.partitions]
    return _json(found)


def _metrics(url: str) -> str:
    """Reads the metrics of a process, no more of them than a part holds twice over."""
    with httpx.stream("GET", url, timeout=CALL_SECONDS) as answer:
        answer.raise_for_status()
        text = bytearray()
        for piece in answer.iter_bytes():
            text += piece
            if len(text) > 2 * PART_BYTES:
                break
    return "\n".join(masked_metrics(text.decode("utf-8", "replace")))


def _last_lines(file: Path) -> list[str]:
    with file.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - PART_BYTES))
        lines = stream.read(PART_BYTES).decode("utf-8", "replace").splitlines()
    return lines[1:] if size > PART_BYTES else lines


def _findings(context: Context, bundle: Bundle) -> Iterator[dict[str, Any]]:
    for one in examine_cluster(context):
        yield masked_finding(one)
        if time.monotonic() >= bundle.end:
            bundle.left_out["findings.json"] = "the time was over before all was looked at"
            return
