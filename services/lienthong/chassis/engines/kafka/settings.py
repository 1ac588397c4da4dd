"""Settings of the event log on Apache Kafka."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lienthong.chassis.config import Section, is_loopback

_KIB = 1024
_MIB = 1024 * 1024
PREFIX_PATTERN = r"^[A-Za-z0-9._-]*$"
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "plaintext": (),
    "tls": ("ca_file", "certificate_file", "key_file"),
    "scram": ("ca_file", "username", "password_file"),
}


class KafkaSection(Section):
    """The event log on Apache Kafka, shared by all processes of the axis."""

    servers: tuple[str, ...] = Field(
        (), description="Brokers to ask first, as `host:port`; two or more are better. Empty: the embedded event log."
    )
    security: Literal["plaintext", "tls", "scram"] = Field(
        "tls",
        description="`tls`: client certificate. `scram`: TLS, user and password (SCRAM-SHA-512). `plaintext`: neither; "
        "refused beyond loopback.",
    )
    ca_file: Path | None = Field(None, description="PEM file of the authority that certifies the brokers.")
    certificate_file: Path | None = Field(None, description="PEM file of the client certificate; for `tls`.")
    key_file: Path | None = Field(None, description="PEM file of the certificate's private key; for `tls`.")
    key_passphrase_file: Path | None = Field(
        None, description="File whose first line opens the private key; absent when it is plain."
    )
    username: str = Field("", description="User; for `scram`.")
    password_file: Path | None = Field(None, description="File whose first line is the user's password; for `scram`.")
    topic_prefix: str = Field(
        "",
        max_length=100,
        pattern=PREFIX_PATTERN,
        description="Begins the name of every topic on a shared cluster.",
    )
    group_prefix: str = Field(
        "", max_length=100, pattern=PREFIX_PATTERN, description="Begins the name of every consumer group, likewise."
    )
    member: str = Field(
        "",
        max_length=200,
        pattern=PREFIX_PATTERN,
        description="Name that this process keeps when it starts again, and no other has: its partitions wait for it "
        "until its session is over. Empty: they go to others as soon as it leaves.",
    )
    group_protocol: Literal["classic", "consumer"] = Field(
        "classic",
        description="Who shares partitions among the members of a group. `classic`: the members, on any Kafka. "
        "`consumer`: the brokers, from Kafka 4.0 on; what belongs together stays with one member, so a second copy "
        "of a service brings more. How long a silent member keeps its partitions is a setting of the brokers then.",
    )
    replication_factor: int = Field(3, ge=1, le=32_767, description="Copies of each partition; for `topics apply`.")
    min_insync_replicas: int = Field(
        2, ge=1, le=32_767, description="Copies that have a record before it counts as written; for `topics apply`."
    )
    largest_record_bytes: int = Field(
        _MIB, ge=_MIB, le=64 * _MIB, description="Key, value and headers of one record, in bytes; more is refused."
    )
    in_flight_bytes: int = Field(
        32 * _MIB, ge=_MIB, le=1024 * _MIB, description="Bytes handed to the brokers and not yet written by them."
    )
    fetch_bytes: int = Field(
        8 * _MIB, ge=_MIB, le=256 * _MIB, description="Bytes that one member of a group reads ahead."
    )
    publish_seconds: float = Field(
        10.0, gt=0, le=600, description="How long publishing waits for the brokers; events wait in the outbox then."
    )
    answer_seconds: float = Field(
        5.0, gt=0, le=600, description="How long anything else that is asked of the brokers may take."
    )
    session_seconds: float = Field(
        10.0,
        ge=6,
        le=300,
        description="A member of a group that is silent for so long loses its partitions to others; for `classic`.",
    )
    handling_seconds: float = Field(
        300.0, ge=10, le=86_400, description="A member that does not come back for more within this loses them as well."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.servers:
            return self
        missing = [name for name in _NEEDED[self.security] if not getattr(self, name)]
        if missing:
            raise ValueError(f"security {self.security} needs {', '.join(missing)}")
        outside = [one for one in self.servers if not is_loopback(one.rpartition(":")[0])]
        if self.security == "plaintext" and outside:
            raise ValueError(f"security: without TLS only loopback may be reached, and servers names {outside[0]}")
        return self

    @model_validator(mode="after")
    def _servers_are_addresses(self) -> Self:
        wrong = [one for one in self.servers if not one.rpartition(":")[2].isdecimal() or one.startswith(":")]
        if wrong:
            raise ValueError(f"servers: a host and a port are needed, such as kafka-0:9093; found {wrong[0]!r}")
        return self

    @model_validator(mode="after")
    def _copies_suffice(self) -> Self:
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError("min_insync_replicas: more than replication_factor; nothing could ever be written")
        return self
