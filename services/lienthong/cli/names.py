"""Short names: the last characters of an identifier stand for the whole, for what was shown on this machine lately.

`documents/01a219b5-d093-7104-9660-c63393ee8629` is `93ee8629` in a list, and every command that takes a document takes
that. What was shown is kept in a file of the user's cache, with the lease of what was pulled; without the file whole
names do all the same.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import typer
from google.protobuf.message import Message

from lienthong.chassis.home import folder_of_user

SHORT = 8
"""Characters of a short name: the random end of a UUIDv7."""
SHORTEST = 4
"""Characters that are looked for, at least."""
KEPT = 5000
"""Names that are kept, the latest."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_NAME = re.compile(rf"(?:[a-z]+/)?{_UUID}")
_PART = re.compile(rf"[0-9a-f-]{{{SHORTEST},36}}")
EVENTS = ""
"""Collection of identifiers that stand by themselves."""


def shorten_name(text: str) -> str:
    """Gives the short form of a name, and any other text as it is."""
    return text[-SHORT:] if _NAME.fullmatch(text) else text


def shorten_in_place(text: str) -> str:
    """Gives the short form with the collection before it, where a column has names of several."""
    collection, slash, _ = text.partition("/")
    return f"{collection}{slash}{text[-SHORT:]}" if slash and _NAME.fullmatch(text) else text


def remember(messages: Iterable[Message]) -> None:
    """Keeps the names that are about to be shown."""
    shown = [name for message in messages for name in _names(message)]
    if not shown:
        return
    with suppress(OSError):  # a user without a cache gives whole names
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = dict.fromkeys([*reversed(shown), *reversed(_known())])
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text("".join(f"{name}\n" for name in reversed(list(kept)[:KEPT])), "utf-8")
        fresh.replace(file)


def find(text: str, collection: str) -> str | None:
    """Gives the whole name that a text stands for, None when there is none.

    Raises:
        typer.BadParameter: It stands for several.
    """
    if _NAME.fullmatch(text):
        return text if "/" in text or not collection else f"{collection}/{text}"
    prefix = f"{collection}/" if collection else ""
    text = text.removeprefix(prefix)
    if not _PART.fullmatch(text):
        return None
    found = {name for name in _bare_names() if _in(name, prefix) and name.endswith(text)}
    if len(found) > 1:
        raise typer.BadParameter(f"{text!r} stands for {', '.join(sorted(found))}; give more of it")
    return found.pop() if found else None


def find_shown(text: str, collection: str) -> str | None:
    """Gives the whole name that a text stands for, None when there is none, or it may as well be something else.

    A bare UUID is a form of a DocumentId too: it stands for a name only when that was shown here lately.

    Raises:
        typer.BadParameter: It stands for several.
    """
    found = find(text, collection)
    return None if found and _NAME.fullmatch(text) and "/" not in text and found not in _bare_names() else found


def lease_of(item: str) -> str:
    """Gives the lease with which an item was pulled last on this machine, empty without one."""
    return next((lease for name, _, lease in map(_parted, reversed(_known())) if name == item and lease), "")


def whole(collection: str) -> Callable[[str], str]:
    """Makes the reader of an argument: a whole name, its identifier, or a short name that was shown lately."""

    def read(text: str) -> str:
        found = find(text, collection)
        if found is None and _PART.fullmatch(text.removeprefix(f"{collection}/")):
            wanted = f"name ({collection}/…)" if collection else "identifier"
            raise typer.BadParameter(
                f"{text!r} was not shown here lately; list again, or give the whole {wanted}, which --json prints"
            )
        return found or (text if "/" in text or not collection else f"{collection}/{text}")

    return read


def _file() -> Path:
    return folder_of_user("XDG_CACHE_HOME", ".cache") / "names"


def _known() -> list[str]:
    try:
        return _file().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _bare_names() -> set[str]:
    return {name for name, _, _ in map(_parted, _known())}


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition("=")


def _in(name: str, prefix: str) -> bool:
    return name.startswith(prefix) if prefix else "/" not in name


def _names(message: Message) -> Iterator[str]:
    for described, value in message.ListFields():
        if isinstance(value, Message):
            yield from _names(value)
        elif isinstance(value, str) and described.name != "lease" and _NAME.fullmatch(value):
            lease = getattr(message, "lease", "") if described.name == "name" else ""
            yield f"{value}={lease}" if lease else value
