"""Rows of one transaction: read once, written once, always as if each had been written at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, MetaData, String, Table, event, func, select
from tests.contract.databases import DatabaseEngine

from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.chassis.engines.sql import among, upsert

metadata = MetaData()
books = Table(
    "books",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("shelf", String(36), nullable=False),
    Column("title", String(80), nullable=False),
    Column("lent", Boolean, nullable=False),
    Column("pages", Integer),
    Column("cover", LargeBinary, nullable=False),
)


@dataclass(slots=True)
class Book:
    """A row."""

    id: str
    shelf: str
    title: str
    lent: bool = False
    pages: int | None = None
    cover: bytes = b""


BOOKS = Kind(books, Book, group="shelf")


@pytest.fixture
def database(database_engine: DatabaseEngine) -> Database:
    """A database with a table of books."""
    made = database_engine.open()
    with made.write() as connection:
        metadata.create_all(connection)
    return made


@contextmanager
def work(database: Database) -> Iterator[Rows]:
    """A transaction with its rows."""
    with database.write() as connection:
        rows = Rows(connection, locking=True)
        yield rows
        rows.write()


def stored(database: Database) -> dict[str, Book]:
    """What stands in the table."""
    with database.read() as connection:
        return {row.id: Book(*row) for row in connection.execute(select(books))}


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    """Collects the statements of a block."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(connection.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection.engine, "before_cursor_execute", note)


def test_one_row_is_one_object(database: Database) -> None:
    """However a row is asked for, it is the same object, and none where there is none."""
    with work(database) as rows:
        rows.of(BOOKS).add(Book("1", "a", "Một"))
    with work(database) as rows:
        shelf = rows.of(BOOKS)
        first = shelf.get("1")
        assert first is not None
        assert shelf.get("2") is None
        assert shelf.group("a") == [first]
        assert shelf.group("a")[0] is first
        (found,) = shelf.find(BOOKS.select().where(books.c.title == "Một"))
        assert found is first


def test_types_come_back(database: Database) -> None:
    """Truth values, bytes, numbers and nothing come back as what they were."""
    book = Book("1", "a", "Đỏ và đen", lent=True, pages=None, cover=b"\x00\xff")
    with work(database) as rows:
        rows.of(BOOKS).add(book)
    with database.read() as connection:
        read = Rows(connection).of(BOOKS).get("1")
    assert read == book
    assert read is not None
    assert read.lent is True


def test_a_batch_takes_a_few_statements(database: Database) -> None:
    """Fifty new and fifty changed rows are read by one statement and written by two."""
    with work(database) as rows:
        for number in range(50):
            rows.of(BOOKS).add(Book(str(number), "a", "alt"))
    with work(database) as rows, counted(rows.connection) as seen:
        shelf = rows.of(BOOKS)
        shelf.load(str(number) for number in range(100))
        for number in range(100):
            book = shelf.get(str(number))
            if book is None:
                shelf.add(Book(str(number), "b", "neu"))
                continue
            book.title = "mới"
            shelf.save(book)
            shelf.save(book)
        rows.write()
        assert [statement.split()[0] for statement in seen] == ["SELECT", "INSERT", "UPDATE"]
    assert sum(book.title == "mới" for book in stored(database).values()) == 50
    assert len(stored(database)) == 100


def test_other_statements_see_what_waits(database: Database) -> None:
    """A statement on the connection sees what waits to be written; so do groups read after it."""
    with work(database) as rows:
        rows.of(BOOKS).add(Book("1", "a", "Một"))
        assert rows.connection.execute(select(func.count()).select_from(books)).scalar_one() == 1
        rows.of(BOOKS).add(Book("2", "a", "Hai"))
        assert [book.id for book in rows.of(BOOKS).group("a")] == ["1", "2"]
        rows.of(BOOKS).add(Book("3", "a", "Ba"))
        assert [book.id for book in rows.of(BOOKS).group("a")] == ["1", "2", "3"]


def test_a_change_without_a_save_is_not_written(database: Database) -> None:
    """Only what is saved is written: a handler that gives up leaves nothing behind."""
    with work(database) as rows:
        rows.of(BOOKS).add(Book("1", "a", "Một"))
    with work(database) as rows:
        book = rows.of(BOOKS).get("1")
        assert book is not None
        book.title = "changed and left"
    assert stored(database)["1"].title == "Một"


def test_two_objects_for_one_row(database: Database) -> None:
    """Saving another object for a row in hand is an error of the program: one of the two changes would be lost."""
    with work(database) as rows:
        rows.of(BOOKS).add(Book("1", "a", "Một"))
        with pytest.raises(ValueError, match="another object"):
            rows.of(BOOKS).save(Book("1", "a", "Hai"))


def test_a_row_that_came_later(database: Database) -> None:
    """A row that was missing can be asked for again once somebody made it, and not before."""
    with work(database) as rows:
        assert rows.of(BOOKS).get("1") is None
        with pytest.raises(LookupError):
            rows.of(BOOKS).reread("1")
        rows.connection.execute(books.insert().values(id="1", shelf="a", title="Một", lent=False, cover=b""))
        assert rows.of(BOOKS).reread("1").title == "Một"


