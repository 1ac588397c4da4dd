"""Credentials of a system: the key is made here and never leaves; the axis certifies it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml
from cryptography.exceptions import UnsupportedAlgorithm

from lienthong.chassis import pki
from lienthong.chassis.errors import FOUND_SHOWN, AxisError, Code, Violation, invalid
from lienthong.chassis.keyfiles import load_certificates, read_request, request_to_pem, write_private_key
from lienthong.chassis.keyring import read_passphrase
from lienthong.client import Axis, ContextError
from lienthong.client.errors import from_axis_error
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2
from lienthong.signing.v1 import signing_pb2

ISSUE_SECONDS = 30.0
"""Issuing waits so long for signing to hear of the new system."""
LONGEST_NAME = 160
"""Bytes of the name of a context: with an ending, and while it is written, it fits into a folder (255)."""

_NAME = re.compile(r"\w[\w.-]*")
_WORD = re.compile(r"[\w.]+")
_HOLDER = "lienthong"
"""Name in each request: the axis takes none from there, and what people call a system may be too long for it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued.

    Attributes:
        system: Resource name of the system.
        certificate: File of the certificate chain.
        context: File of the context; None when the key is elsewhere.
    """

    system: str
    certificate: Path
    context: Path | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of new credentials go.

    Attributes:
        folder: The folder; made when absent.
        csr: Certificate request of a key that is elsewhere; None makes a key here.
        passphrase_file: File whose first line encrypts the key that is made; None leaves it plain, for its owner only.
    """

    folder: Path
    csr: Path | None = None
    passphrase_file: Path | None = None


def file_name(text: str) -> str:
    """Gives a text that can be the name of a context and its files as it is, of any other its label."""
    return text if _can_name_files(text) else label(text)


def label(text: str) -> str:
    """Makes the name of a context and its files of what people call somebody; empty without a letter or digit."""
    words = "-".join(_WORD.findall(normalize("NFC", text).lower()))
    return words.encode()[:LONGEST_NAME].decode(errors="ignore").strip("-.")


def name_of(place: Place, text: str, system: str) -> str:
    """Gives the name of files that a system has already, whatever it is, and else one that can be given to files."""
    return text if _is_of(place.folder / f"{text}.crt", system) else file_name(text)


def check(place: Place, name: str, system: str = "") -> None:
    """Refuses what could not be certified or kept: no system is registered for it.

    Args:
        place: Where files go.
        name: Name of the context and of the files.
        system: Resource name of the system whose credentials are renewed; a new one, "", replaces no file.

    Raises:
        ConfigError: The passphrase cannot be read, or is too short.
        ConflictError: Files of that name are there, and those of another system.
        ContextError: The context that is to be renewed cannot be read.
        InvalidRequestError: The name cannot be one of files; the certificate request is none, or its key is too weak.
        OSError: It cannot be read.
    """
    if not _can_name_files(name) and not (system and _is_of(place.folder / f"{name}.crt", system)):
        text = (
            f"No context and no files can have the name {name[:FOUND_SHOWN]!r}. Give one of letters, digits, dots, "
            f"dashes and underscores that begins with a letter or digit and has at most {LONGEST_NAME} bytes."
        )
        raise from_axis_error(invalid("CONTEXT_NAME_INVALID", text))
    _check_files(place, name, system)
    if place.csr is None:
        read_passphrase("passphrase_file", place.passphrase_file)
        return
    try:
        pki.check_request(read_request(place.csr.read_bytes()))
    except (pki.PkiError, UnsupportedAlgorithm) as error:
        rule, remedy = f"{place.csr}: {error}", "Make a request (PKCS#10) with a P-256 key, signed by that key."
        violation = Violation("csr", "CSR_INVALID", rule, remedy)
        raise from_axis_error(invalid("CSR_INVALID", f"{rule}. {remedy}", violation)) from error


