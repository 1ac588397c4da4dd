"""`lienthong mailbox`: what waits for one's agency."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lienthong import edxml
from lienthong.chassis.times import to_duration
from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    RequestId,
    Size,
    choice,
    field,
    moment,
    out,
    print_json,
    session,
    show_list,
    to_dict,
    transfer_bar,
)
from lienthong.cli.files import written
from lienthong.cli.names import find, lease_of, whole
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.routing.v1 import mailbox_pb2 as pb

app = typer.Typer(help="Your mailbox: list, pull, download, acknowledge.")

HASH_DIFFERS = 1
NOT_IN_THIS_STATE = 7
PAGE = 500

ITEM: tuple[Column, ...] = (
    ("item", field("name")),
    ("delivery", field("delivery")),
    ("code", field("code")),
    ("subject", field("subject")),
    ("kind", choice("kind", "ITEM_KIND_")),
    ("from", field("from_name")),
    ("status", field("status_code")),
    ("signatures", choice("verdict", "VERDICT_")),
    ("since", moment("create_time")),
    ("lease", field("lease")),
)
COMPARED = {True: "hash as promised", False: "[red]HASH DIFFERS[/]", None: "no hash is promised"}
RESULT: tuple[Column, ...] = (
    ("item", field("name")),
    ("result", lambda result: "ok" if not result.status.code else result.status.message),
    ("lease until", moment("lease_expire_time")),
)

Pairs = Annotated[
    list[str],
    typer.Argument(metavar="ITEMS", help="Items, as `pull` showed them; ITEM=LEASE when they were pulled elsewhere."),
]


def delivery_or_item(text: str) -> str:
    """Reads an argument that names a delivery or an item."""
    return find(text, "deliveries") or whole("items")(text)


@app.command("list")
def list_(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists what waits, without leasing."""
    with session(who) as axis:
        answer = axis.mailbox.ListItems(pb.ListItemsRequest(page_size=limit))
    show_list(answer.items, ITEM, as_json=as_json, more=answer.next_page_token)


@app.command("pull")
def pull(
    *,
    most: Annotated[int, typer.Option("--max", help="At most so many.", min=1, max=100)] = 10,
    seconds: Annotated[int, typer.Option(help="How long the lease lasts.", min=5, max=3600)] = 60,
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Leases a batch: urgent first, then oldest."""
    with session(who) as axis:
        answer = axis.mailbox.PullItems(
            pb.PullItemsRequest(
                max_items=most,
                lease_duration=to_duration(timedelta(seconds=seconds)),
                request_id=request_id or new_request_id(),
            )
        )
    show_list(answer.items, ITEM, as_json=as_json)


@app.command("download")
def download(
    delivery: Annotated[
        str,
        typer.Argument(
            parser=delivery_or_item, metavar="DELIVERY", help="A delivery or an item, whole or as lists show it."
        ),
    ],
    *,
    folder: Annotated[Path, typer.Option("--to", help="Folder for the files.")] = Path(),
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Writes the edXML file and the attachments of a delivery, and compares their hashes.

    Exit code 1 when one differs. Of statuses, requests and items that no longer wait no hash is promised.
    """
    with session(who) as axis:
        files = download_received(axis, delivery, folder, as_json=as_json)
    if as_json:
        print_json([{"file": str(file), "ok": ok} for file, ok in files])
    else:
        for file, ok in files:
            out.print(f"{escape(str(file))}  {COMPARED[ok]}", soft_wrap=True)
    if any(ok is False for _file, ok in files):
        raise typer.Exit(HASH_DIFFERS)


@app.command("ack")
def ack(items: Pairs, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Tells that items are stored; they leave the mailbox. Exit code 7 when one could not be acknowledged."""
    with session(who) as axis:
        answer = axis.mailbox.AcknowledgeItems(pb.AcknowledgeItemsRequest(items=_leased(items)))
    _tell(answer, as_json=as_json)


@app.command("fail")
def fail(
    items: Pairs,
    *,
    reason: Annotated[str, typer.Option(help="Why they cannot be taken.")],
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Tells that items cannot be taken; they are parked for an operator. Exit code 7 when one could not be parked."""
    with session(who) as axis:
        answer = axis.mailbox.FailItems(pb.FailItemsRequest(items=_leased(items, reason)))
    _tell(answer, as_json=as_json)


@app.command("watch")
def watch(*, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Stays and says whenever something new waits."""
    with session(who) as axis:
        for hint in axis.watch_mailbox():
            if as_json:
                print_json(to_dict(hint))
            else:
                out.print(f"{hint.waiting} waiting")


def download_received(axis: Axis, name: str, folder: Path, *, as_json: bool) -> list[tuple[Path, bool | None]]:
    """Writes what was delivered into a folder; tells for each file whether its hash is the promised one.

    An item of a document stands for its delivery. Of other items none is promised: None.

    Raises:
        AxisCallError: The axis refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if name.startswith("items/"):
        delivery_name = _delivery_of(axis, name)
        if not delivery_name:
            target = folder / f"{name.split('/')[1]}.edxml"
            return [(_fetch(axis, f"{name}/content", target, 0, as_json=as_json)[0], None)]
        name = delivery_name
    delivery = axis.mailbox.GetDelivery(pb.GetDeliveryRequest(name=name))
    file, found = _fetch(axis, f"{name}/content", folder / "document.edxml", delivery.content_size, as_json=as_json)
    files: list[tuple[Path, bool | None]] = [(file, found == delivery.content_sha256.hex())]
    for one in delivery.attachments:
        label = folder / f"{one.ordinal}-{edxml.safe_file_name(one.name)}"
        file, found = _fetch(axis, f"{name}/attachments/{one.ordinal}", label, one.size, as_json=as_json)
        files.append((file, found == one.sha256.hex()))
    return files


def _delivery_of(axis: Axis, name: str) -> str:
    """Finds the delivery of an item of a document that waits; empty for other items."""
    request = pb.ListItemsRequest(page_size=PAGE)
    while True:
        answer = axis.mailbox.ListItems(request)
        found = next((item for item in answer.items if item.name == name), None)
        if found is not None:
            return found.delivery if found.kind == pb.ITEM_KIND_DOCUMENT else ""
        if not answer.next_page_token:
            return ""
        request.page_token = answer.next_page_token


def _fetch(axis: Axis, name: str, target: Path, size: int, *, as_json: bool) -> tuple[Path, str]:
    with transfer_bar(target.name, as_json=as_json) as progress, written(target) as stream:
        return target, axis.download(name, stream, progress, size)


def _leased(items: Sequence[str], reason: str = "") -> list[pb.LeasedItem]:
    leased = []
    for item in items:
        given, _, lease = item.partition("=")
        name = whole("items")(given)
        lease = lease or lease_of(name)
        if not lease:
            raise typer.BadParameter(
                f"{item!r} was not pulled here; pull it, or write ITEM=LEASE with the lease that it has"
            )
        leased.append(pb.LeasedItem(name=name, lease=lease, reason=reason))
    return leased


def _tell(answer: pb.BatchResponse, *, as_json: bool) -> None:
    show_list(answer.results, RESULT, as_json=as_json)
    if any(result.status.code for result in answer.results):
        raise typer.Exit(NOT_IN_THIS_STATE)
