"""What each call does while an engine is away, for every rpc; and every outage ends by itself."""

from collections.abc import Iterator

import pytest
from tests.faults.support.outages import ANSWERS, ENGINES, Row, Scene, outages, set_up
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.waiting import until

from lienthong.chassis.auth.policy import policy

SECONDS = 60.0
END_SECONDS = 30.0
"""As long as the chart lets a process take after its calls have ended."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, press: Press) -> Iterator[Scene]:
    """Every service as a process on real engines."""
    folder = tmp_path_factory.mktemp("outages")
    press.write_trust(folder / "trust")
    processes = Processes(folder, {"intake": {"uploads_per_agency": 1000}}, copies=1)
    try:
        found = set_up(processes)
        yield found
        for axis in found.sessions.values():
            axis.close()
    finally:
        processes.close()


def test_the_table_has_a_row_for_every_rpc() -> None:
    """A new rpc without a row fails here."""
    assert {row.method for row in outages()} == policy().keys()


def differing(scene: Scene, away: str) -> list[str]:
    """Does every call until it ends as the table says; tells what else those do that never come to it.

    Who a caller is may be known from memory for some seconds while the database is away, and a client that could not
    connect tries again after a moment.
    """
    found: dict[Row, str] = dict.fromkeys(outages(), "")

    def settled() -> bool:
        for row in [*found]:
            found[row] = scene.outcome(row)
            if found[row] == row.outcomes.get(away, ANSWERS):
                del found[row]
        return not found

    until(settled, SECONDS)
    return [f"{row.method}: {outcome}" for row, outcome in found.items()]


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_while_an_engine_is_away(scene: Scene, engine: str) -> None:
    """Each call answers, or says UNAVAILABLE and when to come again; once the engine is back each answers."""
    server = scene.processes.engine(engine)
    server.kill()
    try:
        assert not differing(scene, engine)
    finally:
        server.start()
    assert not differing(scene, "")


def test_a_service_ends_while_the_brokers_hang(scene: Scene) -> None:
    """SIGTERM is obeyed within the time of its supervisor, with an event in hand that nobody takes; none is lost."""
    kafka, platform = scene.processes.engine("kafka"), scene.processes.platform
    (intake,) = [copy for copy in platform.copies if copy.service == "intake"]
    kafka.pause()
    try:
        sent = scene.send()
        running = intake.process.process()
        assert running is not None
        running.terminate()
        assert until(lambda: intake.process.process() is None, END_SECONDS)
    finally:
        kafka.resume()
    scene.processes.replace(intake)
    assert until(lambda: scene.has_come(sent), SECONDS)


def test_calls_while_signing_is_away(scene: Scene) -> None:
    """Everybody else answers; what is sent meanwhile is delivered without a verdict."""
    (signing,) = [copy for copy in scene.processes.platform.copies if copy.service == "signing"]
    signing.process.kill()
    try:
        assert not differing(scene, "signing")
        assert scene.arrives()
    finally:
        scene.processes.replace(signing)
    assert not differing(scene, "")
