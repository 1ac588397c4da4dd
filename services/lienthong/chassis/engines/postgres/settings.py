"""How the program reaches PostgreSQL."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from lienthong.chassis.config import Section, is_loopback

SERVICE = "{service}"
"""In names and paths: the name of the service."""


class PostgresSection(Section):
    """PostgreSQL. Each service has a schema and a role of its own, and the role that owns its tables."""

    servers: tuple[str, ...] = Field(
        (),
        description="Addresses and ports; with several the one that takes writes is used. Empty: a file per service.",
    )
    database: str = Field("lienthong", description="Name of the database.")
    schema_name: str = Field(SERVICE, description="Schema of a service; {service} is its name.")
    role: str = Field("lienthong_{service}", description="Role with which a service works; {service} is its name.")
    password_file: str = Field("", description="File with the password of that role; {service} is its name.")
    owner: str = Field(
        "lienthong_{service}_owner", description="Role that owns the tables of a service and changes their schema."
    )
    owner_password_file: str = Field("", description="File with its password; for `lienthong db` only.")
    tls: Literal["plain", "verify"] = Field(
        "verify", description="`verify` encrypts and checks the server's certificate and name; `plain` is for loopback."
    )
    ca_file: Path | None = Field(None, description="Authorities that certify the server, PEM; the system's if absent.")
    connections: int = Field(16, ge=2, le=500, description="Connections of a process for writing, and as many to read.")
    connect_seconds: int = Field(5, ge=1, le=60, description="Longest wait for a connection, in seconds.")
    statement_seconds: float = Field(
        10.0, gt=0, le=3600, description="Longest statement, in seconds; less than callers wait, so that they are told."
    )
    lock_seconds: float = Field(5.0, gt=0, le=600, description="Longest wait for a lock, in seconds.")
    idle_seconds: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="A transaction in which nothing happens so long is ended, in seconds: that of a process whose "
        "machine is gone holds its locks no longer.",
    )

    @model_validator(mode="after")
    def _plain_on_loopback_only(self) -> Self:
        far = [one for one in self.servers if not is_loopback(one.rpartition(":")[0])]
        if self.tls == "plain" and far:
            raise ValueError(f"tls: plain is for loopback only, and servers names {', '.join(far)}")
        return self


def named(pattern: str, service: str) -> str:
    """Puts the name of a service into a pattern of the settings."""
    return pattern.replace(SERVICE, service)
