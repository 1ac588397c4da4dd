"""`lienthong doctor --prometheus` says what a real Prometheus knows: promises, firing alerts, missing rules."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring.metrics import RULES, rules
from tests.monitoring.server import Prometheus, looking_at
from tests.waiting import eventually

from lienthong.cli.findings import Finding
from lienthong.cli.objectives import of_objectives
from lienthong.dev.servers import free_port

_SECONDS = 60.0

pytestmark = [pytest.mark.timeout(2400), pytest.mark.servers]
"""The first test builds Prometheus."""


@pytest.fixture
def metrics() -> Iterator[int]:
    """A port with the metrics of a program that fails one call in two, and whose clock is wrong."""
    calls = 'lienthong_rpc_calls_total{method="lienthong.intake.v1.Intake/SubmitDocument",code="%s"} %d\n'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answers with counts that grow."""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            count = int(time.monotonic() * 100)
            self.wfile.write((calls % ("OK", count) + calls % ("INTERNAL", count)).encode())

        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def found_by(server: Prometheus, condition: Callable[[dict[str, Finding]], bool]) -> dict[str, Finding]:
    """What doctor finds, by what was looked at, once a condition holds."""

    def look() -> dict[str, Finding] | None:
        found = {one.what: one for one in of_objectives(server.url)}
        return found if condition(found) else None

    return eventually(look, "what doctor finds", _SECONDS)


def test_promises_and_alerts(metrics: int, tmp_path: Path) -> None:
    """A promise that is not kept is told with the part that failed and its alert; so is a cause, with its runbook."""
    with looking_at(metrics, tmp_path) as server:
        found = found_by(server, lambda found: not found["objective accept-availability"].ok)
    promise = found["objective accept-availability"]
    assert promise.text.startswith("50.")
    assert "LienthongAcceptAvailability (page)" in promise.text
    assert "objectives.md#lienthongacceptavailability" in promise.remedy
    assert found["objective seal-delay"].ok
    objectives = {one["labels"]["objective"] for one in rules() if "objective" in one.get("labels", {})}
    assert {f"objective {name}" for name in objectives} <= set(found)
    assert found["alerts on causes"].ok


def test_a_cause_that_fires(metrics: int, tmp_path: Path) -> None:
    """An alert on a cause is told with where it fires and its runbook."""
    file = tmp_path / "causes.yaml"
    rule: dict[str, Any] = {"alert": "LienthongMadeUp", "expr": "sum by (code) (lienthong_rpc_calls_total) > 0"}
    rule |= {"labels": {"severity": "ticket", "service": "intake"}, "annotations": {"runbook_url": "causes.md#madeup"}}
    file.write_text(yaml.safe_dump({"groups": [{"name": "lienthong-causes", "rules": [rule]}]}), "utf-8")
    with looking_at(metrics, tmp_path, [file]) as server:
        found = found_by(server, lambda found: "alert LienthongMadeUp" in found)["alert LienthongMadeUp"]
    assert not found.ok
    assert found.text == "fires: intake"
    assert "causes.md#madeup" in found.remedy


def test_a_prometheus_without_rules(metrics: int, tmp_path: Path) -> None:
    """A Prometheus that has no rules of the platform tells nobody of trouble: that is wrong by itself."""
    with looking_at(metrics, tmp_path, []) as server:
        (only,) = of_objectives(server.url)
    assert not only.ok
    assert "no rules" in only.text
    assert str(RULES[0].parent.name) in only.remedy


@pytest.mark.parametrize("answer", [b"<html>", json.dumps({"data": []}).encode(), b'{"data": {"groups": 7}}'])
def test_who_is_no_prometheus(answer: bytes) -> None:
    """Nobody there, or somebody else: told with the address, and nothing breaks."""
    (nobody,) = of_objectives(f"http://127.0.0.1:{free_port()}")
    assert not nobody.ok

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answers with something else."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (other,) = of_objectives(url)
        server.shutdown()
        thread.join()
    assert not other.ok
    assert url in other.text
