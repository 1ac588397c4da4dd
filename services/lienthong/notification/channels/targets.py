"""Where a webhook may go: parses targets, resolves them once, refuses what is not on the public internet.

A subscriber chooses the target and the axis makes the call from inside its own network. Without these checks a
subscription could reach metadata services, databases and consoles (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

import httpx

from lienthong.notification.channels.bounds import Resolver, system_resolver

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 2048
MAX_PORT = 65535
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # platform service of a public cloud, on a public address
        "192.0.0.0/24",  # protocol assignments; a cloud serves metadata there
        "fec0::/10",  # site-local, deprecated and still routed in places
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64: an IPv4 address behind a translator
        "64:ff9b:1::/48",  # NAT64, local use
        "2001::/32",  # Teredo: an IPv4 address inside
        "2002::/16",  # 6to4: an IPv4 address inside
    )
)


class TargetRefusedError(Exception):
    """The target is not one that may be called; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target. `allowed` says that the operator allow-listed its host and port."""

    url: httpx.URL
    host: str
    port: int
    allowed: bool

    @property
    def authority(self) -> str:
        """Host and port as in the Host header and in the allow list."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}"

    def pinned(self, address: str) -> httpx.URL:
        """Return the URL with the resolved address in place of the name."""
        return self.url.copy_with(host=address, port=self.port)


def forbidden(address: str) -> str:
    """Return why an address may not be called, or an empty text.

    Public unicast addresses alone pass. IPv4 addresses inside IPv6 ones are judged as what they are.
    """
    try:
        parsed: Address = ipaddress.ip_address(address)
    except ValueError:
        return f"{address} is not an address"
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    listed = any(parsed in network for network in _FORBIDDEN if network.version == parsed.version)
    public = parsed.is_global and not parsed.is_multicast and not parsed.is_reserved and not parsed.is_unspecified
    scoped = isinstance(parsed, ipaddress.IPv6Address) and parsed.scope_id is not None
    return "" if public and not listed and not scoped else f"{address} is not a public address"


def _looks_like_a_number(host: str) -> bool:
    """Tell whether a resolver might read a host as an address in another notation (2130706433, 0x7f.1, 0177.0.0.1)."""
    last = host.rstrip(".").rsplit(".", 1)[-1].lower()
    return last.isdigit() or last.startswith("0x")


def parse_target(url: str, allow: frozenset[str] = frozenset()) -> Target:
    """Parse a webhook target and check everything that needs no resolving.

    Args:
        url: The target; https, or http when its host and port are in `allow`.
        allow: `host:port` pairs, lower case, that the operator trusts though they are private or without TLS.

    Raises:
        TargetRefusedError: the target may not be called.
    """
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, UnicodeError, TypeError) as error:
        raise TargetRefusedError(f"the target is not a URL: {error}") from error
    if len(url) > MAX_URL or not host or parsed.scheme not in _PORTS:
        raise TargetRefusedError("the target must be an https URL of at most 2048 characters with a host")
    if parsed.userinfo:
        raise TargetRefusedError("the target must not carry a user name or password")
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port <= MAX_PORT:
        raise TargetRefusedError(f"{port} is no port")
    target = Target(parsed, host, port, allowed=False)
    target = replace(target, allowed=target.authority in allow)
    _check_public(target)
    return target


def _check_public(target: Target) -> None:
    if target.allowed:
        return
    if target.url.scheme != "https":
        raise TargetRefusedError(f"{target.authority} must use https, or the operator allows it by name")
    try:
        ipaddress.ip_address(target.host)
    except ValueError:
        if _looks_like_a_number(target.host):
            raise TargetRefusedError(f"{target.host} is an address in disguise: write it in the usual form") from None
        if not _NAME.fullmatch(target.host):
            raise TargetRefusedError(f"{target.host[:100]!r} is no host name") from None
        return
    if reason := forbidden(target.host):
        raise TargetRefusedError(f"{reason}; the operator can allow {target.authority}")


def resolve(target: Target, resolver: Resolver = system_resolver) -> tuple[str, ...]:
    """Resolve a target once; the caller connects to these addresses and to no others.

    One forbidden address among public ones refuses the whole: names that mix them are made to deceive.

    Raises:
        OSError: the name does not resolve; it may later.
        TargetRefusedError: it resolves to what may not be called.
    """
    addresses = tuple(resolver(target.host, target.port))
    if not addresses:
        raise OSError(f"{target.host} has no address")
    if not target.allowed:
        for address in addresses:
            if reason := forbidden(address):
                raise TargetRefusedError(f"{target.host}: {reason}; the operator can allow {target.authority}")
    return addresses
