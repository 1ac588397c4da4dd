"""TLS, passwords, rights: who is let in, who may do what, and what the others are told."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaAdminClient
from kafka.admin import UserScramCredentialUpsertion
from tests.kafka_strangers import settings_of_others
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import NewRecord, Record
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import DIRECTORY, DOCUMENTS, VERDICTS
from lienthong.chassis.topics import CONSUMED, PUBLISHED, TOPICS
from lienthong.dev.credentials import Credentials
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.kafka.grants import grant

ANY: Any = None
EVERY_RIGHT = AclBindingFilter(
    ResourceType.ANY, ANY, ResourcePatternType.ANY, ANY, ANY, AclOperation.ANY, AclPermissionType.ANY
)
ONE = {topic: NewRecord(topic, b"key", b"value", {}) for topic in (DOCUMENTS, VERDICTS)}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """A broker with TLS, SCRAM and rights; the topics are there."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("secure"), secure=True)
    try:
        cluster.start()
        topics.apply(KafkaSection.model_validate(cluster.settings()), TOPICS)
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def logs() -> Iterator[list[KafkaEventLog]]:
    """Logs that are closed in the end."""
    opened: list[KafkaEventLog] = []
    yield opened
    for log in opened:
        log.close()


def log_of(
    logs: list[KafkaEventLog],
    cluster: KafkaCluster,
    who: str,
    more: Mapping[str, object] = MappingProxyType({}),
    *,
    scram: bool = False,
) -> KafkaEventLog:
    """Opens the log as a service; `more` changes its settings."""
    quick = {"publish_seconds": 4.0, "answer_seconds": 2.0, "session_seconds": 6.0}
    section = {**cluster.settings_of(who, scram=scram), **quick, **more}
    logs.append(KafkaEventLog(KafkaSection.model_validate(section), TOPICS))
    return logs[-1]


@pytest.mark.parametrize("scram", [False, True], ids=["certificate", "password"])
def test_rights(secure: KafkaCluster, logs: list[KafkaEventLog], *, scram: bool) -> None:
    """A service publishes to its own topics and consumes those it needs, in its own group; all else is refused."""
    intake = log_of(logs, secure, "intake", scram=scram)
    intake.publish([ONE[DOCUMENTS]])
    signing = log_of(logs, secure, "signing", scram=scram)
    reader = signing.join("signing", CONSUMED["signing"])
    records: list[Record] = []
    while not records:
        records = list(reader.poll(10, 5.0))
    reader.commit(records)
    assert sum(lag.records for lag in signing.lag("signing", CONSUMED["signing"])) == 0
    for ask, named in (
        (lambda: intake.publish([ONE[VERDICTS]]), VERDICTS),
        (lambda: intake.join("intake", [DOCUMENTS]).poll(1, 1.0) and None, DOCUMENTS),
        (lambda: intake.join("intake", [VERDICTS]).poll(1, 1.0), VERDICTS),
        (lambda: intake.join("routing", [DIRECTORY]).poll(1, 5.0), "group routing"),
        (lambda: intake.lag("routing", [DIRECTORY]), "group routing"),
        (
            lambda: topics.diff(KafkaSection.model_validate(secure.settings_of("routing", scram=scram)), TOPICS),
            "topic settings, which are for",
        ),
    ):
        with pytest.raises(AxisError, match="lienthong topics rights") as refused:
            ask()
        assert (refused.value.code, refused.value.reason) == (Code.PERMISSION_DENIED, "EVENT_LOG_FORBIDDEN")
        assert named in refused.value.message
    intake.publish([ONE[DOCUMENTS]])


