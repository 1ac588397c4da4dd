"""`lienthong doctor`: what is wrong with a running platform, in words."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lienthong.chassis.errors import AxisError
from lienthong.chassis.times import from_timestamp
from lienthong.cli.cluster import examine_cluster
from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, context_of, out, print_json
from lienthong.cli.findings import (
    Finding,
    examined,
    not_known,
    of_certificate,
    of_server,
    of_service,
    of_shown,
    of_skew,
    refused,
    skew_of,
    told,
)
from lienthong.cli.objectives import of_objectives
from lienthong.cli.run import load
from lienthong.client import Axis, AxisCallError, NotAllowedError, connect
from lienthong.client.context import SERVICES, Context
from lienthong.common.v1 import operations_pb2 as pb

UNHEALTHY = 1

Cluster = Annotated[
    bool, typer.Option("--cluster", help="Every copy of every service by itself, and whether they fit together.")
]
Monitoring = Annotated[
    str, typer.Option("--prometheus", metavar="URL", help="Address of a Prometheus: what it says of objectives too.")
]
TopicsConfig = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration that may look at the settings of topics: these are compared too."),
]


def doctor(
    *,
    cluster: Cluster = False,
    prometheus: Monitoring = "",
    config_file: TopicsConfig = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Checks a running platform; exit code 1 when something is wrong."""
    context = context_of(who)
    findings = list(examine_cluster(context) if cluster else _examine_one(context))
    if prometheus:
        findings += of_objectives(prometheus)
    if config_file:
        findings += of_topics(config_file)
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            mark, remedy = one.shown()
            out.print(f"{mark} {escape(one.what):<32} {escape(one.text)}", soft_wrap=True)
            if remedy:
                out.print(f"     → {escape(remedy)}", soft_wrap=True)
    if not all(one.ok for one in findings):
        raise typer.Exit(UNHEALTHY)


def _examine_one(context: Context) -> Iterator[Finding]:
    with connect(context) as axis:
        yield from _examine(axis, context)


def _examine(axis: Axis, context: Context) -> Iterator[Finding]:
    reachable = of_server(axis, SERVICES[0], "server")
    yield reachable
    yield from of_certificate(context.certificate, "your certificate")
    if not reachable.ok:
        return
    yield from of_shown(context, "server certificate")
    try:
        yield from _process(axis)
    except AxisCallError as error:
        yield refused("process", error)
        if isinstance(error, NotAllowedError):
            return
    # With an engine away each answers only after it has waited for it.
    with ThreadPoolExecutor(len(SERVICES), "asking") as asking:
        for findings in asking.map(lambda name: list(_service(axis, name)), SERVICES):
            yield from findings


def _service(axis: Axis, name: str) -> Iterator[Finding]:
    if unknown := not_known(axis, name):
        yield unknown
        return
    yield from of_service(axis, name)
    try:
        yield from examined(axis, name)
    except AxisCallError as error:
        yield refused(name, error)


def _process(axis: Axis) -> Iterator[Finding]:
    begun = datetime.now(UTC)
    answer = axis.operations(SERVICES[0]).Examine(pb.ExamineRequest())
    yield of_skew(skew_of(from_timestamp(answer.time), begun, datetime.now(UTC)), "clock")
    yield from (told(check) for check in answer.checks)


def of_topics(file: Path) -> list[Finding]:
    """Compares settings of topics with those declared, as who may look at them."""
    from lienthong.chassis.engines.kafka import topics
    from lienthong.chassis.topics import TOPICS

    section = load(None, file).engines.kafka
    if not section.servers:
        return []
    remedy = f"`lienthong topics diff --config {file}`, then `lienthong topics apply`."
    try:
        found = topics.diff(section, TOPICS)
    except AxisError as error:
        return [Finding("settings of topics", ok=False, text=f"{error.reason}: {error.message}", remedy=remedy)]
    text = "; ".join(f"{one.topic} {one.name or one.kind}: {one.found} instead of {one.wanted}" for one in found)
    return [Finding("settings of topics", ok=not found, text=text or "as declared", remedy=remedy)]
