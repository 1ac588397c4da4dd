"""Whether verification keeps up, and whose certificates end soon, for `lienthong doctor`."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from lienthong.chassis.checks import Check, Examination
from lienthong.chassis.times import from_micros, to_micros
from lienthong.signing import storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lienthong.chassis.service import ServiceContext
    from lienthong.signing.trust_folder import TrustFolder
    from lienthong.signing.worker import VerificationWorker

_OLDEST = timedelta(seconds=30)
"""Deliveries wait so long for a verdict by default; later ones go out as not verified yet."""
_SOON = timedelta(days=30)
_SHOWN = 10


def examination(context: ServiceContext, worker: VerificationWorker, folder: TrustFolder) -> Examination:
    """Makes what looks at signing."""

    def look() -> Iterator[Check]:
        now = context.base.clock.now()
        yield _anchors(folder, now)
        with context.database.read() as connection:
            waiting = list(storage.waiting_jobs(connection).values())
        yield _queue(waiting, now)
        yield _children(worker, busy=bool(waiting))
        yield _credentials(context, now)

    return look


def _anchors(folder: TrustFolder, now: datetime) -> Check:
    count = len(folder.trust.config.anchors)
    text = f"{count} authorities are trusted, together {folder.trust.fingerprint[:16]}"
    advice = ""
    if not count:
        text = "no authority is trusted: every signature is indeterminate"
        advice = "Put root certificates into the folder trust/anchors."
    if wrong := [*folder.unusable, *folder.outdated(now)]:
        remedy = "Fetch revocation lists anew: without one in force signatures are indeterminate."
        return Check("trust", well=False, text=f"{text}; {'; '.join(wrong[:_SHOWN])}", remedy=remedy)
    return Check("trust", well=True, text=text, advice=advice)


def _queue(waiting: list[tuple[int, int]], now: datetime) -> Check:
    count = sum(number for number, _since in waiting)
    oldest = max((timedelta(microseconds=to_micros(now) - since) for _number, since in waiting), default=timedelta())
    return Check(
        "verification queue",
        oldest <= _OLDEST,
        f"{count} documents wait for a verdict, the oldest for {oldest.total_seconds():.0f} s",
        "Verification is too slow or stands still: raise signing.workers, and see the log.",
    )


def _children(worker: VerificationWorker, *, busy: bool) -> Check:
    living = sum(_lives(pid) for pid in worker.pids())
    # One that has ended is started again with the next document, not before.
    return Check(
        "verification processes",
        worker.alive and (living > 0 or not busy),
        f"{living} live" if worker.alive else "the worker that leads them has ended",
        "See the log for why they end, and start the program again.",
    )


def _lives(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False


def _credentials(context: ServiceContext, now: datetime) -> Check:
    with context.database.read() as connection:
        ends = storage.certificates_end(connection)
    systems = context.directory.get().systems
    soon = []
    for identifier, expires in sorted(ends.items(), key=lambda item: item[1]):
        system = systems.get(identifier)
        in_use = system is not None and (system.revoked is None or system.revoked > now)
        if system is not None and in_use and from_micros(expires) - now <= _SOON:
            soon.append(f"{system.name} ({from_micros(expires):%Y-%m-%d})")
    more = f" and {len(soon) - _SHOWN} more" if len(soon) > _SHOWN else ""
    return Check(
        "credentials of systems",
        not soon,
        f"ended or end soon: {', '.join(soon[:_SHOWN])}{more}"
        if soon
        else f"{len(ends)} certified, none ends within 30 days",
        "Issue new ones with `lienthong system certify`; revoke systems that nobody uses any more.",
    )
