"""Hands a notice over by mail (RFC 5322 over SMTP)."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from lienthong.notification.channels.bounds import BoundedResolver, Cutter, Resolver, cut_after
from lienthong.notification.channels.result import Refused, Result, Retry, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from email.policy import Policy
    from typing import BinaryIO


class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # typeshed: one says Literal[1], one None
    """A subject that keeps its words apart: folded by the class above, encoded words lose blanks between lines."""

    def fold(self, *, policy: Policy) -> str:
        """Write the header, its lines ended as the policy says."""
        folded = Header(str(self), "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {folded}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Subject)
# Seven bits: not every relay on the way announces eight.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@.{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PERMANENT = 500
_OUR_ACCOUNT = frozenset({530, 534, 535, 538})
"""Replies that ask for credentials, or for better ones (RFC 4954): they say nothing of the recipient."""
_OUR_STANDING = re.compile(r"\s*5\.7\.\d")
"""How a reply says that the server does not want this from us (RFC 3463): a relay that has forgotten us, a listed
address. That too is the operator's to repair."""
_MAX_REPLIES = 256 * 1024
"""Bytes that a server may say in one session."""
_RESOLVE_SECONDS = 5.0
_MAX_ADDRESSES = 3


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class EmailSettings:
    """The mail server and who writes.

    `security` NONE must be written, and never carries a password. `timeout` is in seconds, for each step; `deadline` is
    for the whole session after resolving, however slowly the other side drips.

    Raises:
        ValueError: a password without TLS, or a sender that is no address.
    """

    host: str
    sender: str
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 15.0
    deadline: float = 120.0
    resolver: Resolver = field(default_factory=lambda: BoundedResolver(_RESOLVE_SECONDS), repr=False)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    def __post_init__(self) -> None:
        if self.password and self.security is Security.NONE:
            raise ValueError("a mail password needs TLS: set security to starttls or tls")
        if not _ADDRESS.fullmatch(self.sender):
            raise ValueError(f"the sender is no mail address: {self.sender!r}")

    @property
    def domain(self) -> str:
        """The sender's domain: the right half of Message-ID, and the name given in EHLO."""
        return self.sender.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Mail:
    """One notice as mail. `notice` becomes the Message-ID, the same at each attempt."""

    notice: str
    recipient: str
    title: str
    text: str
    language: str = "vi"


def check_address(address: str) -> str:
    """Return why a mail address would be refused, or an empty text.

    One plain address: no display name, no list, no line break, ASCII alone (not every relay takes others).
    """
    return "" if _ADDRESS.fullmatch(address) else f"not a plain mail address: {address!r}"


def compose(settings: EmailSettings, mail: Mail, now: datetime) -> EmailMessage:
    """Write the message: UTF-8, marked as made by a machine (RFC 3834) so that nothing answers it by itself.

    Raises:
        ValueError: something in it would break out of its header.
    """
    if reason := check_address(mail.recipient):
        raise ValueError(reason)
    if not _ID.fullmatch(mail.notice):
        raise ValueError("a notice id has 1 to 128 letters, digits, hyphens and underscores")
    if any(not char.isprintable() for char in mail.title + mail.language):
        raise ValueError("the title of a mail is one printable line")
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address("Trục liên thông văn bản", addr_spec=settings.sender)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.title
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.notice}@{settings.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8")
    message["Content-Language"] = mail.language
    return message


class _Bounded:
    """What a server says, up to a bound: a reply may have any number of lines, and all of them are kept."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = _MAX_REPLIES

    def readline(self, size: int) -> bytes:
        """Read a line of at most `size` bytes; raises OSError beyond the bound."""
        line = self._stream.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"the server says more than {_MAX_REPLIES} bytes")
        return line

    def close(self) -> None:
        """Let the stream go."""
        self._stream.close()


class _Session(smtplib.SMTP):
    """A session on one of some addresses, whose connection is watched before the server's first word."""

    def __init__(self, settings: EmailSettings, addresses: Sequence[str], cutter: Cutter) -> None:
        self._settings, self._addresses, self._cutter = settings, addresses, cutter
        super().__init__(settings.host, settings.port, settings.domain, timeout=settings.timeout)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        error: OSError = OSError(f"{host} has no address")
        for address in self._addresses:
            try:
                connection = socket.create_connection((address, port), timeout)
            except OSError as failed:
                error = failed
                continue
            self._cutter.watch(connection)
            if self._settings.security is Security.TLS:
                return self._settings.tls.wrap_socket(connection, server_hostname=host)
            return connection
        raise error


def _hand_over(settings: EmailSettings, message: EmailMessage, recipient: str, cutter: Cutter) -> None:
    addresses = settings.resolver(settings.host, settings.port)
    server = _Session(settings, addresses[:_MAX_ADDRESSES], cutter)
    try:
        if settings.security is Security.STARTTLS:
            # Raises when the server does not offer it: mail never falls back to plain text.
            server.starttls(context=settings.tls)
        if settings.username:
            server.login(settings.username, settings.password)
        server.send_message(message, from_addr=settings.sender, to_addrs=[recipient])
        with suppress(smtplib.SMTPException, OSError):
            server.quit()  # the mail is taken: a rude good-bye must not send it twice
    finally:
        server.close()


def _answer(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"SMTP {code}: {' '.join(said.split())[:200]}"


def send(settings: EmailSettings, mail: Mail, now: datetime) -> Result:
    """Make one attempt. Never raises for what the mail server does.

    A server that refuses this recipient or this message for good ends the notice; anything that speaks of the server,
    the connection, our own account or our standing is tried again.
    """
    try:
        message = compose(settings, mail, now)
    except ValueError as error:
        return Refused(str(error))
    with cut_after(settings.deadline) as cutter:
        result = _attempt(settings, message, mail.recipient, cutter)
    if cutter.late and isinstance(result, Retry):
        return Retry(f"{settings.host}:{settings.port}: the session took longer than {settings.deadline:g} s")
    return result


def _attempt(settings: EmailSettings, message: EmailMessage, recipient: str, cutter: Cutter) -> Result:
    try:
        _hand_over(settings, message, recipient, cutter)
    except smtplib.SMTPRecipientsRefused as error:
        return _of_reply(*error.recipients[recipient])
    except smtplib.SMTPDataError as error:
        return _of_reply(error.smtp_code, error.smtp_error)
    except smtplib.SMTPResponseException as error:
        return Retry(_answer(error.smtp_code, error.smtp_error))
    # A challenge that is no base64 is a ValueError.
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Retry(f"{settings.host}:{settings.port}: {error or type(error).__name__}")
    return Sent(f"taken by {settings.host}:{settings.port}")


def _of_reply(code: int, text: bytes | str) -> Result:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    ours = code in _OUR_ACCOUNT or _OUR_STANDING.match(said)
    return Refused(_answer(code, said)) if code >= _PERMANENT and not ours else Retry(_answer(code, said))
