"""A store of contents that hangs takes one thread, not all of them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.waiting import eventually

from lienthong.chassis.engines.objects.bucket import Bucket
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.silence import Silence
from lienthong.chassis.errors import AxisError, Code, unavailable

pytestmark = pytest.mark.servers

HANGS_SECONDS = 0.7
AT_ONCE_SECONDS = 0.25


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    """A bucket of a server that takes connections and never answers."""
    for name in ("id", "secret"):
        (tmp_path / name).write_text("x", "ascii")
    with socket.create_server(("127.0.0.1", 0)) as server:
        section = ObjectsSection(
            url="s3://bucket/place",
            endpoint=f"http://127.0.0.1:{server.getsockname()[1]}",
            access_key_id_file=tmp_path / "id",
            secret_access_key_file=tmp_path / "secret",
            connect_seconds=HANGS_SECONDS,
            request_seconds=HANGS_SECONDS,
            retries=0,
        )
        yield Bucket(section)


def seconds_of(bucket: Bucket) -> float:
    """Asks for an object that never comes; tells how long that took."""
    began = time.monotonic()
    with pytest.raises(AxisError) as away:
        bucket.get("object")
    assert (away.value.code, away.value.reason) == (Code.UNAVAILABLE, "CONTENT_STORE_AWAY")
    return time.monotonic() - began


def test_one_request_at_a_time_asks_a_store_that_hangs(bucket: Bucket) -> None:
    """Whoever comes while another waits for a store that was silent is told at once; then it is asked again."""
    assert seconds_of(bucket) >= HANGS_SECONDS
    waited: list[float] = []
    asking = threading.Thread(target=lambda: waited.append(seconds_of(bucket)))
    asking.start()
    eventually(lambda: bucket._silence._tried)
    assert min(seconds_of(bucket) for _ in range(5)) < AT_ONCE_SECONDS
    asking.join(10)
    assert waited[0] >= HANGS_SECONDS
    assert seconds_of(bucket) >= HANGS_SECONDS


@pytest.mark.parametrize("ends", ["answered", "none", "refused at once"])
def test_a_store_that_answers_is_asked_by_all(ends: str) -> None:
    """One answer is enough, whatever it says: nobody is turned away any more."""
    silence, began, goes_on = Silence(0.05), threading.Event(), threading.Event()

    def hang() -> None:
        time.sleep(0.06)
        raise unavailable("CONTENT_STORE_AWAY", "away", timedelta(0))

    def wait() -> str:
        began.set()
        goes_on.wait(10)
        return "found"

    def end() -> str:
        if ends == "none":
            raise FileNotFoundError
        if ends == "refused at once":
            raise unavailable("CONTENT_STORE_REFUSES", "refused", timedelta(0))
        return "found"

    with pytest.raises(AxisError):
        silence.ask(hang)
    with suppress(AxisError, FileNotFoundError):
        silence.ask(end)
    waiting = threading.Thread(target=silence.ask, args=(wait,))
    waiting.start()
    began.wait(10)
    assert silence.ask(lambda: "also") == "also"
    goes_on.set()
    waiting.join(10)
