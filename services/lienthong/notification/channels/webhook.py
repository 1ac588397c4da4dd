"""Hands a notice over by a signed HTTP call (Standard Webhooks)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from lienthong.notification.channels.bounds import BoundedResolver, Cutter, Resolver, cut_after
from lienthong.notification.channels.result import Refused, Result, Retry, Sent
from lienthong.notification.channels.signatures import signed_headers
from lienthong.notification.channels.targets import Target, TargetRefusedError, parse_target, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

RESOLVE_SECONDS = 5.0
MAX_ADDRESSES = 3
"""Addresses of a target that are tried in one attempt, while nothing has been sent."""
_FINAL = frozenset({400, 410, 413, 414, 415, 422})
"""What a receiver says of this body or this target for good. All else it may be rid of within a day: credentials,
routes, limits, a page in place of the program."""


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the trust of webhook calls: the system's authorities, or those of a file alone.

    Raises:
        OSError: the file cannot be read or holds no certificate.
    """
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One attempt. `webhook_id` is that of the notice at each attempt; `secrets` the newest first."""

    url: str
    webhook_id: str
    body: bytes
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class WebhookChannel:
    """Calls webhook targets.

    Each attempt resolves once, checks the addresses and connects to those alone, with the name of the target in Host,
    in SNI and in the check of the certificate. No redirect is followed, no proxy of the environment used, no connection
    shared between targets.

    Args:
        tls: Trust; see `tls_context`.
        allow: `host:port` pairs that may be private or without TLS.
        resolver: Resolves names, within a time of its own.
        timeout: Seconds for connecting, and for each read or write.
        deadline: Seconds for the whole attempt after resolving, however slowly the other side drips.
        max_response: Bytes of an answer that are read at most.
    """

    tls: ssl.SSLContext = field(default_factory=tls_context)
    allow: frozenset[str] = frozenset()
    resolver: Resolver = field(default_factory=lambda: BoundedResolver(RESOLVE_SECONDS))
    timeout: float = 10.0
    deadline: float = 30.0
    max_response: int = 64 * 1024
    user_agent: str = "lienthong-notification"

    def check(self, url: str) -> str:
        """Return why a target would be refused when somebody subscribes, or an empty text. Does not resolve."""
        try:
            parse_target(url, self.allow)
        except TargetRefusedError as error:
            return str(error)
        return ""

    def send(self, call: WebhookCall, now: datetime) -> Result:
        """Make one attempt. Never raises for what the other side does.

        Args:
            call: What to send and where.
            now: The moment of the attempt; it is signed, and what Retry-After dates are measured from.

        Raises:
            ValueError: our own identifier or secrets are malformed.
        """
        headers = signed_headers(call.webhook_id, now, call.body, call.secrets)
        try:
            target = parse_target(call.url, self.allow)
            addresses = resolve(target, self.resolver)
        except TargetRefusedError as error:
            return Refused(str(error))
        except (OSError, UnicodeError) as error:
            return Retry(f"the name of the target does not resolve: {error}")
        return self._try_addresses(target, addresses[:MAX_ADDRESSES], headers, call.body, now)

    def _try_addresses(
        self, target: Target, addresses: Sequence[str], headers: dict[str, str], body: bytes, now: datetime
    ) -> Result:
        result: Result = Retry("no address")
        for address in addresses:
            try:
                return self._post(target, address, headers, body, now)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Nothing was sent, so another address of the same name cannot make it twice.
                result = Retry(f"cannot connect to {target.authority} at {address}: {_words(error)}")
            except (httpx.HTTPError, httpx.StreamError, ssl.SSLError) as error:
                return Retry(f"the call to {target.authority} broke off: {_words(error)}")
        return result

    def _post(self, target: Target, address: str, headers: dict[str, str], body: bytes, now: datetime) -> Result:
        # The Host header names the port only when it is not the scheme's own, as clients do.
        host = target.url.netloc.decode("ascii")
        sent = {**headers, "host": host, "content-type": "application/json", "user-agent": self.user_agent}
        transport = httpx.HTTPTransport(verify=self.tls, trust_env=False)
        with (
            cut_after(self.deadline) as cutter,
            httpx.Client(transport=transport, timeout=self.timeout, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                target.pinned(address),
                content=body,
                headers=sent,
                extensions={"sni_hostname": target.host, "trace": _watching(cutter)},
            ) as response,
        ):
            return judge(response.status_code, self._read(response), response.headers.get("retry-after"), now)

    def _read(self, response: httpx.Response) -> str:
        """Read the beginning of an answer, undecoded: a small compressed body must not unfold in our memory."""
        found = b""
        try:
            for chunk in response.iter_raw():
                found += chunk[: self.max_response - len(found)]
                if len(found) >= self.max_response:
                    break
        except httpx.HTTPError:
            found += b" (broken off)"  # the status has been said already, and it is what counts
        text = found[:200].decode("utf-8", "replace")
        return "".join(char if char.isprintable() else " " for char in text).strip()


def judge(status: int, said: str, retry_after: str | None, now: datetime) -> Result:
    """Tell what an HTTP status means for a notice."""
    detail = f"HTTP {status}" + (f": {said}" if said else "")
    if httpx.codes.is_success(status):
        return Sent(detail)
    if httpx.codes.is_redirect(status):
        detail = f"HTTP {status}: redirects are not followed; subscribe the final address"
    if status in _FINAL:
        return Refused(detail)
    return Retry(detail, parse_retry_after(retry_after, now))


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header (seconds or a date, RFC 9110); None when there is none or it makes no sense."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(zoned - now, timedelta(0))


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _watching(cutter: Cutter) -> Callable[[str, dict[str, Any]], None]:
    """Make a trace of httpcore that tells of the connection before anything is said over it."""

    def trace(event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            cutter.watch(info["return_value"].get_extra_info("socket"))

    return trace
