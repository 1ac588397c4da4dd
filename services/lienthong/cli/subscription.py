"""`lienthong subscription`: of what one wants to be told, and how."""

from typing import Annotated, Literal

import typer

from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    RequestId,
    Size,
    choice,
    field,
    out,
    print_json,
    session,
    show,
    show_list,
)
from lienthong.cli.names import whole
from lienthong.cli.notice import NOTICE
from lienthong.client.transfers import new_request_id
from lienthong.notification.v1 import notification_pb2 as pb

app = typer.Typer(help="Subscriptions: in-app, e-mail, webhook.")

CHANNELS = {"in-app": pb.CHANNEL_IN_APP, "email": pb.CHANNEL_EMAIL, "webhook": pb.CHANNEL_WEBHOOK}

SUBSCRIPTION: tuple[Column, ...] = (
    ("subscription", field("name")),
    ("channel", choice("channel", "CHANNEL_")),
    ("target", field("target")),
    ("kinds", lambda one: ", ".join(one.kinds) or "all"),
    ("secret", field("secret")),
)


Subscribed = Annotated[
    str,
    typer.Argument(
        parser=whole("subscriptions"), metavar="SUBSCRIPTION", help="A subscription, whole or as lists show it."
    ),
]


@app.command("add")
def add(
    channel: Annotated[Literal["in-app", "email", "webhook"], typer.Argument(help="How to be told.")],
    target: Annotated[str, typer.Argument(help="E-mail address or URL.")] = "",
    *,
    kind: Annotated[list[str] | None, typer.Option(help="Kind of event; may be repeated; all when absent.")] = None,
    minimum_priority: Annotated[int, typer.Option(help="Only documents at least this urgent.", min=0, max=4)] = 0,
    person: Annotated[str, typer.Option(help="For this person only.")] = "",
    language: Annotated[Literal["vi", "en"], typer.Option(help="Language of the texts.")] = "vi",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Subscribes; a webhook's secret is shown once."""
    subscription = pb.Subscription(
        channel=CHANNELS[channel],
        target=target,
        kinds=kind or [],
        minimum_priority=minimum_priority,
        person=person,
        language=language,
    )
    with session(who) as axis:
        answer = axis.notification.CreateSubscription(
            pb.CreateSubscriptionRequest(subscription=subscription, request_id=request_id or new_request_id())
        )
    show(answer, SUBSCRIPTION, as_json=as_json)


@app.command("list")
def list_(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists subscriptions of your agency."""
    with session(who) as axis:
        answer = axis.notification.ListSubscriptions(pb.ListSubscriptionsRequest(page_size=limit))
    show_list(answer.subscriptions, SUBSCRIPTION[:-1], as_json=as_json, more=answer.next_page_token)


@app.command("remove")
def remove(subscription: Subscribed, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Ends a subscription."""
    with session(who) as axis:
        axis.notification.DeleteSubscription(
            pb.DeleteSubscriptionRequest(name=subscription, request_id=new_request_id())
        )
    if as_json:
        print_json({"removed": subscription})
    else:
        out.print(f"{subscription} ended", markup=False, soft_wrap=True)


@app.command("test")
def try_out(subscription: Subscribed, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Sends a test notice through the channel; `lienthong notice attempts` tells how it went."""
    with session(who) as axis:
        answer = axis.notification.TestSubscription(
            pb.TestSubscriptionRequest(name=subscription, request_id=new_request_id())
        )
    show(answer, NOTICE, as_json=as_json)
