"""Rows of one transaction: each is read once and written once, together with many others.

A batch of events touches few tables and many rows. Handlers work on one event at a time; here their reads are answered
from what was read before, and their writes wait until somebody must see them or the transaction ends. So a batch costs
a few statements, instead of some for each event.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar, cast

from sqlalchemy import Connection, Select, Table, select

from lienthong.chassis.engines.sql import among, insertion, mark_of, together

_AT_ONCE = 500
"""Keys named in one statement."""


class Stored(Protocol):
    """A dataclass with slots whose fields are columns of a table."""

    __slots__: Sequence[str]


Row = TypeVar("Row", bound=Stored)
Memo = TypeVar("Memo")


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[Row]):
    """A table and what its rows are read as.

    Attributes:
        table: The table.
        row: A dataclass with slots; its fields are the columns that are read and written.
        key: The column that is the primary key.
        group: A column by which several rows are read at once; empty when none is.
    """

    table: Table
    row: type[Row]
    key: str = "id"
    group: str = ""
    names: tuple[str, ...] = field(init=False)
    by_key: tuple[Select[Any], Select[Any]] = field(init=False)
    by_group: tuple[Select[Any], Select[Any]] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(one.name for one in fields(cast("Any", self.row))))
        object.__setattr__(self, "by_key", self._by(self.key))
        object.__setattr__(self, "by_group", self._by(self.group) if self.group else None)

    def select(self) -> Select[Any]:
        """Begins a statement that finds rows of this kind, for `Shelf.find`."""
        return select(*(self.table.c[name] for name in self.names))

    def _by(self, column: str) -> tuple[Select[Any], Select[Any]]:
        # Built once, without and with locks: building a statement costs more than running it. One order for
        # everybody, so that two transactions never wait for each other's rows.
        found = self.select().where(among(self.table.c[column], "wanted"))
        ordered = found.order_by(self.table.c[self.key])
        return ordered, ordered.with_for_update()

    def values(self, row: Row) -> tuple[Any, ...]:
        """Gives what the columns hold, in their order."""
        return tuple(getattr(row, name) for name in self.names)


class Shelf(Generic[Row]):
    """The rows of one kind that a transaction has in hand. One row is one object, however often it is asked for."""

    def __init__(self, kind: Kind[Row], rows: "Rows") -> None:
        self._kind = kind
        self._rows = rows
        self._known: dict[Any, Row | None] = {}
        self._stored: dict[Any, tuple[Any, ...]] = {}
        self._groups: dict[Any, list[Row]] = {}
        self._due: dict[Any, Row] = {}

    def get(self, key: Any) -> Row | None:
        """Gives the row with a key; None when there is none."""
        if key not in self._known:
            self.load((key,))
        return self._known[key]

    def group(self, value: Any) -> list[Row]:
        """Gives the rows whose group column has a value, ordered by key."""
        if value not in self._groups:
            self.load_groups((value,))
        return list(self._groups[value])

    def reread(self, key: Any) -> Row:
        """Gives a row that was not there when it was first asked for, and is now.

        Raises:
            LookupError: It is still missing.
        """
        self._known.pop(key, None)
        row = self.get(key)
        if row is None:
            raise LookupError(f"{self._kind.table.name} {key!r} is missing")
        return row

    def forget_missing(self) -> None:
        """Forgets which rows were not there: another transaction may have made them since."""
        self._known = {key: row for key, row in self._known.items() if row is not None}

    def load(self, keys: Iterable[Any]) -> None:
        """Reads the rows with some keys, as far as they are not in hand."""
        missing = sorted(set(keys) - self._known.keys())
        self._known.update(dict.fromkeys(missing))
        self._read(self._kind.by_key, missing)

    def load_groups(self, values: Iterable[Any]) -> None:
        """Reads the rows of some groups, as far as they are not in hand."""
        missing = sorted(set(values) - self._groups.keys())
        if missing:
            self.write()
        self._groups.update({value: [] for value in missing})
        if self._kind.by_group is None:
            raise TypeError(f"{self._kind.table.name} has no group")
        for row in self._read(self._kind.by_group, missing):
            self._groups[getattr(row, self._kind.group)].append(row)

    def find(self, found: Select[Any], *, skip_locked: bool = False) -> list[Row]:
        """Runs a statement that `Kind.select` began; what waits to be written is written before.

        Args:
            found: The statement.
            skip_locked: Leave out rows that another transaction has in hand, instead of waiting for them.
        """
        if self._rows.locking:
            found = found.with_for_update(skip_locked=skip_locked)
        return [self._adopt(values) for values in self._rows.connection.execute(found)]

    def add(self, row: Row) -> None:
        """Takes a new row."""
        self.save(row)
        group = self._groups.get(getattr(row, self._kind.group)) if self._kind.group else None
        if group is not None:
            group.append(row)

    def save(self, row: Row) -> None:
        """Takes a row that changed; it is written once, as it is when somebody must see it."""
        key = getattr(row, self._kind.key)
        known = self._known.get(key)
        if known is not None and known is not row:
            raise ValueError(f"{self._kind.table.name} {key!r}: another object stands for this row")
        self._known[key] = self._due[key] = row

    def write(self) -> None:
        """Writes what waits."""
        if not self._due:
            return
        due, self._due = self._due, {}
        new: list[tuple[Any, ...]] = []
        changed: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
        for key, row in due.items():
            values, before = self._kind.values(row), self._stored.get(key)
            self._stored[key] = values
            if before is None:
                new.append(values)
                continue
            pairs = zip(self._kind.names, before, values, strict=True)
            names = tuple(name for name, old, now in pairs if old != now)
            if names:
                changed[names].append((*(getattr(row, name) for name in names), key))
        if new:
            self._rows.put(self._kind.table.name, self._kind.names, new)
        for names, values_of in changed.items():
            self._rows.change(self._kind.table.name, self._kind.key, names, values_of)

    def _read(self, statements: tuple[Select[Any], Select[Any]], values: Sequence[Any]) -> list[Row]:
        rows: list[Row] = []
        for place in range(0, len(values), _AT_ONCE):
            wanted = {"wanted": values[place : place + _AT_ONCE]}
            rows += [self._adopt(one) for one in self._rows.execute(statements[self._rows.locking], wanted)]
        return rows

    def _adopt(self, values: Any) -> Row:
        row = self._kind.row(*values)
        key = getattr(row, self._kind.key)
        known = self._known.get(key)
        if known is not None:
            return known
        self._known[key] = row
        self._stored[key] = tuple(values)
        return row


class Rows:
    """All rows that a transaction has in hand."""

    def __init__(self, connection: Connection, *, locking: bool = False) -> None:
        """Begins with none.

        Args:
            connection: The transaction.
            locking: Whether rows are locked when they are read, because they may be written.
        """
        self._connection = connection
        self._shelves: dict[Kind[Any], Shelf[Any]] = {}
        self._memos: dict[Any, Any] = {}
        self._inserts: dict[Table, list[dict[str, Any]]] = defaultdict(list)
        self.locking = locking

    @property
    def connection(self) -> Connection:
        """The transaction, for statements of other kinds: what waits is written before, so that they see it."""
        self.write()
        return self._connection

    def insert(self, table: Table, values: Sequence[dict[str, Any]]) -> None:
        """Takes new rows of a table whose rows nobody reads in this transaction; all have the same columns."""
        if values:
            self._inserts[table].extend(values)

    def of(self, kind: Kind[Row]) -> Shelf[Row]:
        """Gives the rows of one kind."""
        shelf = self._shelves.get(kind)
        if shelf is None:
            shelf = self._shelves[kind] = Shelf(kind, self)
        return shelf

    def memo(self, make: Callable[[], Memo]) -> Memo:
        """Gives the one object of a class that this transaction has; it holds what was found out once."""
        found = self._memos.get(make)
        if found is None:
            found = self._memos[make] = make()
        return cast("Memo", found)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Runs a statement that need not see what waits."""
        return self._connection.execute(statement, parameters)

    def write(self) -> None:
        """Writes what waits."""
        for shelf in self._shelves.values():
            shelf.write()
        inserts, self._inserts = self._inserts, defaultdict(list)
        for table, values in inserts.items():
            self.put(table.name, tuple(values[0]), [tuple(one.values()) for one in values])

    def put(self, table: str, names: tuple[str, ...], values: Sequence[tuple[Any, ...]]) -> None:
        """Writes new rows, for each the values of the named columns.

        Statements of the driver: the toolkit's own ones cost more than the database. Several rows in one: at each
        statement other threads get their turn, and that costs more than a row.
        """
        for rows in together(values):
            statement = insertion(mark_of(self._connection), table, names, len(rows))
            self._connection.exec_driver_sql(statement, tuple(chain.from_iterable(rows)))

    def change(self, table: str, key: str, names: tuple[str, ...], values: list[tuple[Any, ...]]) -> None:
        """Writes changed rows, for each the values of the named columns and the key. See `put`."""
        self._connection.exec_driver_sql(_update(mark_of(self._connection), table, key, names), values)


@lru_cache(maxsize=512)
def _update(mark: str, table: str, key: str, names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = {mark}{number}' for number, name in enumerate(names, 1))
    return f'UPDATE "{table}" SET {sets} WHERE "{key}" = {mark}{len(names) + 1}'  # noqa: S608 -- as above
