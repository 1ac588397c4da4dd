"""The disk of the only broker is full: it ends, publishers keep what they have, and all of it goes out afterwards."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.small_disk import SmallDisk, small_disk
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.errors import Code
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.servers import ServerProcess

from .support import Load, complete_and_in_order, opened, section_of

DISK_BYTES = 64 * 1024 * 1024


@pytest.fixture
def cluster(tmp_path: Path) -> KafkaCluster:
    """A broker that was not started yet."""
    return KafkaCluster(tmp_path)


@pytest.fixture
def disk(cluster: KafkaCluster) -> Iterator[SmallDisk]:
    """A small disk on which it keeps its data; the broker runs."""
    (node,) = cluster.nodes
    data = node.folder / "data"
    with small_disk(data, DISK_BYTES) as made:
        shutil.copytree(data, made.seen, dirs_exist_ok=True)
        command = replace(node._command, arguments=[*made.inside, *node._command.arguments])
        node._process = ServerProcess(command, tied=True)
        try:
            cluster.start()
            yield made
        finally:
            cluster.kill()


def test_a_full_disk(cluster: KafkaCluster, disk: SmallDisk) -> None:
    """What was acknowledged is there and in order; a broker that is started with room again takes the rest.

    A batch of which some partitions had room stands in those as often as it was tried: consumers count.
    """
    section = section_of(cluster)
    with opened(section) as log, Load(log) as load:
        load.await_more(200)
        ballast = disk.fill()
        eventually(lambda: cluster.nodes[0].pid is None, "the broker ends")
        eventually(lambda: bool(load.failures))
        ballast.unlink()
        cluster.start()
        load.await_more(200)
    assert {error.code for error in load.failures} == {Code.UNAVAILABLE}
    first: dict[bytes, Record] = {}
    with opened(section) as log:
        reader = log.join("auditor", ["documents"])

        def all_read() -> bool:
            for one in reader.poll(500, 0.5):
                first.setdefault(one.value, one)
            return len(first) >= load.acknowledged

        eventually(all_read)
    assert complete_and_in_order([*first.values()], load.acknowledged)
