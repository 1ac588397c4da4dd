"""`lienthong capacity`: how large an installation must be, and how it grows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from lienthong.cli.console import Json, out, print_json
from lienthong.cli.sizing import DAYS, WATCHES, Demand, ServiceSize, growth, measured, partitions, services

_GB = 1e9


def capacity(
    agencies: Annotated[int, typer.Option(help="Agencies, each with one open watch.", min=1)],
    documents_per_day: Annotated[int, typer.Option(help="Documents accepted on a working day.", min=1)],
    *,
    recipients: Annotated[float, typer.Option(help="Recipients of a document, on average.", min=1)] = 5.0,
    busiest_hour: Annotated[float, typer.Option(help="Part of a day's documents in its busiest hour.", max=1)] = 0.2,
    burst: Annotated[float, typer.Option(help="Busiest minutes over the mean of that hour.", min=1)] = 2.0,
    mean_bytes: Annotated[int, typer.Option(help="Size of a document with attachments.", min=1)] = 118_076,
    zones: Annotated[int, typer.Option(help="Zones, one of which may be away; 1: none may.", min=1, max=9)] = 3,
    retention_days: Annotated[int, typer.Option(help="How long topics keep events.", min=1)] = 7,
    copies: Annotated[int, typer.Option(help="Copies of each record of a topic.", min=1)] = 3,
    as_json: Json = False,
) -> None:
    """Sizes an installation from what was measured of one document; says what is measured and what is a model."""
    demand = Demand(
        agencies, documents_per_day, recipients, busiest_hour, burst, mean_bytes, zones, retention_days, copies
    )
    facts = measured()
    sizes, added = services(demand, facts), growth(demand, facts)
    if as_json:
        print_json(_plain(demand, facts, sizes, added))
        return
    share = documents_per_day / agencies
    out.print(f"{demand.peak:.0f} documents a second in the busiest minutes; {share:,.0f} a day of each agency\n")
    for line in table(sizes):
        out.print(line, soft_wrap=True)
    engines = ", ".join(
        f"{name.rstrip('-1')} {demand.peak * spent / 1000:.2f}"
        for name, spent in facts["services"]["engines_cpu_ms"].items()
    )
    out.print(f"\nEngines, of a processor at the peak, for one recipient: {engines}", soft_wrap=True)
    for line in _growing(demand, added):
        out.print(line, soft_wrap=True)
    out.print(f"Partitions of a topic: {partitions(sizes)}", soft_wrap=True)
    if agencies > WATCHES:
        out.print(
            f"{agencies} open watches are more than the {WATCHES} beside which one process was measured.",
            soft_wrap=True,
        )
    out.print(f"\nMeasured: {facts['services']['page']} ({facts['services']['conditions']});", soft_wrap=True)
    out.print(f"  {facts['growth']['page']} ({facts['growth']['conditions']}).", soft_wrap=True)
    out.print(
        "A model: how further recipients divide among services, even growth, pods, zones and room to spare.",
        soft_wrap=True,
    )


def table(sizes: list[ServiceSize]) -> list[str]:
    """Writes the services as a table of plain text."""
    head = f"{'service':<14}{'a document':>12}{'processors':>12}{'pods':>6}{'cpu':>8}{'memory':>9}"
    rows = [
        f"{one.service:<14}{one.document_ms:>9.1f} ms{one.processors:>12.2f}{one.pods:>6}"
        f"{one.cpu_request:>7}m{one.memory_request:>7}Mi"
        for one in sizes
    ]
    return [head, *rows]


def _growing(demand: Demand, added: Mapping[str, float]) -> list[str]:
    lines = [f"{'':<18}" + "".join(f"{'a ' + name:>14}" for name in DAYS)]
    for name in ("databases", "write-ahead log", "contents"):
        each = [added[name] * demand.documents_per_day * days / _GB for days in DAYS.values()]
        lines.append(f"{name:<18}" + "".join(f"{value:>11,.1f} GB" for value in each))
    lines.append(
        f"Topics: {_topics(demand, added):,.1f} GB at all times, {demand.copies} copies of {demand.retention_days} days"
    )
    return lines


def _topics(demand: Demand, added: Mapping[str, float]) -> float:
    return added["topics"] * demand.documents_per_day * demand.retention_days * demand.copies / _GB


def _plain(
    demand: Demand, facts: Mapping[str, Any], sizes: list[ServiceSize], added: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "demand": asdict(demand) | {"peak_per_second": demand.peak},
        "services": [asdict(one) for one in sizes],
        "bytes_per_document": dict(added),
        "topics_gb": _topics(demand, added),
        "partitions": partitions(sizes),
        "measured": [facts[part]["page"] for part in ("services", "growth")],
    }
