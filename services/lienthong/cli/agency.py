"""`lienthong agency`: the directory of agencies."""

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.cli.agency_file import read_rows
from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Filter,
    Json,
    PassphraseFile,
    Size,
    context_file,
    explain,
    field,
    moment,
    out,
    print_json,
    session,
    show,
    show_list,
)
from lienthong.cli.typed import day_of, stamp
from lienthong.client import AxisCallError, AxisUnavailableError, credentials
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2 as pb

Csr = Annotated[Path | None, typer.Option(help="Certificate request of a key that is elsewhere.")]
Folder = Annotated[Path | None, typer.Option(help="Where files go; beside the speaking context when absent.")]

app = typer.Typer(help="Agencies: register, find, rename, merge, retire, give credentials.")

REFUSED = 3

_NAMED = "by one of its codes, or by its name."
Agency = Annotated[str, typer.Argument(help=f"An agency, {_NAMED}")]
Codes = Annotated[list[str], typer.Option("--code", help="Identifier code, old or new style; may be repeated.")]
Rows = Annotated[Path, typer.Argument(help="YAML file with a list.")]
From = Annotated[
    str, typer.Option("--from", help="Day from which it holds, YYYY-MM-DD at 00:00 in Viet Nam; now when absent.")
]

COLUMNS: tuple[Column, ...] = (
    ("codes", lambda agency: ", ".join(code.code for code in agency.codes)),
    ("short", field("short_name")),
    ("agency", field("display_name")),
    ("retired", moment("retire_time")),
    ("successors", lambda agency: ", ".join(agency.successors)),
    ("parent", field("parent")),
    ("name", field("name")),
)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    code: Codes,
    short_name: Annotated[str, typer.Option(help="Short name, such as VPCP.")] = "",
    parent: Annotated[str, typer.Option(help="Superior agency: resource name or code.")] = "",
    group: Annotated[list[str] | None, typer.Option(help="Group that it belongs to; may be repeated.")] = None,
    email: Annotated[str, typer.Option(help="Mail of the clerk's office.")] = "",
    day: Annotated[
        str,
        typer.Option(
            "--from", help="Day from which the codes hold, YYYY-MM-DD at 00:00 in Viet Nam; ever when absent."
        ),
    ] = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Registers an agency. Codes that were another agency's hold from a day after they ended there."""
    with session(who) as axis:
        above = axis.directory.GetAgency(pb.GetAgencyRequest(name=resource(parent))).name if parent else ""
        agency = common.Agency(
            display_name=name,
            short_name=short_name,
            codes=[common.AgencyCode(code=one, valid_from=midnight(day)) for one in code],
            parent=above,
            groups=group or [],
            email=email,
        )
        answer = axis.directory.CreateAgency(pb.CreateAgencyRequest(agency=agency, request_id=new_request_id()))
    show(answer, COLUMNS, as_json=as_json)


