"""`lienthong task`: who does what about a document."""

from datetime import datetime
from typing import Annotated

import typer

from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Filter,
    Json,
    RequestId,
    Size,
    choice,
    field,
    moment,
    session,
    show,
    show_list,
)
from lienthong.cli.names import whole
from lienthong.cli.typed import deadline, time_of
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

app = typer.Typer(help="Tasks: submit to the leader, assign, start, hand over, complete.")

TASK: tuple[Column, ...] = (
    ("task", field("name")),
    ("delivery", field("delivery")),
    ("kind", choice("kind", "TASK_KIND_")),
    ("unit", field("unit")),
    ("person", field("person")),
    ("instruction", field("instruction")),
    ("due", moment("due_time")),
    ("state", choice("state", "DELIVERY_STATE_")),
    ("started", moment("start_time")),
    ("handed over", moment("hand_over_time")),
    ("now", field("successor")),
    ("completed", moment("complete_time")),
)


Task = Annotated[str, typer.Argument(parser=whole("tasks"), metavar="TASK", help="A task, whole or as lists show it.")]


@app.command("assign")
def assign(
    delivery: Annotated[
        str, typer.Argument(parser=whole("deliveries"), metavar="DELIVERY", help="A delivery of yours.")
    ],
    *,
    submit: Annotated[bool, typer.Option("--submit", help="Submit to the leader instead of assigning.")] = False,
    unit: Annotated[str, typer.Option(help="Unit.")] = "",
    person: Annotated[str, typer.Option(help="Person.")] = "",
    instruction: Annotated[str, typer.Option(help="What to do.")] = "",
    due: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="Until when, in Viet Nam; a day ends with its last second."),
    ] = None,
    staff: Annotated[str, typer.Option(help="Who gives it.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Gives a task about DELIVERY; assigning reports 04."""
    request = pb.AssignTaskRequest(
        delivery=delivery,
        kind=pb.TASK_KIND_SUBMIT if submit else pb.TASK_KIND_ASSIGN,
        unit=unit,
        person=person,
        instruction=instruction,
        due_time=deadline(due),
        staff=document_pb2.Staff(name=staff) if staff else None,
        request_id=request_id or new_request_id(),
    )
    with session(who) as axis:
        answer = axis.workflow.AssignTask(request)
    show(answer, TASK, as_json=as_json)


@app.command("list")
def list_(*, limit: Size = 50, condition: Filter = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists tasks at your agency."""
    with session(who) as axis:
        answer = axis.workflow.ListTasks(pb.ListTasksRequest(page_size=limit, filter=condition))
    show_list(answer.tasks, TASK, as_json=as_json, more=answer.next_page_token)


@app.command("start")
def start(
    task: Task,
    *,
    note: Annotated[str, typer.Option(help="News of the work; the sender reads it.")] = "",
    staff: Annotated[str, typer.Option(help="Who works.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Notes that work on TASK has begun; reports 05."""
    request = pb.StartTaskRequest(
        name=task,
        note=note,
        staff=document_pb2.Staff(name=staff) if staff else None,
        request_id=request_id or new_request_id(),
    )
    with session(who) as axis:
        answer = axis.workflow.StartTask(request)
    show(answer, TASK, as_json=as_json)


@app.command("hand-over")
def hand_over(
    task: Task,
    *,
    unit: Annotated[str, typer.Option(help="Unit that takes it.")] = "",
    person: Annotated[str, typer.Option(help="Person who takes it.")] = "",
    instruction: Annotated[str, typer.Option(help="What to do; the same as before when absent.")] = "",
    due: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="Until when; the same as before when absent."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; the sender reads it.")] = "",
    staff: Annotated[str, typer.Option(help="Who hands it over.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Hands TASK over to another unit or person: a new task takes its place and reports 04 again."""
    request = pb.HandOverTaskRequest(
        name=task,
        unit=unit,
        person=person,
        instruction=instruction,
        due_time=deadline(due),
        reason=reason,
        staff=document_pb2.Staff(name=staff) if staff else None,
        request_id=request_id or new_request_id(),
    )
    with session(who) as axis:
        answer = axis.workflow.HandOverTask(request)
    show(answer, TASK, as_json=as_json)


@app.command("complete")
def complete(
    task: Task,
    *,
    result: Annotated[str, typer.Option(help="Result in words.")] = "",
    staff: Annotated[str, typer.Option(help="Who did it.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Completes TASK; the last one reports 06."""
    request = pb.CompleteTaskRequest(
        name=task,
        result=result,
        staff=document_pb2.Staff(name=staff) if staff else None,
        request_id=request_id or new_request_id(),
    )
    with session(who) as axis:
        answer = axis.workflow.CompleteTask(request)
    show(answer, TASK, as_json=as_json)
