"""Topics on a cluster: compared, made, changed, never removed; and the commands for it."""

import json
import os
import uuid
from pathlib import Path

import pytest
import yaml
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from tests.kafka_strangers import settings_of_others
from tests.waiting import eventually
from typer.testing import CliRunner, Result

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.engines.eventlog import Topic
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.topics import CONSUMED, PUBLISHED, TOPICS
from lienthong.cli.main import app
from lienthong.dev.kafka import KafkaCluster
from lienthong.engines import Engines
from lienthong.settings import Settings


@pytest.fixture
def settings(kafka: KafkaCluster) -> KafkaSection:
    """Settings under a fresh prefix; no topic is there."""
    return KafkaSection.model_validate({**kafka.settings(), "topic_prefix": f"{uuid.uuid4().hex[:8]}-"})


def test_apply_and_diff(settings: KafkaSection) -> None:
    """What is missing is made, what was changed is changed back, and then nothing differs."""
    assert {one.kind for one in topics.diff(settings, TOPICS)} == {"missing"}
    assert len(topics.apply(settings, TOPICS)) == len(TOPICS)
    assert topics.diff(settings, TOPICS) == []
    admin = KafkaAdminClient(**settings_of_others(settings))
    name = settings.topic_prefix + TOPICS[0].name
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "1000"})])
    admin.close()
    eventually(lambda: bool(topics.diff(settings, TOPICS)))
    (changed,) = topics.diff(settings, TOPICS)
    assert (changed.topic, changed.kind, changed.name, changed.found) == (name, "setting", "retention.ms", "1000")
    assert topics.apply(settings, TOPICS) == [changed]
    assert topics.diff(settings, TOPICS) == []
    assert topics.apply(settings, TOPICS) == []


def test_partitions_are_added_only_when_asked(settings: KafkaSection) -> None:
    """More partitions move keys, so they need a word; fewer, or other copies, are never made here."""
    topics.apply(settings, [Topic("documents", 2, 60)])
    more, fewer = [Topic("documents", 3, 60)], [Topic("documents", 1, 60)]
    assert topics.apply(settings, more) == []
    assert [one.kind for one in topics.diff(settings, more)] == ["partitions"]
    assert [one.wanted for one in topics.apply(settings, more, more_partitions=True)] == ["3"]
    assert topics.diff(settings, more) == []
    assert topics.apply(settings, fewer, more_partitions=True) == []
    copies = settings.model_copy(update={"replication_factor": 2})
    assert topics.apply(copies, more) == []
    assert [one.kind for one in topics.diff(copies, more)] == ["replication_factor"]


def test_what_every_service_sees(settings: KafkaSection, tmp_path: Path) -> None:
    """Missing topics and other numbers of partitions are seen; settings are not, for which one needs more rights."""
    wanted = [Topic("documents", 2, 60), Topic("verdicts", 1, 60)]
    topics.apply(settings, wanted[:1])
    (missing,) = topics.seen(settings, wanted)
    assert (missing.topic, missing.kind) == (f"{settings.topic_prefix}verdicts", "missing")
    assert topics.seen(settings, [Topic("documents", 2, 61)]) == []
    (fewer,) = topics.seen(settings, [Topic("documents", 3, 60)])
    assert (fewer.kind, fewer.found, fewer.wanted) == ("partitions", "2", "3")
    section = {"engines": {"kafka": settings.model_dump()}, "data_dir": tmp_path}
    engines = Engines(Settings.model_validate(section), SystemClock(), Uuid7Source())
    try:
        assert {one.partition(":")[2] for one in engines.topics(["intake"])} == {
            " missing instead of 1 partitions (missing)",
            " missing instead of 4 partitions (missing)",
        }
    finally:
        engines.close()


def run(settings: KafkaSection, folder: Path, *arguments: str) -> Result:
    """Runs the command with a configuration file."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"engines": {"kafka": settings.model_dump(mode="json")}}), "utf-8")
    return CliRunner().invoke(app, ["topics", *arguments, "--config", str(file)], env={**os.environ, "COLUMNS": "200"})


def test_commands(settings: KafkaSection, tmp_path: Path) -> None:
    """Exit code 3 while something differs, 0 when nothing does; JSON for programs."""
    before = run(settings, tmp_path, "diff", "--json")
    assert before.exit_code == 3
    assert len(json.loads(before.stdout)) == len(TOPICS)
    assert run(settings, tmp_path, "apply").exit_code == 0
    after = run(settings, tmp_path, "diff")
    assert (after.exit_code, after.stdout.strip()) == (0, "the topics are as declared")


def test_commands_without_a_cluster(tmp_path: Path) -> None:
    """Rights are listed without one; a cluster that is away is said in words."""
    away = KafkaSection(servers=("127.0.0.1:1",), security="plaintext", answer_seconds=0.5)
    failed = run(away, tmp_path, "diff")
    # The program tells it like every error of an engine, and ends with the exit code for one that is away.
    assert isinstance(failed.exception, AxisError)
    assert failed.exception.reason == "EVENT_LOG_AWAY"
    listed = json.loads(run(away, tmp_path, "rights", "--json").stdout)
    written = {(row["principal"], row["name"]) for row in listed if row["operation"] == "write"}
    assert written == {(service, topic) for service, names in PUBLISHED.items() for topic in names}
    read = {(row["principal"], row["name"]) for row in listed if (row["operation"], row["kind"]) == ("read", "topic")}
    assert read == {(service, topic) for service, names in CONSUMED.items() for topic in names}
    assert {row["name"] for row in listed if row["kind"] == "group"} == set(PUBLISHED)
