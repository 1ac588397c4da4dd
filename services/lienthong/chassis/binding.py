"""Why an address cannot be bound, in words that say what to do: gRPC has one sentence for everything."""

import errno
import socket

from lienthong.chassis.config import ConfigError

_OURS = "write an address of this machine: 127.0.0.1 for programs on it, 0.0.0.0 for everybody"


def not_bound(setting: str, address: str) -> ConfigError:
    """Makes the error of an address that could not be bound; binds it once more to see why.

    Args:
        setting: The setting that names it, such as `server.listen`.
        address: Host and port.
    """
    host, _, port = address.rpartition(":")
    return ConfigError([f"{setting}: {address} cannot be bound: {_reason(host.strip('[]'), int(port))}"])


def _reason(host: str, port: int) -> str:
    try:
        for kind, *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            with socket.socket(kind, socket.SOCK_STREAM) as trial:
                trial.bind(place)
    except (socket.gaierror, UnicodeError):
        return f"{host} cannot be resolved; {_OURS}"
    except OSError as error:
        remedies = {
            errno.EADDRINUSE: f"another program has port {port}; stop it, or take another port",
            errno.EADDRNOTAVAIL: f"this machine has no such address; {_OURS}",
            errno.EACCES: f"port {port} is for root; take one from 1024 on",
        }
        return remedies.get(error.errno or 0, str(error.strerror))
    return "it was not free a moment ago; start again"