def test_rights_that_are_taken_and_given_back(secure: KafkaCluster, logs: list[KafkaEventLog]) -> None:
    """Whoever publishes or consumes is told meanwhile, and goes on by itself behind what it had."""
    section = KafkaSection.model_validate(secure.settings())
    intake = log_of(logs, secure, "intake")
    reader = log_of(logs, secure, "signing").join("signing", CONSUMED["signing"])
    written: list[bytes] = []
    found: list[bytes] = []

    def said(ask: Callable[[], object]) -> str:
        try:
            ask()
        except AxisError as error:
            return error.reason
        return "done"

    def write() -> None:
        value = b"%d" % len(written)
        intake.publish([NewRecord(DOCUMENTS, b"taken", value, {})])
        written.append(value)

    def read() -> None:
        records = reader.poll(10, 0.1)
        found.extend(record.value for record in records if record.key == b"taken")
        reader.commit(records)

    write()
    eventually(lambda: said(read) == "done" and found == written)
    admin = AdminClient(options(section))
    admin.delete_acls([EVERY_RIGHT])[EVERY_RIGHT].result(30.0)
    eventually(lambda: said(write) == "EVENT_LOG_FORBIDDEN")
    eventually(lambda: said(read) == "EVENT_LOG_FORBIDDEN")
    grant(section)
    eventually(lambda: said(write) == "done")
    eventually(lambda: said(read) == "done" and found == written)


@pytest.mark.parametrize("service", PUBLISHED)
def test_every_service_has_what_it_needs(secure: KafkaCluster, logs: list[KafkaEventLog], service: str) -> None:
    """With its own certificate each service publishes to all its topics, joins its group, and sees its lag."""
    log = log_of(logs, secure, service)
    log.publish([NewRecord(topic, b"key", b"value", {}) for topic in PUBLISHED[service]])
    reader = log.join(service, CONSUMED[service])
    while not reader.assigned:
        reader.poll(10, 0.2)
    log.lag(service, CONSUMED[service])


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """Credentials of another authority."""
    made = Credentials(tmp_path_factory.mktemp("foreign") / "credentials")
    made.make(("intake",))
    return made


def test_who_is_not_let_in(secure: KafkaCluster, logs: list[KafkaEventLog], foreign: Credentials) -> None:
    """The error says why, which the library's own does not."""
    strange = {"certificate_file": foreign.certificate("intake"), "key_file": foreign.key("intake")}
    password = {"password_file": foreign.password("intake")}
    for log, cause in (
        (log_of(logs, secure, "intake", strange), "(?i)certificate"),
        (log_of(logs, secure, "intake", {"ca_file": foreign.authority}), "(?i)certificate verify failed"),
        (log_of(logs, secure, "intake", password, scram=True), "Authentication failed|wrong user or password"),
    ):
        with pytest.raises(AxisError, match=cause) as refused:
            log.publish([ONE[DOCUMENTS]])
        assert refused.value.code is Code.UNAVAILABLE


def test_a_file_that_is_missing(secure: KafkaCluster, logs: list[KafkaEventLog], tmp_path: Path) -> None:
    """It is named."""
    for way in ("key_file", "ca_file"):
        log = log_of(logs, secure, "intake", {way: tmp_path / "absent.pem"})
        with pytest.raises(AxisError, match=r"absent\.pem"):
            log.publish([ONE[DOCUMENTS]])


def test_a_password_that_is_changed(secure: KafkaCluster, logs: list[KafkaEventLog], tmp_path: Path) -> None:
    """With the next connection the one in the file is shown: whoever publishes or consumes goes on by itself."""
    assert secure.credentials is not None
    file = tmp_path / "password"
    file.write_text(secure.credentials.password("intake").read_text("ascii"), "ascii")
    log = log_of(logs, secure, "intake", {"password_file": file, "publish_seconds": 1.0}, scram=True)
    log.publish([ONE[DOCUMENTS]])
    reader = log.join("intake", CONSUMED["intake"])
    eventually(lambda: not reader.poll(10, 0.1) and reader.assigned)
    admin = KafkaAdminClient(**settings_of_others(KafkaSection.model_validate(secure.settings())))
    admin.alter_user_scram_credentials([UserScramCredentialUpsertion("intake", "SCRAM-SHA-512", "changed")])
    admin.close()
    # Who is connected stays so.
    secure.kill()
    secure.start()
    with pytest.raises(AxisError, match=r"Authentication failed|wrong user or password"):
        log.publish([ONE[DOCUMENTS]])
    file.write_text("changed", "ascii")

    def goes_on() -> bool:
        try:
            log.publish([ONE[DOCUMENTS]])
            reader.poll(10, 0.1)
        except AxisError:
            return False
        return bool(reader.assigned)

    eventually(goes_on)
