"""Configuration of notification."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from lienthong.chassis.config import Section

_DAY = 86_400.0


class NotificationSection(Section):
    """Telling people: subscriptions, and the ways out."""

    smtp_host: str = Field("", description="Mail server. Empty: subscriptions by e-mail are refused.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to the mail server is protected; `none` carries no password."
    )
    smtp_sender: str = Field("", description="Mail address that notices come from; needed with a mail server.")
    smtp_username: str = Field("", description="Account at the mail server; empty for none.")
    smtp_password_file: Path | None = Field(None, description="File that holds the password of the account.")
    smtp_ca_file: Path | None = Field(
        None, description="Authorities trusted for the mail server, PEM; the system's when absent."
    )
    smtp_timeout_seconds: float = Field(15.0, ge=0.05, le=300, description="Each step with the mail server, seconds.")
    smtp_deadline_seconds: float = Field(
        120.0, ge=0.05, le=1800, description="A whole session with the mail server after resolving, seconds."
    )
    resolve_seconds: float = Field(
        5.0, ge=0.05, le=60, description="Looking up the name of a mail server or of a webhook target, seconds."
    )
    webhook_allow: tuple[str, ...] = Field(
        (), description="`host:port` of webhook targets that may be private or without TLS."
    )
    webhook_ca_file: Path | None = Field(
        None, description="Authorities trusted for webhook targets, PEM; the system's when absent."
    )
    webhook_timeout_seconds: float = Field(10.0, ge=0.05, le=300, description="Each read or write of a call, seconds.")
    webhook_deadline_seconds: float = Field(
        30.0, ge=0.05, le=600, description="A whole webhook call after resolving, for each address, seconds."
    )
    workers_per_channel: int = Field(8, ge=1, le=64, description="Notices that one channel sends at once.")
    calls_per_endpoint: int = Field(2, ge=1, le=64, description="Notices that one endpoint is sent at once.")
    calls_per_agency: int = Field(
        3, ge=1, le=64, description="Notices of one agency that a channel sends at once, whatever their endpoints."
    )
    poll_seconds: float = Field(1.0, ge=0.01, le=60, description="Longest pause between two looks at what is due.")
    lease_seconds: float = Field(
        240.0, ge=0.1, le=3600, description="A claim of a process that died ends after so many seconds."
    )
    retry_delays_seconds: tuple[float, ...] = Field(
        (5, 30, 120, 600, 1800, 3600, 7200, 14_400),
        min_length=1,
        description="Pauses after the first, second ... failure, seconds; the last one repeats.",
    )
    retry_spread: float = Field(0.1, ge=0, le=0.9, description="Part of a pause that chance moves up or down.")
    lifetime_seconds: float = Field(_DAY, gt=0, le=30 * _DAY, description="A notice is given up after so many seconds.")
    longest_wait_seconds: float = Field(
        14_400, gt=0, le=_DAY, description="Longest pause that an endpoint may ask for (Retry-After), seconds."
    )
    circuit_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row after which an endpoint is left alone."
    )
    circuit_pause_seconds: float = Field(60.0, gt=0, le=_DAY, description="How long at first, seconds; doubles.")
    circuit_longest_pause_seconds: float = Field(1800.0, gt=0, le=_DAY, description="How long at most, seconds.")
    secret_overlap_seconds: float = Field(
        _DAY, ge=0, le=30 * _DAY, description="How long a replaced webhook secret signs beside the new one, seconds."
    )
    subscriptions_per_agency: int = Field(100, ge=1, le=10_000, description="Subscriptions of one agency, at most.")
    keep_days: int = Field(
        365,
        ge=31,
        le=3650,
        description="Days after which a notice that is not waiting is removed; events repeat sooner.",
    )
    sweep_seconds: float = Field(3600.0, ge=0.02, le=_DAY, description="Pause between clean-ups, seconds.")

    @field_validator("webhook_allow")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            host, _, port = pair.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"{pair!r} is no host:port, such as dms.hochiminhcity.gov.vn:8080")
        return tuple(pair.lower() for pair in value)

    @field_validator("retry_delays_seconds")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0:
            raise ValueError("a pause is longer than 0 seconds")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.smtp_host and not self.smtp_sender:
            raise ValueError("smtp_sender is needed with smtp_host: the address that notices come from")
        if self.smtp_password_file and self.smtp_security == "none":
            raise ValueError("smtp_password_file needs TLS: set smtp_security to starttls or tls")
        # Each tries up to three addresses; a webhook has its deadline on each, mail connects within a step's time.
        webhook = 3 * self.webhook_deadline_seconds
        mail = self.smtp_deadline_seconds + 3 * self.smtp_timeout_seconds
        if self.lease_seconds <= self.resolve_seconds + max(webhook, mail):
            raise ValueError(
                "lease_seconds must be longer than resolve_seconds with three times webhook_deadline_seconds, and with "
                "smtp_deadline_seconds and three times smtp_timeout_seconds, or a second process would send what the "
                "first is still sending"
            )
        return self
