"""Documents that may look different under another trust."""

from datetime import timedelta

from lienthong.chassis.times import to_micros
from lienthong.chassis.uow import UnitsOfWork
from lienthong.signing import storage
from lienthong.signing.config import SigningSection
from lienthong.signing.verification.words import DocumentVerdict


def reopen(units: UnitsOfWork, trust: str, section: SigningSection) -> bool:
    """Asks for indeterminate documents of the last days to be verified again; tells whether there were any."""
    since = to_micros(units.clock.now() - timedelta(days=section.reverify_days))
    with units.begin() as work:
        reopened = storage.reopen_documents(
            work.connection, DocumentVerdict.INDETERMINATE.value, trust, since, work.now_micros
        )
    return reopened > 0
