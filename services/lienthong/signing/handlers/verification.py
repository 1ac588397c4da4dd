"""The report on a document, for its sender and its recipients."""

from collections.abc import Sequence
from datetime import datetime

from lienthong.chassis.directory.model import Directory
from lienthong.chassis.errors import not_found
from lienthong.chassis.uow import UnitsOfWork
from lienthong.signing import storage
from lienthong.signing.domain import Parties
from lienthong.signing.handlers.messages import verification_message
from lienthong.signing.v1 import signing_pb2 as pb


def verification_of(units: UnitsOfWork, name: str, reach: Sequence[str], directory: Directory) -> pb.Verification:
    """Gives the newest report.

    Args:
        units: Gives the database and the time.
        name: `documents/{document}`.
        reach: Agencies whose documents the caller may see.
        directory: To recognise recipients that intake did not know.

    Raises:
        AxisError: NOT_FOUND when there is no such document, or it is not the caller's.
    """
    with units.database.read() as connection:
        document = storage.document_by_id(connection, name.removeprefix("documents/"))
        if document is None or not _concerns(document.parties, reach, directory, units.clock.now()):
            raise not_found(name)
        newest = storage.newest_report(connection, document)
    return verification_message(document, *(newest or (None, None)))


def _concerns(parties: Parties, reach: Sequence[str], directory: Directory, now: datetime) -> bool:
    if parties.include(reach):
        return True
    resolved = (directory.resolve(code, now).agency for code in parties.unresolved)
    return any(agency is not None and agency.id in reach for agency in resolved)
