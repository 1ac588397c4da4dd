"""`lienthong doctor --cluster` asks every copy by itself, and finds what one copy alone cannot know."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import yaml
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from tests.integration.cli.conftest import Cluster
from tests.kafka_strangers import settings_of_others

from lienthong.chassis.checks import of_schema
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.cli.cluster import Seen, compared
from lienthong.client import load_context
from lienthong.client.context import SERVICES
from lienthong.demo.timeline import wait_for
from lienthong.dev.postgres import PostgresServer
from lienthong.engines import CONTENTS

HELD = '"offset", type, subject, sequence, event_id, event_time, traceparent, value, held_at, reason'

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]


def test_every_copy_is_asked(cluster: Cluster) -> None:
    """Nothing wrong: each copy is named with its certificate, clock and disk, each service with its events."""
    wait_for("a platform that is well", lambda: not cluster.wrong())
    found = cluster.findings()
    for copy in cluster.platform.copies:
        place = f"{copy.service} at 127.0.0.1:{copy.port}"
        parts = ("", ": certificate", ": clock", ": disk", ": topics", ": what is deprecated")
        assert {f"{place}{part}" for part in parts} <= set(found)
        assert (f"{place}: contents" in found) is (copy.service in CONTENTS)
        assert f"{copy.service}: schema at 127.0.0.1:{copy.port}" in found
    for service in SERVICES:
        assert {f"{service}: {what}" for what in ("outbox", "lag", "dead letters", "parked")} <= set(found)
    assert found["versions"]["text"].startswith("6 copies of")


def test_a_copy_that_is_away(cluster: Cluster) -> None:
    """One of two copies away: it is told by its address, and the service is still asked at the other."""
    copy = cluster.copy("routing-2")
    copy.process.stop(40.0)
    try:
        assert set(cluster.wrong()) == {f"routing at 127.0.0.1:{copy.port}"}
        assert "routing: lag" in cluster.findings()
    finally:
        cluster.platform.await_serving(copy)


def test_a_service_without_a_copy(cluster: Cluster) -> None:
    """No copy answers: that nobody can call the service is told, beside each address."""
    copy = cluster.copy("notification-1")
    copy.process.stop(40.0)
    try:
        assert set(cluster.wrong()) == {f"notification at 127.0.0.1:{copy.port}", "notification"}
    finally:
        cluster.platform.await_serving(copy)


def test_an_object_store_that_is_away(cluster: Cluster) -> None:
    """Each copy that works with contents tells for itself that it cannot reach them; the others do not ask."""
    store = cluster.platform.engines["objects"]
    store.stop()
    try:
        wrong = cluster.wrong()
        users = [one for one in cluster.platform.copies if one.service in CONTENTS]
        assert {f"{one.service} at 127.0.0.1:{one.port}: contents" for one in users} == set(wrong)
    finally:
        store.start()
    wait_for("contents again", lambda: not cluster.wrong())


def test_an_event_log_that_is_away(cluster: Cluster) -> None:
    """Without Kafka topics and lag cannot be asked: told with the reason, and everything else is looked at."""
    log = cluster.platform.engines["kafka"]
    log.stop()
    try:
        found = cluster.findings()
        wrong = {name for name, one in found.items() if not one["ok"]}
        assert {f"{service}: lag" for service in SERVICES} <= wrong
        assert {f"{one.service} at 127.0.0.1:{one.port}: topics" for one in cluster.platform.copies} <= wrong
        assert found["intake: outbox"]["ok"]
    finally:
        log.start()
    wait_for("the event log again", lambda: not cluster.wrong(), 120.0)


def test_a_schema_that_is_not_the_programs(cluster: Cluster) -> None:
    """One version ahead is told and not wrong; two are, with what to do."""
    with administered(cluster) as server:
        ((standing,),) = server.execute("SELECT version_num FROM signing.alembic_version").fetchall()
        was = int(str(standing))
        name = f"signing: schema at 127.0.0.1:{cluster.copy('signing-1').port}"
        try:
            stand(server, was + 1)
            found = cluster.findings()[name]
            assert found["ok"]
            assert "newer program" in found["advice"]
            stand(server, was + 2)
            assert set(cluster.wrong()) == {name}
        finally:
            stand(server, was)


def test_a_schema_that_is_behind() -> None:
    """One version behind is told and not wrong; two are, and so is none at all: the program's own command mends it."""
    late, too_late, nothing = of_schema("0003", "0004", -1), of_schema("0002", "0004", -2), of_schema("", "0004", -4)
    assert late.well
    assert "db upgrade" in late.advice
    assert not too_late.well
    assert not nothing.well
    assert "db upgrade" in too_late.remedy
    assert nothing.text == "has no tables"
    assert of_schema("0004", "0004", 0).advice == ""


