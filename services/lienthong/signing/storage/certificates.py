"""Rows of certificates that were issued to systems."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from lienthong.signing.storage.tables import certificates


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that the axis issued.

    Attributes:
        serial: Its serial number in hexadecimal.
        system: Identifier of the system.
        sha256: Hash of its DER form.
        chain: Itself and its issuers in PEM.
        issued_at: Microseconds since 1970.
        expires_at: Microseconds since 1970.
        issued_by: Identifier of the system that asked.
    """

    serial: str
    system: str
    sha256: bytes
    chain: bytes
    issued_at: int
    expires_at: int
    issued_by: str


def add_certificate(connection: Connection, issued: IssuedCertificate) -> None:
    """Keeps a certificate."""
    connection.execute(
        certificates.insert().values(
            serial=issued.serial,
            system=issued.system,
            sha256=issued.sha256,
            chain=issued.chain,
            issued_at=issued.issued_at,
            expires_at=issued.expires_at,
            issued_by=issued.issued_by,
        )
    )


def certificates_of(connection: Connection, system: str) -> list[IssuedCertificate]:
    """Lists the certificates of a system, oldest first."""
    found = select(certificates).where(certificates.c.system == system).order_by(certificates.c.issued_at)
    return [IssuedCertificate(**row._mapping) for row in connection.execute(found)]  # noqa: SLF001 -- SQLAlchemy's public name for it


def certificates_end(connection: Connection) -> dict[str, int]:
    """Gives for each system when the last of its certificates ends, in microseconds since 1970."""
    found = select(certificates.c.system, func.max(certificates.c.expires_at)).group_by(certificates.c.system)
    return dict(connection.execute(found).tuples().all())
