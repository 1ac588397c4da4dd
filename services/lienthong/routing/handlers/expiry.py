"""Leases that end by themselves: nobody writes anything then, so somebody must look, and wake whoever watches."""

from lienthong.chassis.engines.sql import database_now
from lienthong.chassis.uow import UnitsOfWork
from lienthong.routing.handlers.desk import Desk
from lienthong.routing.storage.items import mailboxes_of_ended_leases

LOOK_SECONDS = 2.0


class EndedLeases:
    """Hints at items that wait again. Each copy looks for its own watches."""

    def __init__(self, units: UnitsOfWork, desk: Desk) -> None:
        self._units = units
        self._desk = desk
        self._seen = 0
        """Time of the database up to which ended leases were seen; 0 before the first look."""

    def look(self) -> bool:
        """Looks once. Never has more to do at once.

        Raises:
            AxisError: UNAVAILABLE when the database is away; the next look sees what this one missed.
        """
        with self._units.database.look() as connection:
            now = database_now(connection)
            mailboxes = mailboxes_of_ended_leases(connection, self._seen or now, now)
        self._seen = now
        for mailbox in mailboxes:
            for key in self._desk.watched_by(mailbox, self._units.clock.now()):
                self._desk.hub.wake(key)
        return False
