"""What the handlers of notification work with."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.rpc.hub import Hub
from lienthong.notification.channels import EmailSettings, WebhookChannel
from lienthong.notification.config import NotificationSection
from lienthong.notification.domain.notices import Channel

SECRET_BYTES = 32
"""Randomness of a webhook secret."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the handlers work with.

    Attributes:
        section: Bounds.
        directory: Who took over from whom.
        hub: Wakes watches.
        webhook: Judges webhook targets.
        mail: The mail server, None when there is none.
        bells: Rung after the commit of a notice that is to be sent, by channel.
        random: Gives so many random bytes for secrets.
    """

    section: NotificationSection
    directory: DirectoryCache
    hub: Hub
    webhook: WebhookChannel
    mail: EmailSettings | None
    bells: dict[Channel, Callable[[], None]] = field(default_factory=dict)
    random: Callable[[int], bytes] = secrets.token_bytes

    def ring(self, channel: Channel) -> None:
        """Says that something is due on a channel; nothing happens while nobody listens."""
        if channel in self.bells:
            self.bells[channel]()


def watch_key(agency: str) -> str:
    """Names the hints for watches of an agency's notices."""
    return f"notices:{agency}"
