"""Finding rows by a text, and by its words: from the rarest on, so that common ones do not cost more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Table, exists, func, select

COUNTED = 1000
"""Rows up to which it is counted how common a word is."""


def holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Says that a column holds a text, however its letters are composed.

    Vietnamese is typed in both ways, and rows keep what was sent.
    """
    forms = {text, normalize("NFC", text), normalize("NFD", text)}
    return column.in_(sorted(forms)) if len(forms) > 1 else column == text


@dataclass(frozen=True, slots=True)
class WordIndex:
    """A table of words.

    Attributes:
        table: Its primary key holds the three columns, the target last.
        owner: Whose rows.
        word: A folded word.
        target: Key of the row whose text holds the word; rows that were made later have higher keys.
    """

    table: Table
    owner: str
    word: str
    target: str

    def has(self, owner: str, word: str, target: Any) -> ColumnElement[bool]:
        """Says that the text of a row holds a word."""
        other = self.table.alias()
        return exists().where(self._is(other, owner, word), other.c[self.target] == target)

    def find(
        self,
        connection: Connection,
        owner: str,
        words: Sequence[str],
        also: Callable[[Column[str]], Sequence[ColumnElement[bool]]],
        before: str | None,
        count: int,
    ) -> list[str]:
        """Gives the keys of the newest rows whose text holds all words.

        Args:
            connection: For reading.
            owner: Whose rows.
            words: Folded words; at least one.
            also: What else must hold of a key.
            before: Only rows older than this one.
            count: How many, at most.
        """
        rarest, *others = sorted(words, key=lambda word: self._common(connection, owner, word))
        target: Any = self.table.c[self.target]
        found = select(target).where(self._is(self.table, owner, rarest), *also(target))
        for word in others:
            found = found.where(self.has(owner, word, target))
        if before is not None:
            found = found.where(target < before)
        return list(connection.execute(found.order_by(target.desc()).limit(count)).scalars())

    def _common(self, connection: Connection, owner: str, word: str) -> int:
        some = select(self.table.c[self.target]).where(self._is(self.table, owner, word)).limit(COUNTED)
        return int(connection.execute(select(func.count()).select_from(some.subquery())).scalar_one())

    def _is(self, table: FromClause, owner: str, word: str) -> ColumnElement[bool]:
        return (table.c[self.owner] == owner) & (table.c[self.word] == word)
