"""The requests that the engine makes, each with a deadline, and what becomes of their failures."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore, from_url

from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.silence import Silence
from lienthong.chassis.errors import AxisError, storage_full, unavailable
from lienthong.chassis.seldom import Seldom

if TYPE_CHECKING:
    from obstore import ObjectMeta

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_AGAIN = timedelta(seconds=5)
_LATER = timedelta(seconds=30)
_FULL = re.compile(r"QuotaExceeded|StorageFull|status(?: code)?:? 507|No space left", re.IGNORECASE)
"""How stores say that they are full: Ceph, MinIO, the HTTP status, servers that pass on their disk's error."""
_NO_BUCKET = "NoSuchBucket"
_REFUSED = re.compile(
    rf"status code: 40[13]|{_NO_BUCKET}|ExpiredToken|InvalidToken|AuthorizationHeader|redirect without LOCATION"
)
"""A list that is refused comes as an error of no kind of its own, and so do a key that ended and a wrong region."""
_ANSWER = re.compile(r"<Code>(?P<code>[^<]*)</Code>(?:.*?<Message>(?P<message>[^<]*)</Message>)?", re.DOTALL)
"""What a store writes of a failure, behind a line of its own."""
_DELETED_AT_ONCE = 500


class Bucket:
    """A bucket, or the part of one below a prefix. Thread-safe."""

    def __init__(self, section: ObjectsSection) -> None:
        """Asks the server for nothing yet.

        Raises:
            ConfigError: A file of the settings cannot be read, or the URL is none.
        """
        self._url = section.url
        self._section = section
        self._config, self._limits = _config(section), _limits(section)
        self._store = self._opened()
        self._outages = Seldom()
        # A connection that cannot be made is the shortest hanging.
        self._silence = Silence(section.connect_seconds)

    def put(self, name: str, data: bytes) -> None:
        """Writes an object; one of that name is replaced."""
        self._asked(lambda: obstore.put(self._store, name, data, use_multipart=False))

    def create(self, name: str, data: bytes) -> bool:
        """Writes an object unless there is one of that name; tells whether it holds these bytes now."""
        if self._asked(lambda: self._created(name, data)):
            return True
        # Perhaps our own: its answer was lost, and the client asked again.
        found = self.get(name)
        if found is None:
            raise self._away("another writer of it was in the way, and wrote nothing")
        return found == data

    def get(self, name: str) -> bytes | None:
        """Reads an object; None when there is none."""
        with suppress(FileNotFoundError):
            return self._asked(lambda: bytes(obstore.get(self._store, name).bytes()))
        return None

    def get_range(self, name: str, start: int, length: int) -> bytes | None:
        """Reads a part of an object; None when there is none."""
        with suppress(FileNotFoundError):
            return self._asked(lambda: bytes(obstore.get_range(self._store, name, start=start, length=length)))
        return None

    def has(self, name: str) -> bool:
        """Tells whether there is such an object."""
        with suppress(FileNotFoundError):
            self._asked(lambda: obstore.head(self._store, name))
            return True
        return False

    def list(self, prefix: str) -> "Iterator[ObjectMeta]":
        """Lists all objects below a prefix, by name, in constant memory."""
        chunks = iter(obstore.list(self._store, prefix))
        while chunk := self._asked(lambda: next(chunks, None)):
            yield from chunk

    def delete(self, names: Iterable[str]) -> None:
        """Removes objects; those that are gone already are no error."""
        rest = iter(names)
        while batch := list(islice(rest, _DELETED_AT_ONCE)):
            self._asked(lambda some=batch: obstore.delete(self._store, some))  # type: ignore[misc]

    def _created(self, name: str, data: bytes) -> bool:
        with suppress(AlreadyExistsError):
            obstore.put(self._store, name, data, mode="create", use_multipart=False)
            return True
        return False

    def _opened(self) -> ObjectStore:
        try:
            return from_url(self._url, config=self._config, **self._limits)
        except (BaseError, ValueError) as error:
            raise ConfigError([f"engines.objects.url: {_first_line(error)}"]) from error

    def _renewed(self) -> bool:
        """Opens the store anew when files of the settings hold something else than before; tells whether they do."""
        try:
            config, limits = _config(self._section), _limits(self._section)
            if (config, limits) == (self._config, self._limits):
                return False
            self._config, self._limits = config, limits
            self._store = self._opened()
        except ConfigError as error:
            _log.warning("the settings of the store of contents cannot be read", reason=str(error))
            return False
        return True

    def _asked(self, ask: Callable[[], T]) -> T:
        """Makes a request, unless the store hangs and another one looks whether it still does.

        Raises:
            FileNotFoundError: No such object.
            AxisError: UNAVAILABLE, or RESOURCE_EXHAUSTED when the store is full.
        """
        try:
            return self._silence.ask(lambda: self._answered(ask))
        except TimeoutError as error:
            raise self._away(str(error)) from error

    def _answered(self, ask: Callable[[], T]) -> T:
        """Makes a request; again when it failed and the access key or the authority was changed meanwhile."""
        try:
            return ask()
        except FileNotFoundError as error:
            if _NO_BUCKET not in str(error):
                raise
            raise self._refused(error) from error
        except BaseError as error:
            if self._renewed():
                return self._answered(ask)
            raise self._told(error) from error

    def _told(self, error: BaseError) -> AxisError:
        # First, because some stores refuse what is beyond a quota as if it were forbidden.
        if _FULL.search(str(error)):
            return storage_full("this content")
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(str(error)):
            return self._refused(error)
        return self._away(_said(error))

    def _away(self, reason: str) -> AxisError:
        # What the store says names another object each time, so it does not tell what is news.
        if self._outages.is_news("away"):
            _log.warning("the store of contents does not answer", url=self._url, reason=reason)
        return unavailable("CONTENT_STORE_AWAY", "The store of contents does not answer. Try again.", _AGAIN)

    def _refused(self, error: Exception) -> AxisError:
        if self._outages.is_news("refuses"):
            _log.error("the store of contents refuses", url=self._url, reason=_said(error))
        return unavailable(
            "CONTENT_STORE_REFUSES",
            "The store of contents refuses this axis. Its operators must look at the bucket, its region, the access "
            "key and the clock; try again later.",
            _LATER,
        )


