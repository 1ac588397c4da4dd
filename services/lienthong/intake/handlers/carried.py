"""What uploads carried: whoever repeats a submission is known by its bytes, also when its uploads are gone."""

from collections.abc import Mapping

from sqlalchemy import Connection

from lienthong.chassis.errors import not_found
from lienthong.chassis.idempotency import RequestKey, content_among, remember_content
from lienthong.chassis.uow import UnitOfWork
from lienthong.intake import storage

_METHOD = "uploads"
"""Under it stands what an upload carried, as long as answers are remembered."""


def hash_of(connection: Connection, name: str, agency: str) -> bytes:
    """Gives the SHA-256 of what an upload carries or carried, empty while it is unfinished.

    Raises:
        AxisError: NOT_FOUND.
    """
    identifier = name.removeprefix("uploads/")
    upload = storage.upload_by_id(connection, identifier, agency)
    if upload is not None:
        return upload.sha256
    key = _key(agency, identifier)
    carried = content_among(connection, [key])
    if key not in carried:
        raise not_found(name)
    return carried[key]


def remember(work: UnitOfWork, agency: str, hashes: Mapping[str, bytes]) -> None:
    """Keeps what uploads carried, by their names, beside the answer to the request that took them."""
    wanted = {_key(agency, name.removeprefix("uploads/")): content for name, content in hashes.items()}
    for _agency, _method, identifier in wanted:
        storage.use_upload(work.connection, identifier)
    known = content_among(work.connection, list(wanted)) if wanted else {}
    for key, content in wanted.items():
        if key not in known:
            remember_content(work, key, content)


def _key(agency: str, identifier: str) -> RequestKey:
    return agency, _METHOD, identifier
