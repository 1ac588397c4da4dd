"""What a scrape of the real program says of deliveries that still owe something."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.waiting import until

from lienthong.common.v1 import directory_pb2 as common
from lienthong.demo.cast import Party, register
from lienthong.demo.platform import DemoPlatform
from lienthong.demo.props import Props
from lienthong.dev.servers import free_port
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2

SECONDS = 60.0
NOTHING = dict.fromkeys(("sent", "arrived", "accepted", "assigned", "processing"), 0.0)


class Scene(NamedTuple):
    """A running program, where its metrics are, and who exchanges documents."""

    metrics: str
    sender: Party
    recipient: Party

    def stand(self) -> dict[str, float]:
        """Deliveries by state, as a scrape has them."""
        families = text_string_to_metric_families(httpx.get(self.metrics).text)
        samples = next(one.samples for one in families if one.name == "lienthong_deliveries")
        return {one.labels["state"]: one.value for one in samples}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The real program, which counts often, with two agencies."""
    monkeypatch.setenv("LIENTHONG_WORKFLOW__COUNT_SECONDS", "0.1")
    port = free_port()
    props = Props(tmp_path / "trust", free_port(), (free_port(), free_port()))
    with ExitStack() as stack:
        platform = stack.enter_context(DemoPlatform(tmp_path / "data", props, keep=False, metrics=port))
        operator = stack.enter_context(platform.speak("operator"))
        parties = []
        for name, code in (("recipient", "H29"), ("sender", "G22")):
            agency = common.Agency(display_name=name, short_name=name, codes=[common.AgencyCode(code=code)])
            parties.append(register(platform, operator, name, agency))
            stack.enter_context(parties[-1].axis)
            # Known to intake once it is answered: the directory comes in order.
            parties[-1].axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1), timeout=SECONDS)
        recipient, sender = parties
        yield Scene(f"http://127.0.0.1:{port}/metrics", sender, recipient)


def test_numbers_follow_a_document_and_come_down_to_zero(scene: Scene) -> None:
    """A delivery is seen in each state that it goes through, in no other, and in none when its work is done."""

    def reaches(**wanted: float) -> None:
        assert until(lambda: scene.stand() == NOTHING | wanted, SECONDS), scene.stand()

    reaches()
    document = scene.sender.submit([scene.recipient.code], "1", "Về việc thống kê", ("a.txt", b"noi dung")).document
    reaches(sent=1.0)
    item = scene.recipient.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, document, SECONDS)
    scene.recipient.acknowledge(item)
    reaches(arrived=1.0)
    for code, state in (("03", "accepted"), ("04", "assigned"), ("05", "processing")):
        scene.recipient.report(item.delivery, code, "tiến độ")
        reaches(**{state: 1.0})
    scene.recipient.report(item.delivery, "06", "xong")
    reaches()
