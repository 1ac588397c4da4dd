"""`lienthong ops`: events on their way, events that wait or failed. Operators only."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from lienthong.chassis.times import from_duration
from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    Size,
    field,
    moment,
    out,
    print_json,
    session,
    show,
    show_list,
    to_dict,
)
from lienthong.cli.mailbox import ITEM
from lienthong.cli.names import EVENTS, whole
from lienthong.cli.typed import stamp, time_of
from lienthong.client import Axis
from lienthong.client.context import SERVICES
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2 as pb
from lienthong.routing.v1 import mailbox_pb2

app = typer.Typer(help="Operate: outboxes, parked events, dead letters, lag.")
items = typer.Typer(help="Mailbox items that wait for an operator.")
letters = typer.Typer(help="Events that could not be handled.")
outbox = typer.Typer(help="Events on their way out.", invoke_without_command=True)
app.add_typer(items, name="items", no_args_is_help=True)
app.add_typer(letters, name="dead-letters", no_args_is_help=True)
app.add_typer(outbox, name="outbox")

Service = Annotated[str, typer.Option(help="Name of the service; every one when absent.")]
OneService = Annotated[str, typer.Option("--service", help="Name of the service.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")]

Event = Annotated[
    str, typer.Argument(parser=whole(EVENTS), metavar="EVENT", help="A dead letter, whole or as lists show it.")
]
ParkedItem = Annotated[
    str, typer.Argument(parser=whole("items"), metavar="ITEM", help="An item, whole or as lists show it.")
]

EVENT: tuple[Column, ...] = (
    ("event", field("event")),
    ("service", field("service")),
    ("type", lambda event: event.type.rpartition(".")[2]),
    ("reason", field("reason")),
    ("subject", field("subject")),
    ("version", field("sequence")),
    ("attempts", field("attempts")),
    ("since", moment("hold_time")),
    ("topic", field("topic")),
)


@app.command("lag")
def lag(*, service: Service = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Shows how far services are behind, in records and seconds."""
    with session(who) as axis:
        found = {name: axis.operations(name).GetLag(pb.GetLagRequest(service=name)) for name in _services(service)}
    if as_json:
        print_json([{"service": name} | to_dict(answer) for name, answer in found.items()])
        return
    for name, answer in found.items():
        records = sum(row.records for row in answer.partitions)
        oldest = max((from_duration(row.age).total_seconds() for row in answer.partitions), default=0.0)
        out.print(f"{name:<14} {records:>8} records  {oldest:8.1f} s")


