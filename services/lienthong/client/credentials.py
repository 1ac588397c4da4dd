"""Credentials of a system: the key is made here and never leaves; the axis certifies it."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.exceptions import UnsupportedAlgorithm

from lienthong.chassis import pki
from lienthong.chassis.errors import Violation, invalid
from lienthong.chassis.keyfiles import read_request, request_to_pem, write_private_key
from lienthong.chassis.keyring import read_passphrase
from lienthong.client import Axis
from lienthong.client.errors import from_axis_error
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.routing.v1 import directory_pb2
from lienthong.signing.v1 import signing_pb2

ISSUE_SECONDS = 30.0
"""Issuing waits so long for signing to hear of the new system."""


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


def check(place: Place) -> None:
    """Refuses what could not be certified or kept: no system is registered for it.

    Raises:
        ConfigError: The passphrase cannot be read, or is too short.
        InvalidRequestError: The certificate request is none, or its key is too weak.
        OSError: It cannot be read.
    """
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
    check(place)
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
    """Certifies a key of a system that is registered already.

    Raises:
        AxisCallError: It is refused.
        ConfigError: The passphrase cannot be read, or is too short.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    key = pki.new_key()
    request = place.csr.read_bytes() if place.csr else request_to_pem(pki.make_request(key, name))
    asked = signing_pb2.IssueCertificateRequest(system=system, csr=request, request_id=new_request_id())
    certificate = axis.signing.IssueCertificate(asked, timeout=ISSUE_SECONDS)
    chain = place.folder / f"{name}.crt"
    if place.csr is None:
        # Not earlier: a pair of that name, in use perhaps, stays whole when the axis refuses.
        passphrase = read_passphrase("passphrase_file", place.passphrase_file)
        write_private_key(place.folder / f"{name}.key", key, passphrase)
    chain.write_bytes(certificate.chain)
    return Issued(system, chain, None if place.csr else _context(axis, place, name))


def _context(axis: Axis, place: Place, name: str) -> Path:
    context = axis.context
    values = {
        "address": context.address,
        "authority": str(context.authority.resolve()) if context.authority else "",
        "certificate": f"{name}.crt",
        "key": f"{name}.key",
    }
    if context.addresses:
        values["addresses"] = dict(context.addresses)  # type: ignore[assignment] # YAML holds the mapping as it is
    if place.passphrase_file is not None:
        values["passphrase_file"] = str(place.passphrase_file.resolve())
    file = place.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    return file