@app.command("list")
def list_(*, limit: Size = 50, condition: Filter = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists agencies."""
    with session(who) as axis:
        answer = axis.directory.ListAgencies(pb.ListAgenciesRequest(page_size=limit, filter=condition))
    show_list(answer.agencies, COLUMNS, as_json=as_json, more=answer.next_page_token)


@app.command("show")
def show_(agency: Agency, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Shows an agency, by resource name or code."""
    with session(who) as axis:
        answer = axis.directory.GetAgency(pb.GetAgencyRequest(name=resource(agency)))
    show(answer, COLUMNS, as_json=as_json)


@app.command("import")
def import_(file: Rows, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Registers the agencies of a YAML list: name, codes, short_name, parent, groups, email.

    A row that is refused does not stop the others; exit code 3 when there was one. Run it again when it is mended.
    """
    made, refused = [], 0
    rows = read_rows(file)
    with session(who) as axis:
        for number, row in enumerate(rows, start=1):
            try:
                made.append(
                    axis.directory.CreateAgency(pb.CreateAgencyRequest(agency=row.message(), request_id=row.key))
                )
            except AxisUnavailableError:
                raise
            except AxisCallError as error:
                refused += 1
                explain(error, f"row {number} ({', '.join(row.codes)}) was not registered")
    show_list(made, COLUMNS, as_json=as_json)
    if refused:
        raise typer.Exit(REFUSED)


@app.command("update")
def update(
    agency: Agency,
    *,
    short_name: Annotated[str | None, typer.Option(help="Short name, such as VPCP.")] = None,
    parent: Annotated[str | None, typer.Option(help="Superior agency: resource name or code.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Group that it belongs to from now on, and to no other; may be repeated.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="Mail of the clerk's office.")] = None,
    in_charge: Annotated[str | None, typer.Option(help="Superior agency in words.")] = None,
    address: Annotated[str | None, typer.Option(help="Where it is.")] = None,
    status_items: Annotated[
        bool | None, typer.Option(help="Whether statuses of what it sent come into its mailbox.")
    ] = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Changes how an agency is reached and what it belongs to. What is not named stays; '' empties it."""
    given = {
        "short_name": short_name,
        "parent": resource(parent) if parent else parent,
        "groups": None if group is None else [one for one in group if one],
        "email": email,
        "in_charge": in_charge,
        "address": address,
        "status_items_disabled": None if status_items is None else not status_items,
    }
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if not changed:
        raise typer.BadParameter("nothing to change is named: see lienthong agency update --help")
    with session(who) as axis:
        answer = axis.directory.UpdateAgency(
            pb.UpdateAgencyRequest(
                agency=common.Agency(name=resource(agency), **changed),
                update_mask=FieldMask(paths=list(changed)),
                request_id=new_request_id(),
            )
        )
    show(answer, COLUMNS, as_json=as_json)


@app.command("rename")
def rename(
    agency: Agency,
    *,
    name: Annotated[str, typer.Option(help="New name.")] = "",
    add_code: Annotated[list[str] | None, typer.Option(help="Further code; may be repeated.")] = None,
    end_code: Annotated[list[str] | None, typer.Option(help="Code that ends; may be repeated.")] = None,
    day: From = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Gives an agency a new name or codes from a day on; former codes stay readable."""
    with session(who) as axis:
        answer = axis.directory.RenameAgency(
            pb.RenameAgencyRequest(
                name=resource(agency),
                display_name=name,
                add_codes=add_code or [],
                end_codes=end_code or [],
                effective_time=midnight(day),
                request_id=new_request_id(),
            )
        )
    show(answer, COLUMNS, as_json=as_json)


@app.command("merge")
def merge(
    agencies: Annotated[list[str], typer.Argument(help=f"Agencies that become one, each {_NAMED}")],
    *,
    into: Annotated[str, typer.Option(help="Agency that takes over.")],
    day: From = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Joins agencies into one from a day on."""
    with session(who) as axis:
        answer = axis.directory.MergeAgencies(
            pb.MergeAgenciesRequest(
                names=[resource(one) for one in agencies],
                successor=resource(into),
                effective_time=midnight(day),
                request_id=new_request_id(),
            )
        )
    show_list(answer.agencies, COLUMNS, as_json=as_json)


@app.command("retire")
def retire(
    agency: Agency,
    *,
    successor: Annotated[list[str] | None, typer.Option(help="Agency that takes over; may be repeated.")] = None,
    day: From = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Retires an agency from a day on."""
    with session(who) as axis:
        answer = axis.directory.RetireAgency(
            pb.RetireAgencyRequest(
                name=resource(agency),
                successors=[resource(one) for one in successor or []],
                effective_time=midnight(day),
                request_id=new_request_id(),
            )
        )
    show(answer, COLUMNS, as_json=as_json)


@app.command("issue-credentials")
def issue_credentials(
    agency: Agency,
    *,
    name: Annotated[str, typer.Option(help="Name of the context; the agency's short name when absent.")] = "",
    csr: Csr = None,
    folder: Folder = None,
    passphrase_file: PassphraseFile = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Registers a system for an agency, certifies its key, and writes a context."""
    with session(who) as axis:
        found = axis.directory.GetAgency(pb.GetAgencyRequest(name=resource(agency)))
        known = credentials.label(found.short_name) or credentials.label(found.codes[0].code)
        label = credentials.file_name(name) if name else known
        place = credentials.Place(folder or context_file(who).parent, csr, passphrase_file)
        issued = credentials.issue(axis, found.name, label, place)
    if as_json:
        print_issued(issued)
    else:
        told = f"{issued.system} may act for {found.display_name}; certificate in {issued.certificate}"
        out.print(told, markup=False, soft_wrap=True)
        if issued.context:
            out.print(f"speak as it with --as {label} (context {issued.context})", markup=False, soft_wrap=True)


def print_issued(issued: credentials.Issued) -> None:
    """Prints what was certified as JSON."""
    files = {"certificate": str(issued.certificate), "context": str(issued.context or "")}
    print_json({"system": issued.system, **files})


def resource(agency: str) -> str:
    """Makes a resource name of a code, an identifier or a resource name."""
    return agency if agency.startswith("agencies/") else f"agencies/{agency}"


def midnight(day: str) -> Timestamp | None:
    """Gives 00:00 in Viet Nam of a day; None when absent.

    Raises:
        BadParameter: It is no day.
    """
    return stamp(datetime.combine(day_of(day), time.min)) if day else None
