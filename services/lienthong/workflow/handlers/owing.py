"""How many deliveries stand in each state that still owes something, counted ahead of whoever asks for metrics."""

from collections.abc import Sequence

from lienthong.chassis import migrations
from lienthong.chassis.engines.database import Database
from lienthong.chassis.metrics import Sample
from lienthong.workflow import storage
from lienthong.workflow.domain import FINAL_STATES, DeliveryState

COUNTED_AT_MOST = 1_000_000
"""Deliveries of one state; a count that reaches this says that there are as many or more."""

STATES = tuple(state for state in DeliveryState if state not in FINAL_STATES)
"""Those that still owe something."""

INDEXED_SINCE = "0002"
"""Version of the schema that has the index; without it every delivery there ever was would be read."""


class OwingCount:
    """The last count of deliveries by state. All copies of the service count the same."""

    def __init__(self, database: Database) -> None:
        """Has counted nothing yet.

        Args:
            database: Workflow's own.
        """
        self._database = database
        self._counted: Sequence[Sample] = ()

    def count(self) -> bool:
        """Counts again. Never finds more to do at once.

        Raises:
            AxisError: The database is away, or took too long; nothing is told until the next count.
        """
        counted: Sequence[Sample] = ()
        try:
            counted = self._counts()
        finally:
            self._counted = counted
        return False

    def samples(self) -> Sequence[Sample]:
        """Tells what was counted last, by state; nothing where that failed or the schema is a version behind."""
        return self._counted

    def _counts(self) -> Sequence[Sample]:
        if migrations.standing(self._database, "workflow").current < INDEXED_SINCE:
            return ()
        with self._database.read() as connection:
            found = {state: storage.count_owing(connection, state, COUNTED_AT_MOST) for state in STATES}
        return [((state.lower(),), float(count)) for state, count in found.items()]