def test_rows_nobody_reads(database: Database) -> None:
    """Rows that are only written go together, with the transaction."""
    made = [{"id": str(n), "shelf": "a", "title": "x", "lent": False, "pages": n, "cover": b""} for n in range(3)]
    with work(database) as rows, counted(rows.connection) as seen:
        rows.insert(books, made[:1])
        rows.insert(books, [])
        rows.insert(books, made[1:])
        rows.write()
        assert len(seen) == 1
    assert {book.pages for book in stored(database).values()} == {0, 1, 2}


def carried(statement: str) -> int:
    """How many rows an INSERT takes at once."""
    return statement.count("), (") + 1


def test_more_rows_than_one_statement_takes(database: Database) -> None:
    """However many rows are new, each is there with its own values, and statements are few."""
    made = [{"id": str(n), "shelf": "a", "title": f"x{n}", "lent": False, "pages": n, "cover": b""} for n in range(201)]
    with work(database) as rows, counted(rows.connection) as seen:
        rows.insert(books, made)
        rows.write()
        assert [carried(statement) for statement in seen] == [100, 100, 1]
    assert {book.id: (book.pages, book.title) for book in stored(database).values()} == {
        str(n): (n, f"x{n}") for n in range(201)
    }


@pytest.mark.parametrize(
    "wanted", [[], ["1"], ["9", "3", "1"], ['"2"', "2'", "{2}", "NULL", "Đà \\ Nẵng"], ["1"] * 700]
)
def test_one_statement_for_any_number_of_values(database: Database, wanted: list[str]) -> None:
    """Rows are found by several values, or none, whatever stands in them, with one text of the statement."""
    there = {*wanted, "2"} - {"9"}
    with work(database) as rows:
        for place, key in enumerate(sorted(there)):
            rows.of(BOOKS).add(Book(key, "a", "a title", pages=place))
    by_key, by_pages = (select(books.c.id).where(among(one, "wanted")) for one in (books.c.id, books.c.pages))
    with database.read() as connection, counted(connection) as seen:
        assert set(connection.execute(by_key, {"wanted": wanted}).scalars()) == set(wanted) - {"9"}
        assert list(connection.execute(by_pages, {"wanted": [0, 99]}).scalars()) == [min(there)]
        connection.execute(by_key, {"wanted": [*wanted, "more"]})
    assert len(set(seen)) == 2


def test_rows_put_over_others(database: Database) -> None:
    """Rows whose keys are there change only what was named, beside others that are new, in one statement."""
    with work(database) as rows:
        rows.of(BOOKS).add(Book("1", "a", "cũ", pages=7))
    given = [{"id": str(n), "shelf": "b", "title": "mới", "lent": False, "cover": b""} for n in range(3)]
    with work(database) as rows, counted(rows.connection) as seen:
        upsert(rows.connection, books, given, ("id",), ("title",))
        assert [carried(statement) for statement in seen] == [3]
    found = stored(database)
    assert [found[str(n)].title for n in range(3)] == ["mới"] * 3
    assert (found["1"].shelf, found["1"].pages, found["0"].shelf) == ("a", 7, "b")


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5)),
        st.tuples(st.just("title"), st.integers(0, 5)),
        st.tuples(st.just("lend"), st.integers(0, 5)),
        st.tuples(st.just("look"), st.integers(0, 5)),
        st.tuples(st.just("group"), st.integers(0, 2)),
        st.tuples(st.just("count"), st.just(0)),
        st.tuples(st.just("commit"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_as_if_written_at_once(database: Database, acts: list[tuple[str, int]]) -> None:
    """Whatever is done in whatever order, reads and the end are those of a dictionary that is written at once."""
    with database.write() as connection:
        connection.execute(books.delete())
    model: dict[str, Book] = {}
    while acts:
        with work(database) as rows:
            while acts and (act := acts.pop(0))[0] != "commit":
                _play(rows, model, *act)
        assert stored(database) == model


def _play(rows: Rows, model: dict[str, Book], act: str, number: int) -> None:
    shelf, key = rows.of(BOOKS), str(number)
    if act == "group":
        group = [book for book in model.values() if book.shelf == key]
        assert sorted(shelf.group(key), key=lambda book: book.id) == sorted(group, key=lambda book: book.id)
        return
    if act == "count":
        assert rows.connection.execute(select(func.count()).select_from(books)).scalar_one() == len(model)
        return
    book = shelf.get(key)
    assert book == model.get(key)
    if book is None and act == "add":
        shelf.add(Book(key, str(number % 3), "new"))
        model[key] = Book(key, str(number % 3), "new")
    elif book is not None and act in {"title", "lend"}:
        for one in (book, model[key]):
            one.title = one.title + "+" if act == "title" else one.title
            one.lent = not one.lent if act == "lend" else one.lent
        shelf.save(book)
