"""What a notice is: its channel, where it stands, and what it asks of an endpoint."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit


class Channel(StrEnum):
    """How somebody is told."""

    IN_APP = "IN_APP"
    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"


class NoticeState(StrEnum):
    """Where a notice stands."""

    PENDING = "PENDING"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    DEAD = "DEAD"


SENDING = (Channel.EMAIL, Channel.WEBHOOK)
"""Channels that hand notices over to others; in-app notices are there as soon as they are made."""


def endpoint_of(agency: str, channel: Channel, target: str) -> str:
    """Names what a failure on a channel speaks of: the host of a target, as one agency sees it.

    Agencies are kept apart although they may name the same host: whoever breaks a path of a shared host must not hold
    back the notices of others.
    """
    if channel is Channel.IN_APP:
        return ""
    host = target.rpartition("@")[2] if channel is Channel.EMAIL else urlsplit(target).netloc
    return f"{agency} {host.lower()}"
