"""Addresses of a service: host and port, or those of its copies, separated by commas.

One name that stands for all copies (a headless service of a cluster) is resolved again whenever a copy goes. Several
hosts are looked up once, when the channel is opened; the certificate of each copy must name the first of them.
"""

import socket
from collections.abc import Sequence
from itertools import groupby

from lienthong.chassis.config import is_loopback

_PORTS = range(1, 65536)


class ContextError(Exception):
    """A context cannot be used; the message says which file or address, why, and what to do."""


def split(address: str) -> list[tuple[str, int]]:
    """Gives the hosts and ports of an address.

    Raises:
        ContextError: It has another form than `host:port`, or several of these separated by commas.
    """
    found = []
    for part in address.split(","):
        host, _, port = part.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port.isdecimal() or int(port) not in _PORTS:
            raise ContextError(f"{part.strip()!r} is not host:port; copies of a service are separated by commas")
        found.append((host, int(port)))
    return found


def on_loopback(address: str) -> bool:
    """Tells whether all of an address is on this machine.

    Raises:
        ContextError: See `split`.
    """
    return all(is_loopback(host) for host, _ in split(address))


def target(address: str) -> tuple[str, str]:
    """Gives what gRPC connects to, and the name that the certificates of all copies have.

    Raises:
        ContextError: See `split`; or one of several hosts is not known.
    """
    hosts = split(address)
    first = hosts[0][0]
    if len(hosts) == 1:
        return address.strip(), first
    found = sorted({place for host, port in hosts for place in _looked_up(host, port)})
    # gRPC takes several addresses of one family.
    kind, places = next((kind, list(some)) for kind, some in groupby(found, lambda place: place[0]))
    written = [_written(*place) for place in places]
    return f"{kind}:{','.join(written)}", first


def copies(address: str) -> tuple[list[str], str]:
    """Gives the address of each copy by itself, and the name that the certificates of all have.

    Raises:
        ContextError: See `target`.
    """
    hosts = split(address)
    places = dict.fromkeys(place for host, port in hosts for place in _looked_up(host, port))
    # Where a host has addresses of both families, one of them is enough to reach every copy.
    kind = next(iter(places))[0]
    return [_written(kind, host, port) for family, host, port in places if family == kind], hosts[0][0]


def _written(kind: str, host: str, port: int) -> str:
    return f"{host}:{port}" if kind == "ipv4" else f"[{host}]:{port}"


def _looked_up(host: str, port: int) -> Sequence[tuple[str, str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ContextError(f"host {host} is not known: {error}") from error
    families = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}
    return [(families[family], str(place[0]), port) for family, *_, place in found if family in families]
