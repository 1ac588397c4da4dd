"""Repeats by the caller's key: the first answer comes back, whatever crash lies between.

Scope of a `request_id` is (agency, method). Only successes are remembered, for 30 days by default (`retention`);
afterwards natural keys answer.
Concurrent repeats wait for the first, because writers of a database are serialised.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message
from sqlalchemy import Connection, bindparam, delete, select

from lienthong.chassis.engines.sql import among
from lienthong.chassis.errors import AxisError, Code, Violation, invalid
from lienthong.chassis.events.tables import requests
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.uow import UnitOfWork, UnitsOfWork

KEY_LENGTH_AT_MOST = 128

Answer = TypeVar("Answer", bound=Message)

_KEY = (requests.c.agency, requests.c.method, requests.c.request_id)
_AMONG = select(*_KEY, requests.c.content).where(*(among(column, f"{column.name}s") for column in _KEY))
_PARTS = ("agency", "method", "key")
_THIS = tuple(column == bindparam(part) for column, part in zip(_KEY, _PARTS, strict=True))
_FIRST = select(requests).where(*_THIS)
_FORGET = delete(requests).where(*_THIS)


def content_of(request: Message) -> bytes:
    """Hashes what a request asks for, its key left out."""
    copy = type(request)()
    copy.CopyFrom(request)
    copy.ClearField("request_id")
    return hashlib.sha256(copy.SerializeToString(deterministic=True)).digest()


def check_key(request_id: str) -> None:
    """Refuses a key that is missing or too long.

    Raises:
        AxisError: INVALID_ARGUMENT.
    """
    if 1 <= len(request_id) <= KEY_LENGTH_AT_MOST:
        return
    rule = f"1 to {KEY_LENGTH_AT_MOST} characters are needed, so that a repeat can be told from a new request"
    violation = Violation(
        "request_id", "REQUEST_ID_INVALID", rule, "Send a UUID that you keep until you have an answer."
    )
    raise invalid("REQUEST_ID_INVALID", f"request_id: {rule}", violation)


RequestKey = tuple[str, str, str]
"""Agency, method and `request_id`."""


def key_of(call: Call, request_id: str) -> RequestKey:
    """Gives the key under which the answer to a request is remembered."""
    return call.caller.scope, call.method, request_id


def _parts(call: Call, request_id: str) -> dict[str, str]:
    return dict(zip(_PARTS, key_of(call, request_id), strict=True))


def answered_among(connection: Connection, keys: Sequence[RequestKey]) -> set[RequestKey]:
    """Tells which of some requests were answered before."""
    return set(content_among(connection, keys))


def content_among(connection: Connection, keys: Sequence[RequestKey]) -> dict[RequestKey, bytes]:
    """Gives the hashes of what those of some requests asked for that were answered before."""
    # Asked for several keys of three columns SQLite reads the whole table; for values of each it goes along the index.
    wanted = set(keys)
    parts = {f"{column.name}s": sorted({key[place] for key in wanted}) for place, column in enumerate(_KEY)}
    found = connection.execute(_AMONG, parts)
    return {key: row.content for row in found if (key := (row.agency, row.method, row.request_id)) in wanted}


def recall_answer(
    connection: Connection, call: Call, request_id: str, content: bytes, answer: type[Answer]
) -> Answer | None:
    """Gives the first answer to a request, None when it is new.

    Raises:
        AxisError: ALREADY_EXISTS when other content came under the same key.
    """
    row = connection.execute(_FIRST, _parts(call, request_id)).one_or_none()
    if row is None:
        return None
    if row.content != content:
        raise AxisError(
            Code.ALREADY_EXISTS,
            "REQUEST_ID_REUSED",
            f"request_id {request_id!r} was used for other content, which became {row.resource or 'done'}. "
            "Use a new key.",
            {"first": row.resource, "request_id": request_id},
        )
    return answer.FromString(row.answer)


def remember_answer(
    work: UnitOfWork, call: Call, request_id: str, content: bytes, answer: Message, resource: str = ""
) -> None:
    """Keeps the answer with the state change that it tells of."""
    told = answer.SerializeToString(deterministic=True)
    remember_content(work, key_of(call, request_id), content, told, resource or named_in(answer))


def remember_content(
    work: UnitOfWork, key: RequestKey, content: bytes, answer: bytes = b"", resource: str = ""
) -> None:
    """Keeps a hash under a key, as long as answers are kept."""
    agency, method, request_id = key
    row = {
        "agency": agency,
        "method": method,
        "request_id": request_id,
        "content": content,
        "answer": answer,
        "resource": resource,
        "answered_at": work.now_micros,
    }
    work.rows.insert(requests, [row])


def named_in(message: Message) -> str:
    """Gives the resource that a message is about: its own name, or that of the first of a list; empty without any."""
    own: str = getattr(message, "name", "")
    listed = (value[0] for one, value in message.ListFields() if one.is_repeated and one.message_type)
    return own or next((first.name for first in listed if getattr(first, "name", "")), "")


def once(
    units: UnitsOfWork,
    call: Call,
    request: Message,
    kind: type[Answer],
    action: Callable[[UnitOfWork], Answer],
    resource: str = "",
    stands: Callable[[UnitOfWork, Answer], bool] = lambda _work, _answer: True,
) -> Answer:
    """Does a mutation in one transaction, or gives the answer that it had the first time.

    Args:
        units: Opens the transaction.
        call: Who calls.
        request: The request, with a field `request_id`.
        kind: Type of the answer.
        action: Does it.
        resource: What the answer is about, for whoever uses the key again; when empty, the name in it or in `request`.
        stands: Tells whether the first answer still holds; one that does not is forgotten, and it is done anew.

    Raises:
        AxisError: The key is missing or was used for other content, or whatever `action` raised.
    """
    request_id: str = request.request_id  # type: ignore[attr-defined] # every mutation has it; a test says so
    check_key(request_id)
    content = content_of(request)
    with units.begin(call.traceparent) as work:
        known = recall_answer(work.connection, call, request_id, content, kind)
        if known is not None and stands(work, known):
            return known
        if known is not None:
            work.connection.execute(_FORGET, _parts(call, request_id))
        answer = action(work)
        remember_answer(work, call, request_id, content, answer, resource or named_in(answer) or named_in(request))
        return answer
