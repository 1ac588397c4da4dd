"""Who calls: a system by its certificate, the agency for which it acts, the person it claims.

Credentials belong to a system. The directory says, with dates, for which agencies it may act. A system that may act for
several always names one in the metadata `x-lienthong-agency`, by its resource name, identifier or a code in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lienthong.chassis.auth.headers import AGENCY_KEY, PERSON_KEY
from lienthong.chassis.clock import Clock
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.model import Agency, Directory, Match, Role, System
from lienthong.chassis.errors import AxisError, Code, Violation, invalid, unavailable
from lienthong.chassis.pki import identities
from lienthong.chassis.text import OBEYED

PERSON_LENGTH = 200
URN = "urn:lienthong:system:"

_RETRY = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a certificate says."""

    system: str
    fingerprint: bytes
    ends: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        system: The system.
        agency: The agency for which it acts; None for operators.
        reach: Identifiers of the agency and of those whose mailbox it has taken over.
        person: The person as the system claims.
    """

    system: System
    agency: Agency | None = None
    reach: tuple[str, ...] = ()
    person: str = ""

    @property
    def scope(self) -> str:
        """What repeats by `request_id` are counted under: the agency, or the operator's system."""
        return self.agency.id if self.agency else f"system:{self.system.id}"

    def acting(self) -> Agency:
        """Gives the agency for which the call acts.

        Raises:
            AxisError: PERMISSION_DENIED when the caller acts for none.
        """
        if self.agency is None:
            raise _denied("NO_AGENCY", f"system {self.system.name!r} acts for no agency, and this call needs one")
        return self.agency


