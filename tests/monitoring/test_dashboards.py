"""Every picture shows something: its queries are asked of a real Prometheus that looked at the real program.

`LIENTHONG_DASHBOARDS_RECORD` names a file into which the answers are written, as a table.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from rich.console import Console
from tests.monitoring.metrics import ROOT, asked, exposed, pasted
from tests.monitoring.server import Prometheus, looking_at

from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.demo.platform import DemoPlatform
from lienthong.demo.props import Props
from lienthong.demo.story import play
from lienthong.demo.trial import Codes, play_trial
from lienthong.dev.servers import free_port
from lienthong.notification.v1 import notification_pb2
from lienthong.workflow.v1 import workflow_pb2

FILES = sorted((ROOT / "charts" / "lienthong" / "dashboards").glob("*.json"))
_SECONDS = 240.0
# Long enough that what happened in the story alone is still seen when all has been asked for, however busy the machine.
RECORD = os.environ.get("LIENTHONG_DASHBOARDS_RECORD")
_FILLED_IN = {"$namespace": ".*", "$__rate_interval": "5m", "$__range": "10m"}
_TOLD = ("service", "method", "code", "step", "state", "engine", "topic", "pool", "sender", "recipient", "channel")

pytestmark = [pytest.mark.timeout(2400), pytest.mark.servers]
"""The first test builds Prometheus."""


def queries() -> Iterator[tuple[str, str]]:
    """Each query with the place where it is shown, as Grafana asks it."""
    for file in FILES:
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                query = target["expr"]
                for name, value in _FILLED_IN.items():
                    query = query.replace(name, value)
                yield f"{file.stem}: {panel['title']} ({target['legendFormat']})", query


def test_what_is_asked_for_is_exposed() -> None:
    """Every metric that a dashboard names exists in the program, or is recorded by a rule."""
    assert asked(" ".join(query for _place, query in queries())) <= exposed()


def test_every_picture_shows_something(tmp_path: Path) -> None:
    """The story and some documents after it are enough: each query then gives at least one number.

    What a runbook tells to paste is understood there too; whether it shows something depends on what is wrong.
    """
    folder, port = tmp_path / "platform", free_port()
    folder.mkdir()
    props = Props(folder / "trust", free_port(), (free_port(), free_port()))
    props.write(folder / "stage.yaml")
    watched = tmp_path / "prometheus"
    watched.mkdir()
    with DemoPlatform(folder, props, keep=False, metrics=port) as platform, looking_at(port, watched) as server:
        play(Console(quiet=True), tmp_path / "story", keep=False, against=platform.contexts / "operator.yaml")
        with platform.speak("operator") as operator, platform.speak("vpcp") as agency:
            assert empty_after_a_while(server, operator, agency) == {}
        assert [line for line in pasted() if not understood(server, line)] == []
        if RECORD:
            Path(RECORD).write_text(
                "\n".join(["| Picture | Series | Highest |", "|---|---|---|", *rows(server), ""]), "utf-8"
            )


def empty_after_a_while(server: Prometheus, operator: Axis, agency: Axis) -> dict[str, str]:
    """Sends documents and notices, reports a status, reads, until every query gives a number, or time is over.

    A rate needs two looks with a call between them, and on a busy machine those of the story lie between two looks.

    Returns:
        The queries that give none.
    """
    left, end = dict(queries()), time.monotonic() + _SECONDS
    while left and time.monotonic() < end:
        play_trial(Console(quiet=True), operator, Codes("Z98", "Z99"))
        agency.notification.ListNotices(notification_pb2.ListNoticesRequest())
        for one in agency.notification.ListSubscriptions(notification_pb2.ListSubscriptionsRequest()).subscriptions:
            test = notification_pb2.TestSubscriptionRequest(name=one.name, request_id=new_request_id())
            agency.notification.TestSubscription(test)
        nobodys = workflow_pb2.StatusReport(document_id="Z98,2026-01-01,1", code="03")
        report = workflow_pb2.ReportStatusesRequest(statuses=[nobodys], request_id=new_request_id())
        agency.workflow.ReportStatuses(report)
        left = {place: query for place, query in left.items() if not shows(server, query)}
    return left


def shows(server: Prometheus, query: str) -> bool:
    """Whether there is a number; a quantile of nothing is none."""
    return any(one["value"][1] != "NaN" for one in server.ask(query))


def understood(server: Prometheus, query: str) -> bool:
    """Whether there is an answer, be it empty."""
    try:
        server.ask(query)
    except HTTPError:
        return False
    return True


def rows(server: Prometheus) -> Iterator[str]:
    """What each picture shows: how many series, and the highest of them."""
    for place, query in queries():
        found = [one for one in server.ask(query) if one["value"][1] != "NaN"]
        highest = max(found, key=lambda one: float(one["value"][1]))
        value = f"{float(highest['value'][1]):.4g}"
        labels = [f"{name} {text}" for name, text in sorted(highest["metric"].items()) if name in _TOLD]
        yield f"| {place} | {len(found)} | {' '.join([value, *labels])} |"
