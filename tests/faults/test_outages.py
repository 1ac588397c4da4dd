"""What each call does while an engine is away, for every rpc; and every outage ends by itself."""

from collections.abc import Iterator

import pytest
from tests.faults.support.outages import ANSWERS, ENGINES, Scene, outages, set_up
from tests.faults.support.papers import Press
from tests.faults.support.processes import Processes
from tests.faults.support.traffic import until

from lienthong.chassis.auth.policy import policy

BACK_SECONDS = 60.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, press: Press) -> Iterator[Scene]:
    """Every service as a process on real engines."""
    folder = tmp_path_factory.mktemp("outages")
    press.write_trust(folder / "trust")
    processes = Processes(folder, {}, copies=1)
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
    """Does every call; tells those that end in another way than the table says."""
    wrongs = []
    for row in outages():
        expected = row.outcomes[away] if away else ANSWERS
        found = scene.outcome(row)
        if found != expected:
            wrongs.append(f"{row.method}: {found}, not {expected}")
    return wrongs


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_while_an_engine_is_away(scene: Scene, engine: str) -> None:
    """Each call answers, or says UNAVAILABLE and when to come again; once the engine is back each answers."""
    assert not differing(scene, "")
    server = scene.processes.engine(engine)
    server.kill()
    try:
        assert not differing(scene, engine)
    finally:
        server.start()
    assert until(lambda: not differing(scene, ""), BACK_SECONDS), differing(scene, "")


def test_calls_while_signing_is_away(scene: Scene) -> None:
    """Everybody else answers, and what is sent meanwhile is delivered without a verdict."""
    (signing,) = [copy for copy in scene.processes.platform.copies if copy.service == "signing"]
    signing.process.kill()
    try:
        assert not differing(scene, "signing")
    finally:
        scene.processes.replace(signing)
    assert until(lambda: not differing(scene, ""), BACK_SECONDS), differing(scene, "")
