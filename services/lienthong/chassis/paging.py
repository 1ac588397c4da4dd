"""Pages of lists (AIP-158): a token belongs to one list, one caller, one filter."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from google.protobuf.message import Message

from lienthong.chassis.errors import AxisError, Violation, invalid
from lienthong.chassis.rpc.call import Call

DEFAULT_SIZE = 50
SIZE_AT_MOST = 500
ANSWER_BYTES = 3 * 1024 * 1024
"""Of the messages of one page: clients take 4 MiB when they are not told otherwise."""

Row = TypeVar("Row")
Answer = TypeVar("Answer", bound=Message)
Columns = tuple[type[int | str], ...]
INTEGER_BOUND = 2**63
"""Databases keep whole numbers below it."""
_AGAIN = "Begin again without a token."
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins and how long it may be.

    Attributes:
        size: Rows, at most.
        after: Keys of the last row of the page before, None for the first page.
        origin: What the token belongs to.
    """

    size: int
    after: tuple[Any, ...] | None
    origin: str

    def fill(
        self, rows: Iterable[Row], message: Callable[[Row], Answer], keys: Callable[[Row], tuple[Any, ...]]
    ) -> tuple[list[Answer], str]:
        """Makes the messages of a page, as many as an answer can carry and one at least, and the token of the next.

        Args:
            rows: In their order, one more than the page may have when there are more.
            message: Makes the message of a row.
            keys: Gives the keys of a row's position.
        """
        messages: list[Answer] = []
        room, last = ANSWER_BYTES, None
        for row in rows:
            one = message(row)
            room -= one.ByteSize()
            if len(messages) == self.size or (messages and room < 0):
                return messages, self.next_token(last)
            messages.append(one)
            last = keys(row)
        return messages, ""

    def next_token(self, last: tuple[Any, ...] | None) -> str:
        """Makes the token of the next page from the keys of the last row; empty when there is none."""
        if last is None:
            return ""
        return base64.urlsafe_b64encode(json.dumps([self.origin, *last]).encode()).decode().rstrip("=")


def page_of(call: Call, size: int, token: str, condition: str = "", *, columns: Columns = (int,)) -> Page:
    """Reads the paging fields of a request.

    Args:
        call: Who asks for which list.
        size: Wanted size; 0 is the default, more than the bound is capped.
        token: From an earlier answer, or empty.
        condition: The filter as written.
        columns: Kinds of the keys that a position has.

    Raises:
        AxisError: INVALID_ARGUMENT for a negative size or a token that is not of this list.
    """
    if size < 0:
        raise _refused("page_size", "a page has 0 (default) or more rows", "Give one of these.")
    origin = hashlib.sha256(f"{call.method}\0{call.caller.scope}\0{condition}".encode()).hexdigest()[:16]
    after = _after(token, origin, columns) if token else None
    return Page(min(size or DEFAULT_SIZE, SIZE_AT_MOST), after, origin)


def _after(token: str, origin: str, columns: Columns) -> tuple[Any, ...]:
    try:
        found, *keys = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise _refused("page_token", "it is not a token of this list", _AGAIN) from error
    if found != origin or len(keys) != len(columns):
        raise _refused("page_token", "it belongs to another list, caller or filter", _AGAIN)
    if not all(_is_key(key, kind) for key, kind in zip(keys, columns, strict=True)):
        raise _refused("page_token", "it is not a token of this list", _AGAIN)
    return tuple(keys)


def _is_key(key: object, kind: type[int | str]) -> bool:
    # A token is the server's own, but anybody can write one: nothing else may reach the database.
    if kind is int:
        return is_whole(key)
    return isinstance(key, str) and _UNSTORABLE.search(key) is None


def is_whole(value: object) -> TypeGuard[int]:
    """Tells whether what somebody wrote is a whole number that a database can compare."""
    return type(value) is int and abs(value) < INTEGER_BOUND


def _refused(field: str, rule: str, remedy: str) -> AxisError:
    violation = Violation(field, f"{field.upper()}_INVALID", rule, remedy)
    return invalid(violation.reason, f"{field}: {rule}. {remedy}", violation)