def _limits(section: ObjectsSection) -> dict[str, Any]:
    client: dict[str, Any] = {
        "allow_http": section.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=section.connect_seconds),
        "timeout": timedelta(seconds=section.request_seconds),
    }
    if section.ca_file is not None:
        client["root_certificate"] = _read("ca_file", section.ca_file)
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2)}
    retry = {"max_retries": section.retries, "retry_timeout": timedelta(seconds=section.retry_seconds)}
    return {"client_options": client, "retry_config": {**retry, "backoff": backoff}}


def _config(section: ObjectsSection) -> Any:
    if not section.url.startswith(("s3://", "s3a://")):
        return None
    config: dict[str, Any] = {
        "region": section.region,
        "virtual_hosted_style_request": not section.path_style,
    }
    if section.endpoint:
        config["endpoint"] = section.endpoint
    if section.access_key_id_file is not None and section.secret_access_key_file is not None:
        config["access_key_id"] = _first_of("access_key_id_file", section.access_key_id_file)
        config["secret_access_key"] = _first_of("secret_access_key_file", section.secret_access_key_file)
    return config


def _first_of(name: str, file: Path) -> str:
    return _read(name, file).partition("\n")[0].strip()


def _read(name: str, file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, ValueError) as error:
        raise ConfigError([f"engines.objects.{name}: {file} cannot be read: {error}"]) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _said(error: Exception) -> str:
    """Gives who was asked for what, and the code and the sentence of the answer."""
    asked = _first_line(error).partition("<?xml")[0].strip()
    answer = _ANSWER.search(str(error))
    return " ".join([asked, *(text.strip() for text in answer.groups("") if text)]) if answer else asked