def issue(axis: Axis, agency: str, name: str, place: Place) -> Issued:
    """Registers a system that acts for an agency, and certifies its key.

    Args:
        axis: A session as operator.
        agency: Resource name of the agency, or a code.
        name: Name of the context and of the files.
        place: Where files go.

    Raises:
        AxisCallError: It is refused.
        ConfigError: The passphrase cannot be read, or is too short.
    """
    check(place, name)
    found = axis.directory.GetAgency(
        directory_pb2.GetAgencyRequest(name=f"agencies/{agency.removeprefix('agencies/')}")
    )
    system = axis.directory.CreateSystem(
        directory_pb2.CreateSystemRequest(
            system=common.System(
                display_name=name,
                role=common.SYSTEM_ROLE_AGENCY_SYSTEM,
                grants=[common.Grant(agency=found.name)],
            ),
            request_id=new_request_id(),
        )
    )
    return certify(axis, system.name, name, place)


def certify(axis: Axis, system: str, name: str, place: Place) -> Issued:
    """Certifies a key of a system that is registered already; its files of before are replaced.

    Raises:
        AxisCallError: It is refused.
        ConfigError: The passphrase cannot be read, or is too short.
        ContextError: The context that stands there cannot be read.
    """
    check(place, name, system)
    place.folder.mkdir(parents=True, exist_ok=True)
    key = pki.new_key()
    request = place.csr.read_bytes() if place.csr else request_to_pem(pki.make_request(key, _HOLDER))
    asked = signing_pb2.IssueCertificateRequest(system=system, csr=request, request_id=new_request_id())
    certificate = axis.signing.IssueCertificate(asked, timeout=ISSUE_SECONDS)
    chain = place.folder / f"{name}.crt"
    if place.csr is None:
        # Not earlier: a pair of that name, in use perhaps, stays whole when the axis refuses.
        passphrase = read_passphrase("passphrase_file", place.passphrase_file)
        write_private_key(place.folder / f"{name}.key", key, passphrase)
    chain.write_bytes(certificate.chain)
    return Issued(system, chain, None if place.csr else _context(axis, place, name))


def _can_name_files(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and len(name.encode()) <= LONGEST_NAME


def _check_files(place: Place, name: str, system: str) -> None:
    # Of a key that is elsewhere the chain alone is written; its key may well lie in the same folder.
    endings = (".crt",) if place.csr else (".key", ".crt", ".yaml")
    there = [file for file in (place.folder / f"{name}{ending}" for ending in endings) if file.exists()]
    if system and _is_of(place.folder / f"{name}.crt", system):
        _kept(place.folder / f"{name}.yaml")
    elif there:
        text = (
            f"{', '.join(map(str, there))}: another system may use this. Choose another name (`--name` of "
            "`agency issue-credentials` and `system certify`) or another `--folder`; to renew credentials that are "
            "there, use `lienthong system certify SYSTEM`."
        )
        raise from_axis_error(AxisError(Code.ALREADY_EXISTS, "CREDENTIALS_EXIST", text))


def _is_of(chain: Path, system: str) -> bool:
    """Tells whether a certificate is one of a system; of one that is absent or unreadable nobody knows."""
    try:
        owners = pki.identities(load_certificates(chain)[0])
    except (OSError, pki.PkiError):
        return False
    return f"urn:lienthong:system:{system.removeprefix('systems/')}" in owners


def _context(axis: Axis, place: Place, name: str) -> Path:
    """Writes the context; what people added to one that is renewed, such as `agency`, stays."""
    file, context = place.folder / f"{name}.yaml", axis.context
    values = _kept(file) | {"address": context.address, "certificate": f"{name}.crt", "key": f"{name}.key"}
    if context.authority:
        values["authority"] = str(context.authority.resolve())
    if context.addresses:
        values["addresses"] = dict(context.addresses)
    values.pop("passphrase_file", None)
    if place.passphrase_file is not None:
        values["passphrase_file"] = str(place.passphrase_file.resolve())
    file.write_text(yaml.safe_dump(values, allow_unicode=True), "utf-8")
    return file


def _kept(file: Path) -> dict[str, Any]:
    """Reads what stands in a context that is renewed; nothing where there is none.

    Raises:
        ContextError: It cannot be read.
    """
    try:
        found: Any = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
    except (ValueError, yaml.YAMLError) as error:
        raise ContextError(f"context {file} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
