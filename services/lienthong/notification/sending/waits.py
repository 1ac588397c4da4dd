"""What waits in notification until a stored time."""

from lienthong.chassis.waits import Wait
from lienthong.notification.domain.notices import Channel
from lienthong.notification.sending.book import SendingRules
from lienthong.notification.storage.tables import circuits, notices


def waits_of(rules: SendingRules) -> list[Wait]:
    """Names notices that are tried again or are in hand, and endpoints that are left alone."""
    known = notices.c.channel.in_(list(Channel))
    pause, probe = rules.circuit.longest_pause, rules.circuit.probe_timeout
    return [
        Wait(notices.c.next_attempt_at, rules.retry.longest_pause, known, domain=True),
        Wait(notices.c.lease_until, rules.lease, known),
        Wait(circuits.c.open_until, pause, domain=True),
        Wait(circuits.c.probe_since, probe, domain=True),
        Wait(circuits.c.blocked_until, max(pause, probe), domain=True),
    ]