class Authenticator:
    """Finds out who calls, on this service's copy of the directory."""

    def __init__(self, directory: DirectoryCache, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def caller(self, certificate: bytes | None, metadata: Mapping[str, str]) -> Caller:
        """Finds out who calls.

        Args:
            certificate: The client's certificate in PEM; the handshake has verified it.
            metadata: Of the call.

        Raises:
            AxisError: UNAUTHENTICATED without a usable certificate, UNAVAILABLE when this copy of the directory does
                not know the system yet, INVALID_ARGUMENT for a person named at length, PERMISSION_DENIED when it may
                not act for the agency named.
        """
        credential = self._shown(certificate)
        directory = self._directory.get()
        if not _known(directory, credential.system):
            directory = self._directory.reread()
        return self._caller(directory, credential, metadata)

    def _shown(self, certificate: bytes | None) -> Credential:
        credential = credential_of(certificate) if certificate else None
        if credential is None:
            raise _unauthenticated("NO_CREDENTIALS", "Show a client certificate that the axis issued.")
        if credential.ends < self._clock.now():
            # The handshake looks once; a connection may outlive the certificate it was opened with.
            raise _unauthenticated("CREDENTIALS_ENDED", f"The certificate ended at {credential.ends.isoformat()}.")
        return credential

    def _caller(self, directory: Directory, credential: Credential, metadata: Mapping[str, str]) -> Caller:
        now = self._clock.now()
        system = self._system(directory, credential, now)
        person = _person(metadata.get(PERSON_KEY, ""))
        if system.role is not Role.AGENCY_SYSTEM:
            return Caller(system, person=person)
        agency = _agency(directory, system, metadata.get(AGENCY_KEY, ""), now)
        return Caller(system, agency, directory.mailboxes(agency.id, now), person)

    @property
    def fresh(self) -> bool:
        """Whether the directory was read lately."""
        return self._directory.fresh

    def refresh(self) -> None:
        """Reads the directory again when it is old.

        Raises:
            AxisError: UNAVAILABLE when the database is away.
        """
        self._directory.get()

    def caller_still(self, certificate: bytes | None, metadata: Mapping[str, str]) -> Caller:
        """Finds out who calls, as `caller` does, on the directory as it was read last. Asks nobody.

        Raises:
            AxisError: As `caller`.
        """
        return self._caller(self._directory.latest, self._shown(certificate), metadata)

    def only_agency(self, certificate: bytes | None) -> str:
        """Names the agency for which a system acts when there is but one, for the log; else empty. Asks nobody."""
        credential = credential_of(certificate) if certificate else None
        directory = self._directory.latest
        system = directory.systems.get(credential.system) if credential else None
        allowed = directory.acts_for(system, self._clock.now()) if system else ()
        return allowed[0] if len(allowed) == 1 else ""

    def _system(self, directory: Directory, credential: Credential, now: datetime) -> System:
        system = directory.systems.get(credential.system)
        if system is None or not _known(directory, credential.system):
            raise unavailable(
                "SYSTEM_NOT_KNOWN_YET",
                f"system {credential.system} is not known here yet; its registration is on the way. Try again.",
                _RETRY,
            )
        revoked = system.revoked is not None and system.revoked <= now
        if revoked or credential.fingerprint in system.revoked_certificates:
            raise _unauthenticated("CREDENTIALS_REVOKED", f"The credentials of {system.name!r} were revoked.")
        return system


def _known(directory: Directory, identifier: str) -> bool:
    """Tells whether a system is known with the agencies that it acts for: their events may come in any order."""
    system = directory.systems.get(identifier)
    return system is not None and all(grant.agency in directory.agencies for grant in system.grants)


@lru_cache(maxsize=4096)
def credential_of(certificate: bytes) -> Credential | None:
    """Reads the system's identifier from a certificate in PEM; None when there is none."""
    parsed = x509.load_pem_x509_certificate(certificate)
    for uri in identities(parsed):
        if uri.startswith(URN):
            fingerprint = parsed.fingerprint(hashes.SHA256())
            return Credential(uri.removeprefix(URN), fingerprint, parsed.not_valid_after_utc)
    return None


def _person(claimed: str) -> str:
    # It goes into the audit trail, which keeps it for good.
    person = " ".join(claimed.split())
    if OBEYED.search(person):
        rule = f"{PERSON_KEY} names a person in words, without control characters"
        raise invalid("PERSON_INVALID", rule, Violation(PERSON_KEY, "PERSON_INVALID", rule, "Leave them out."))
    if len(person) <= PERSON_LENGTH:
        return person
    rule = f"{PERSON_KEY} has at most {PERSON_LENGTH} characters, this has {len(person)}"
    violation = Violation(PERSON_KEY, "PERSON_TOO_LONG", rule, "Name the person by its identifier.")
    raise invalid("PERSON_TOO_LONG", rule, violation)


def _agency(directory: Directory, system: System, named: str, now: datetime) -> Agency:
    allowed = directory.acts_for(system, now)
    if not named:
        return directory.agencies[_only(system, allowed)]
    wanted = named.removeprefix("agencies/")
    agency = directory.agencies.get(wanted)
    if agency is None:
        resolved = directory.resolve(wanted, now)
        agency = resolved.agency if resolved.match is not Match.UNKNOWN else None
    if agency is None or agency.id not in allowed:
        text = f"system {system.name!r} may not act for {named!r}. Name another one, or ask the operator for a grant."
        raise _denied("AGENCY_NOT_GRANTED", text)
    return agency


def _only(system: System, allowed: tuple[str, ...]) -> str:
    if not allowed:
        text = f"system {system.name!r} may act for no agency that is in force. Ask the operator for a grant."
        raise _denied("AGENCY_NOT_GRANTED", text)
    if len(allowed) > 1:
        raise invalid(
            "AGENCY_NOT_NAMED",
            f"system {system.name!r} may act for {len(allowed)} agencies; name one in the metadata {AGENCY_KEY!r}",
        )
    return allowed[0]


def _denied(reason: str, message: str) -> AxisError:
    return AxisError(Code.PERMISSION_DENIED, reason, message)


def _unauthenticated(reason: str, message: str) -> AxisError:
    return AxisError(Code.UNAUTHENTICATED, reason, message)
