"""Who still uses what the contracts call deprecated: counted for each thing, and told in the log once for each system.

A contract marks a call, a field or a value with `deprecated = true`; nothing else is to be done here.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.call import Call

_TOLD_AT_MOST: Final = 1000
"""Pairs of thing and system that are told in the log of one process; all are counted."""

_log = structlog.get_logger(__name__)

Note = Callable[[Message, Call], None]


def noting(method: MethodDescriptor, metrics: Metrics) -> Note:
    """Makes what is called with each request of an rpc; it costs nothing where nothing of the rpc is deprecated."""
    call = [method.full_name] if _deprecated(method) or _deprecated(method.containing_service) else []
    if not call and not _has_deprecated(method.input_type, set()):
        return lambda _request, _call: None
    told: set[tuple[str, str]] = set()
    turn = threading.Lock()

    def note(request: Message, by: Call) -> None:
        for thing in {*call, *_used(request)}:
            metrics.deprecated(thing)
            pair = (thing, by.caller.system.id)
            with turn:
                new = pair not in told and len(told) < _TOLD_AT_MOST
                if new:
                    told.add(pair)
            if new:
                _log.warning("deprecated", thing=thing)

    return note


def _deprecated(descriptor: Any) -> bool:
    return bool(descriptor.GetOptions().deprecated)


def _values(field: FieldDescriptor) -> list[Any]:
    return list(field.enum_type.values) if field.enum_type is not None else []


def _has_deprecated(message: Descriptor, seen: set[str]) -> bool:
    """Tells whether anything that a message may hold is deprecated."""
    seen.add(message.full_name)
    return any(
        _deprecated(field)
        or any(map(_deprecated, _values(field)))
        or (
            field.message_type is not None
            and field.message_type.full_name not in seen
            and _has_deprecated(field.message_type, seen)
        )
        for field in message.fields
    )


def _used(message: Message) -> Iterator[str]:
    """Names the deprecated fields and values that a message holds."""
    for field, value in message.ListFields():
        if _deprecated(field):
            yield field.full_name
        parts = value if field.is_repeated and not _is_map(field) else [value]
        if field.enum_type is not None:
            known = field.enum_type.values_by_number
            # A number that nobody declared is no value, and another rule refuses it.
            name = field.enum_type.full_name
            yield from (f"{name}.{known[one].name}" for one in parts if one in known and _deprecated(known[one]))
        elif field.message_type is not None and not _is_map(field):
            for one in parts:
                yield from _used(one)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
