"""The whole configuration of the program."""

from pathlib import Path

from pydantic import Field

from lienthong.chassis.config import KeysSection, LogSection, RetentionSection, Section, ServerSection, TelemetrySection
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.intake.config import IntakeSection
from lienthong.notification.config import NotificationSection
from lienthong.routing.config import RoutingSection
from lienthong.signing.config import SigningSection
from lienthong.workflow.config import WorkflowSection


class TestSection(Section):
    """For tests of the program itself. Refused unless the environment says `LIENTHONG_TEST=1`."""

    __test__ = False

    failpoint: str = Field("", description="Name of the fail point at which the process kills itself.")
    countdown: int = Field(1, ge=1, description="At which arrival there.")


class EnginesSection(Section):
    """What state is kept in. Nothing named: embedded engines in the data folder."""

    kafka: KafkaSection = Field(default_factory=KafkaSection, description="The event log on Apache Kafka.")
    objects: ObjectsSection = Field(default_factory=ObjectsSection, description="Contents in an object store.")
    postgres: PostgresSection = Field(default_factory=PostgresSection, description="The databases on PostgreSQL.")

    def embedded(self) -> list[str]:
        """Names the settings that would name a real engine where an embedded one is used."""
        named = {
            "engines.kafka.servers": self.kafka.servers,
            "engines.objects.url": self.objects.url,
            "engines.postgres.servers": self.postgres.servers,
        }
        return [name for name, value in named.items() if not value]


class Settings(Section):
    """All settings."""

    data_dir: Path = Field(Path("var"), description="Folder of the embedded engines, the keys and the contexts.")
    server: ServerSection = Field(default_factory=ServerSection, description="The port that callers reach.")
    engines: EnginesSection = Field(default_factory=EnginesSection, description="What state is kept in.")
    keys: KeysSection = Field(default_factory=KeysSection, description="Private keys and certificates of the axis.")
    log: LogSection = Field(default_factory=LogSection, description="How the program logs.")
    telemetry: TelemetrySection = Field(default_factory=TelemetrySection, description="Traces.")
    retention: RetentionSection = Field(default_factory=RetentionSection, description="What goes by itself, and when.")
    intake: IntakeSection = Field(default_factory=IntakeSection, description="Accepting documents.")
    routing: RoutingSection = Field(default_factory=RoutingSection, description="Directory and mailboxes.")
    workflow: WorkflowSection = Field(default_factory=WorkflowSection, description="Statuses and tasks.")
    signing: SigningSection = Field(default_factory=SigningSection, description="Verifying signatures.")
    notification: NotificationSection = Field(default_factory=NotificationSection, description="Telling people.")
    test: TestSection = Field(default_factory=TestSection, description="For tests of the program itself.")