def test_dead_letters_and_parked_events(cluster: Cluster) -> None:
    """They are told of the service that has them, once, however many copies it has."""
    with administered(cluster) as server:
        # The third of an aggregate without the two before it: one that waits for nothing is taken at the next sweep.
        for table, more in (("dead_letters", "attempts"), ("parked_events", "waits_for")):
            columns = f"(id, topic, partition, {HELD}, {more})"
            values = "('x', 't', 0, 0, 't', 's', 3, 'e', '2026', '', '', 1, 'broken', '3')"
            server.execute(f"INSERT INTO routing.{table} {columns} VALUES {values}")  # noqa: S608 -- our own words
        try:
            assert set(cluster.wrong()) == {"routing: dead letters", "routing: parked"}
        finally:
            server.execute("DELETE FROM routing.dead_letters")
            server.execute("DELETE FROM routing.parked_events")


def test_settings_of_topics(cluster: Cluster) -> None:
    """With a configuration that may look, a setting that somebody changed is told with what it should be."""
    config = cluster.copy("intake-1").config
    section = KafkaSection.model_validate(yaml.safe_load(config.read_text("utf-8"))["engines"]["kafka"])
    as_operator = KafkaSection.model_validate(cluster.platform.engines["kafka"].settings())
    file = cluster.platform.folder / "operator-config.yaml"
    file.write_text(yaml.safe_dump({"engines": {"kafka": as_operator.model_dump(mode="json")}}), "utf-8")
    topic = f"{section.topic_prefix}signing-verdicts-v1"
    assert cluster.findings("--config", str(file))["settings of topics"]["ok"]
    set_retention(as_operator, topic, "1000")
    try:
        wrong = cluster.wrong("--config", str(file))
        assert set(wrong) == {"settings of topics"}
        assert "retention.ms" in wrong["settings of topics"]
    finally:
        set_retention(as_operator, topic, str(7 * 24 * 3600 * 1000))


def test_topics_with_other_partitions(cluster: Cluster) -> None:
    """Partitions that were added by hand are told by each service that uses the topic. The last test: they stay."""
    section = KafkaSection.model_validate(cluster.platform.engines["kafka"].settings())
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.create_partitions({f"{section.topic_prefix}workflow-progress-v1": 5})
    admin.close()
    users = [one for one in cluster.platform.copies if one.service in ("routing", "workflow", "notification")]
    expected = {f"{one.service} at 127.0.0.1:{one.port}: topics" for one in users}
    wait_for("brokers that know", lambda: expected == set(cluster.wrong()))


def test_copies_that_do_not_fit() -> None:
    """Two versions, and two clocks that differ though each is near this machine's, are told by their places."""
    findings = {
        one.what: one for one in compared([Seen("a at x:1", "x/1", "1.0", -1.5), Seen("a at y:1", "y/1", "1.1", 1.5)])
    }
    assert not any(one.ok for one in findings.values())
    assert "1.1: a at y:1" in findings["versions"].text
    assert "3.0 s apart: a at y:1 is ahead of a at x:1" in findings["clocks of copies"].text
    alike = list(compared([Seen("a at x:1", "x/1", "1.0", 0.0), Seen("b at x:2", "x/2", "1.0", 0.5)]))
    assert all(one.ok for one in alike)


def test_one_name_for_many_copies(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for several addresses gives each of them, under the one name that certificates have."""
    places = [(socket.AF_INET, 1, 6, "", (f"10.0.0.{last}", 7443)) for last in (1, 2)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: places)
    (cluster.platform.contexts / "named.yaml").write_text("address: axis.example:7443\n", "utf-8")
    found = load_context(cluster.platform.contexts / "named.yaml").copies_of("intake")
    assert [(one.address, one.server_name) for one in found] == [
        ("10.0.0.1:7443", "axis.example"),
        ("10.0.0.2:7443", "axis.example"),
    ]


@contextmanager
def administered(cluster: Cluster) -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    """A connection of the database's administrator."""
    engine = cluster.platform.engines["postgres"]
    assert isinstance(engine, PostgresServer)
    with engine.administer("lienthong") as server:
        yield server


def stand(server: "psycopg.Connection[tuple[object, ...]]", version: int) -> None:
    """Says that the schema of signing is at another version."""
    server.execute("UPDATE signing.alembic_version SET version_num = %s", (f"{version:04}",))


def set_retention(section: KafkaSection, topic: str, milliseconds: str) -> None:
    """Changes one setting of a topic."""
    admin = KafkaAdminClient(**settings_of_others(section))
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": milliseconds})])
    admin.close()
