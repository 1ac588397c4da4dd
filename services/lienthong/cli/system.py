"""`lienthong system`: systems that call the axis, and for whom they may act."""

from contextlib import suppress
from hashlib import sha256
from typing import Annotated

import typer

from lienthong.cli.agency import Agency, Csr, Folder, midnight, print_issued, resource
from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    PassphraseFile,
    Size,
    choice,
    context_file,
    field,
    moment,
    out,
    session,
    show,
    show_list,
)
from lienthong.cli.names import whole
from lienthong.client import credentials
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2 as pb

app = typer.Typer(help="Systems: register, grant, revoke.")

COLUMNS: tuple[Column, ...] = (
    ("name", field("name")),
    ("system", field("display_name")),
    ("role", choice("role", "SYSTEM_ROLE_")),
    ("acts for", lambda system: ", ".join(grant.agency for grant in system.grants)),
    ("revoked", moment("revoke_time")),
)


System = Annotated[
    str, typer.Argument(parser=whole("systems"), metavar="SYSTEM", help="A system, whole or as lists show it.")
]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What people call it; of this the name of its context is made.")],
    *,
    act_for: Annotated[list[str] | None, typer.Option(help="Agency to act for; may be repeated.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="Register an operator.")] = False,
    folder: Folder = None,
    csr: Csr = None,
    passphrase_file: PassphraseFile = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Registers a system and certifies its key."""
    label = credentials.file_name(name)
    place = credentials.Place(folder or context_file(who).parent, csr, passphrase_file)
    credentials.check(place, label)
    role = common.SYSTEM_ROLE_OPERATOR if operator else common.SYSTEM_ROLE_AGENCY_SYSTEM
    with session(who) as axis:
        agencies = [axis.directory.GetAgency(pb.GetAgencyRequest(name=resource(one))) for one in act_for or []]
        grants = [common.Grant(agency=agency.name) for agency in agencies]
        system = common.System(display_name=name, role=role, grants=grants)
        made = axis.directory.CreateSystem(pb.CreateSystemRequest(system=system, request_id=new_request_id()))
        issued = credentials.certify(axis, made.name, label, place)
    show(made, COLUMNS, as_json=as_json)
    if issued.context and not as_json:
        out.print(f"speak as it with --as {label} (context {issued.context})", markup=False, soft_wrap=True)


@app.command("certify")
def certify(
    system: System,
    *,
    name: Annotated[str, typer.Option(help="Name of the context; the system's own when absent.")] = "",
    folder: Folder = None,
    csr: Csr = None,
    passphrase_file: PassphraseFile = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Certifies a new key of SYSTEM, such as when its certificate ends or has ended; for whom it acts stays."""
    place = credentials.Place(folder or context_file(who).parent, csr, passphrase_file)
    with session(who) as axis:
        found = axis.directory.GetSystem(pb.GetSystemRequest(name=system))
        label = credentials.name_of(place, name or found.display_name, found.name)
        issued = credentials.certify(axis, found.name, label, place)
    if as_json:
        print_issued(issued)
    else:
        out.print(f"{issued.system} has a new certificate in {issued.certificate}", markup=False, soft_wrap=True)


@app.command("list")
def list_(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists systems."""
    with session(who) as axis:
        answer = axis.directory.ListSystems(pb.ListSystemsRequest(page_size=limit))
    show_list(answer.systems, COLUMNS, as_json=as_json, more=answer.next_page_token)


@app.command("act-for")
def act_for(
    system: System,
    agency: Agency,
    *,
    since: Annotated[str, typer.Option("--from", help="Day from which it may; ever when absent.")] = "",
    until: Annotated[str, typer.Option(help="Day from which it may no longer; without end when absent.")] = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Lets SYSTEM act for AGENCY; from the first of these days on this is its grant, so `--until` ends one."""
    with session(who) as axis:
        found = axis.directory.GetAgency(pb.GetAgencyRequest(name=resource(agency)))
        grant = common.Grant(agency=found.name, valid_from=midnight(since), valid_to=midnight(until))
        answer = axis.directory.GrantAgency(
            pb.GrantAgencyRequest(name=system, grant=grant, request_id=new_request_id())
        )
    show(answer, COLUMNS, as_json=as_json)


@app.command("revoke")
def revoke(
    system: System,
    *,
    certificate: Annotated[
        list[str] | None, typer.Option(help="Only this certificate: SHA-256 in hex, with colons or without.")
    ] = None,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Revokes SYSTEM, or single certificates of it; holds everywhere within 10 seconds."""
    with session(who) as axis:
        answer = axis.directory.RevokeSystem(
            pb.RevokeSystemRequest(
                name=system,
                certificates=[_fingerprint(one) for one in certificate or []],
                request_id=new_request_id(),
            )
        )
    show(answer, COLUMNS, as_json=as_json)


def _fingerprint(text: str) -> bytes:
    """Reads the SHA-256 of a certificate as `openssl x509 -fingerprint -sha256` writes it, or without colons."""
    with suppress(ValueError):
        found = bytes.fromhex(text.replace(":", ""))
        if len(found) == sha256().digest_size:
            return found
    raise typer.BadParameter(
        f"{text!r} is no SHA-256 in hex; `openssl x509 -in FILE -noout -fingerprint -sha256` tells it",
        param_hint="--certificate",
    )
