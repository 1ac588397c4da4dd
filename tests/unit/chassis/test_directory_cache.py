"""The directory in memory, over a database that breaks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.engines.database import SqliteDatabase
from lienthong.chassis.errors import AxisError, unavailable
from lienthong.notification.component import build
from lienthong.notification.config import NotificationSection
from lienthong.testing.service import HCMC, service_bench


class Breaking(SqliteDatabase):
    """A database whose connections break when they are given back, until it is well."""

    well = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a snapshot that breaks at its end."""
        with super().read() as connection:
            yield connection
        if not self.well:
            raise unavailable("DATABASE_AWAY", "away", timedelta(seconds=1))


def test_what_was_read_over_a_line_that_broke_is_read_again(tmp_path: Path) -> None:
    """A copy whose database dies under it knows everybody once it is back: else it would refuse them until it ends."""
    service_bench(tmp_path, "notification", build, NotificationSection())
    database = Breaking(tmp_path / "notification.db")
    cache = DirectoryCache(database)
    with pytest.raises(AxisError, match="away"):
        cache.get()
    database.well = True
    assert cache.get().agencies[HCMC.id].name == HCMC.name
    database.close()