@app.command("purge")
def purge(*, service: Service = "", dry_run: DryRun = False, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Removes rows whose time is over, batch by batch, as happens by itself."""
    found = []
    with session(who) as axis:
        for name in _services(service):
            for table, rows in _purged(axis, name, dry_run=dry_run).items():
                found.append({"service": name, "table": table, "rows": rows})
                if not as_json:
                    out.print(f"{name:<14} {table:<12} {rows:>10} rows {'would be removed' if dry_run else 'removed'}")
    if as_json:
        print_json(found)


def _purged(axis: Axis, service: str, *, dry_run: bool) -> Counter[str]:
    removed, more = Counter[str](), True
    while more:
        request = pb.PurgeExpiredRequest(service=service, dry_run=dry_run, request_id=new_request_id())
        answer = axis.operations(service).PurgeExpired(request)
        removed.update({one.table: one.rows for one in answer.tables})
        more = answer.more
    return removed


@app.command("parked")
def parked(*, service: Service = "", limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists events that arrived before the one they follow on."""
    rows, more = [], ""
    with session(who) as axis:
        for name in _services(service):
            answer = axis.operations(name).ListParkedEvents(pb.ListParkedEventsRequest(service=name, page_size=limit))
            rows += list(answer.events)
            more = more or answer.next_page_token
    show_list(rows, EVENT, as_json=as_json, more=more)


@items.command("list")
def list_items(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists mailbox items that are parked: failed by the recipient, or leased in vain too often."""
    with session(who) as axis:
        answer = axis.mailbox.ListParkedItems(mailbox_pb2.ListParkedItemsRequest(page_size=limit))
    show_list(answer.items, ITEM, as_json=as_json, more=answer.next_page_token)


@items.command("redrive")
def redrive_item(
    item: ParkedItem, *, dry_run: DryRun = False, who: As = DEFAULT_CONTEXT, as_json: Json = False
) -> None:
    """Puts a parked item back into its mailbox."""
    request = mailbox_pb2.RedriveItemRequest(name=item, dry_run=dry_run, request_id=new_request_id())
    with session(who) as axis:
        show(axis.mailbox.RedriveItem(request), ITEM, as_json=as_json)


@letters.command("list")
def list_letters(*, service: Service = "", limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists dead letters, oldest first."""
    rows, more = [], ""
    with session(who) as axis:
        for name in _services(service):
            answer = axis.operations(name).ListDeadLetters(pb.ListDeadLettersRequest(service=name, page_size=limit))
            rows += list(answer.events)
            more = more or answer.next_page_token
    show_list(rows, EVENT, as_json=as_json, more=more)


@letters.command("show")
def show_letter(event: Event, *, service: OneService, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Shows one dead letter with what redriving it would do."""
    request = pb.RedriveDeadLetterRequest(service=service, event=event, dry_run=True, request_id=new_request_id())
    with session(who) as axis:
        trial = axis.operations(service).RedriveDeadLetter(request)
        found = next((one for one in _letters(axis, service) if one.event == event), pb.HeldEvent())
    show(found, (*EVENT, ("redrive", lambda _: trial.error or "would be handled")), as_json=as_json)


def _letters(axis: Axis, service: str) -> Iterator[pb.HeldEvent]:
    request = pb.ListDeadLettersRequest(service=service, page_size=500)
    while True:
        page = axis.operations(service).ListDeadLetters(request)
        yield from page.events
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


@letters.command("redrive")
def redrive(
    event: Event, *, service: OneService, dry_run: DryRun = False, who: As = DEFAULT_CONTEXT, as_json: Json = False
) -> None:
    """Handles a dead letter again, then what is parked behind it."""
    request = pb.RedriveDeadLetterRequest(service=service, event=event, dry_run=dry_run, request_id=new_request_id())
    with session(who) as axis:
        answer = axis.operations(service).RedriveDeadLetter(request)
    if as_json:
        print_json(to_dict(answer))
    else:
        well, not_well = ("would be handled", "would fail again") if dry_run else ("handled", "failed again")
        told = f"{well}; {answer.released} parked events follow" if answer.handled else f"{not_well}: {answer.error}"
        out.print(told, markup=False, soft_wrap=True)
    if not answer.handled:
        raise typer.Exit(1)


@letters.command("skip")
def skip(
    event: Event,
    *,
    service: OneService,
    note: Annotated[str, typer.Option(help="Why, for the audit trail.")],
    dry_run: DryRun = False,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Gives a dead letter up and releases what is parked behind it."""
    request = pb.SkipDeadLetterRequest(
        service=service, event=event, note=note, dry_run=dry_run, request_id=new_request_id()
    )
    with session(who) as axis:
        answer = axis.operations(service).SkipDeadLetter(request)
    if as_json:
        print_json(to_dict(answer))
    else:
        out.print(f"{'would be given up' if dry_run else 'given up'}; {answer.released} parked events follow")


@outbox.callback()
def outboxes(
    context: typer.Context, *, service: Service = "", who: As = DEFAULT_CONTEXT, as_json: Json = False
) -> None:
    """Shows how many events wait to be published."""
    if context.invoked_subcommand:
        return
    with session(who) as axis:
        found = {
            name: axis.operations(name).GetOutbox(pb.GetOutboxRequest(service=name)) for name in _services(service)
        }
    if as_json:
        print_json([{"service": name} | to_dict(answer) for name, answer in found.items()])
        return
    for name, answer in found.items():
        age = from_duration(answer.oldest_age).total_seconds()
        out.print(f"{name:<14} {answer.waiting:>8} waiting  {age:8.1f} s  {answer.kept:>10} kept")


@outbox.command("republish")
def republish(
    *,
    service: OneService,
    since: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="Rows written at or after this time; all when absent."),
    ] = None,
    directory: Annotated[
        bool, typer.Option("--directory", help="The present state of every agency and system instead (routing).")
    ] = False,
    dry_run: DryRun = False,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Publishes kept rows again; consumers drop what they have seen."""
    request = pb.RepublishOutboxRequest(
        service=service,
        since=stamp(since),
        directory=directory,
        dry_run=dry_run,
        request_id=new_request_id(),
    )
    with session(who) as axis:
        answer = axis.operations(service).RepublishOutbox(request)
        events = answer.events
        while answer.HasField("more_since"):
            request.since.CopyFrom(answer.more_since)
            request.request_id = new_request_id()
            answer = axis.operations(service).RepublishOutbox(request)
            events += answer.events
    if as_json:
        print_json({"events": str(events)})
    else:
        out.print(f"{events} events {'would be ' if dry_run else ''}published again")


def _services(named: str) -> tuple[str, ...]:
    return (named,) if named else SERVICES
