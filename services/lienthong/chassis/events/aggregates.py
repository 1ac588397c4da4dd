"""Rows of many aggregates at once, from tables whose key is a topic and a subject.

One statement for each topic: asked for several pairs, SQLite reads the whole table.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, Table, bindparam, select

from lienthong.chassis.engines.sql import among

Key = tuple[str, str]
"""Topic and subject."""


def of_one_topic(table: Table) -> Select[Any]:
    """Selects rows of aggregates of one topic, by their subjects; takes one of `by_topic`."""
    subjects = among(table.c.subject, "subjects")
    return select(table).where(table.c.topic == bindparam("topic"), subjects).order_by(table.c.subject)


def by_topic(keys: Iterable[Key]) -> Iterator[dict[str, object]]:
    """Parts aggregates by their topics, in one order for everybody: two who lock rows never wait for each other."""
    for topic, some in groupby(sorted(keys), key=itemgetter(0)):
        yield {"topic": topic, "subjects": [subject for _topic, subject in some]}
