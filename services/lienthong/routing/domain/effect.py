"""When a change of the directory takes effect."""

from datetime import datetime, timedelta, timezone

_VIETNAM = timezone(timedelta(hours=7))


def midnight(moment: datetime) -> datetime:
    """Gives 00:00 Viet Nam time of the day of a moment: mailboxes change hands at midnight of the effective date."""
    return moment.astimezone(_VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
