"""Contexts: where the axis is, and as whom to call. A YAML file each; keys and certificates are named, not held."""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from lienthong.chassis.home import folder_of_user
from lienthong.client.addresses import ContextError, copies, split

SERVICES = ("intake", "routing", "workflow", "signing", "notification")
FOLDER_VARIABLE = "LIENTHONG_CONTEXTS"

_FILES = ("authority", "certificate", "key", "passphrase_file")
_TEXTS = ("agency", "person")
_KEYS = {"address", "addresses", *_FILES, *_TEXTS}


@dataclass(frozen=True, slots=True)
class Context:
    """Where and as whom.

    Attributes:
        address: Host and port that serve everything not named in `addresses`; several copies separated by commas.
        addresses: The same by service, where each is a process of its own.
        authority: Roots against which servers verify, PEM; None calls without TLS, on loopback only.
        certificate: Client certificate, PEM.
        key: Its private key, PEM.
        passphrase_file: File whose first line opens that key, where it is encrypted.
        agency: Agency to act for, where the system may act for several: identifier or code.
        person: Person who acts, for the audit trail.
        server_name: Name that the certificates of the servers have; the first host when empty.
    """

    address: str
    addresses: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    passphrase_file: Path | None = None
    agency: str = ""
    person: str = ""
    server_name: str = ""

    def address_of(self, service: str) -> str:
        """Gives the address of a service."""
        return self.addresses.get(service, self.address)

    def copies_of(self, service: str) -> "list[Context]":
        """Gives a context for each copy of a service, to ask that one alone; each host is looked up.

        Raises:
            ContextError: A host is not known.
        """
        places, name = copies(self.address_of(service))
        return [replace(self, address=place, addresses={}, server_name=self.server_name or name) for place in places]


def folders() -> tuple[Path, ...]:
    """Gives the folders in which contexts are looked for: named by the environment, of a local platform, the user's."""
    named = os.environ.get(FOLDER_VARIABLE)
    found = [*([Path(named)] if named else []), Path("var") / "contexts"]
    with suppress(OSError):  # who has no home folder has contexts elsewhere
        found.append(folder_of_user("XDG_CONFIG_HOME", ".config") / "contexts")
    return tuple(found)


def find_context(name: str) -> Path:
    """Finds a context by its name, or takes a path.

    Raises:
        ContextError: There is none.
    """
    direct = Path(name)
    if direct.suffix == ".yaml" and direct.is_file():
        return direct
    for folder in folders():
        file = folder / f"{name}.yaml"
        if file.is_file():
            return file
    looked = ", ".join(str(folder) for folder in folders())
    raise ContextError(f"context {name!r} is not in {looked}. See `lienthong context list`, or set {FOLDER_VARIABLE}.")


def load_context(file: Path | str) -> Context:
    """Reads a context. Relative paths in it count from its own folder.

    Raises:
        ContextError: The file cannot be read, or holds an unknown key or service, no address, or what is none.
    """
    place = Path(file)
    try:
        found: Any = yaml.safe_load(place.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ContextError(f"context {place} cannot be read: {error}") from error
    # A key without a value is left out.
    values = {key: value for key, value in found.items() if value is not None} if isinstance(found, dict) else {}
    if not values.get("address"):
        raise ContextError(f"context {place} names no address; add `address: host:port`")
    _check_keys(place, "keys", values, _KEYS)
    for key in (*_FILES, *_TEXTS):
        if not isinstance(values.get(key, ""), str):
            raise ContextError(f"context {place}: {key} is no text ({values[key]!r}). Put it into double quotes.")
    files = {key: place.parent / values[key] for key in _FILES if key in values}
    named = values.get("addresses", {})
    if not isinstance(named, dict):
        raise ContextError(f"context {place}: addresses are given by service, such as `intake: host:port`")
    _check_keys(place, "services", named, SERVICES)
    addresses = {service: _address(place, written) for service, written in named.items()}
    return Context(**(values | files | {"address": _address(place, values["address"]), "addresses": addresses}))


def _check_keys(file: Path, what: str, values: Mapping[Any, Any], known: Collection[str]) -> None:
    unknown = sorted(str(key) for key in values.keys() - set(known))
    if unknown:
        told = ", ".join(sorted(known))
        raise ContextError(f"context {file} has unknown {what}: {', '.join(unknown)}; there are {told}")


def _address(file: Path, written: object) -> str:
    """Gives an address as text; copies may be written as a list too."""
    address = ",".join(map(str, written)) if isinstance(written, list) else str(written)
    try:
        split(address)
    except ContextError as error:
        raise ContextError(f"context {file}: {error}") from error
    return address
