"""What was found out is written down and told: many documents in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from lienthong.chassis.events.event import VERDICTS, NewEvent
from lienthong.chassis.uow import UnitOfWork
from lienthong.signing import storage
from lienthong.signing.config import SigningSection
from lienthong.signing.domain import Conclusion, File, conclude, delay_seconds, same_outcome
from lienthong.signing.handlers.messages import verdict_event
from lienthong.signing.storage import NewReport, StoredDocument, StoredJob
from lienthong.signing.verification.report import FileReport, FileState
from lienthong.signing.verification.words import DocumentVerdict

_log = structlog.get_logger(__name__)

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Verified:
    """A document of which every file has its report, made under one trust."""

    job: StoredJob
    files: tuple[File, ...]
    trust: str
    anchored: bool


@dataclass(frozen=True, slots=True)
class PutOff:
    """A document that could not be verified now."""

    job: StoredJob
    reason: str


Outcome = Verified | PutOff


def settle(work: UnitOfWork, lease: str, outcomes: Sequence[Outcome], section: SigningSection) -> None:
    """Ends jobs that are still under `lease`; what others have taken over is left to them."""
    if not outcomes:
        return
    identifiers = [outcome.job.document for outcome in outcomes]
    held = storage.held_jobs(work.connection, lease, identifiers)
    known = storage.documents_by_id(work.connection, sorted(held))
    verified: list[Verified] = []
    for outcome in outcomes:
        if outcome.job.document not in held:
            continue
        ended = _put_off(work, outcome, section) if isinstance(outcome, PutOff) else outcome
        if ended is not None:
            verified.append(ended)
    _write_down(work, verified, known)


def _put_off(work: UnitOfWork, outcome: PutOff, section: SigningSection) -> Verified | None:
    job = outcome.job
    if work.now_micros - job.queued_at < timedelta(seconds=section.give_up_seconds) // _MICROSECOND:
        _log.warning("a document cannot be verified now", document=job.document, reason=outcome.reason)
        storage.delay_job(work.connection, job.document, delay_seconds(job.delays))
        return None
    failed = FileReport(FileState.FAILED, work.now, detail=outcome.reason[:200])
    return Verified(job, tuple(File(one.ordinal, failed) for one in job.attachments), "", anchored=True)


def _write_down(work: UnitOfWork, verified: Sequence[Verified], known: dict[str, StoredDocument]) -> None:
    reports: list[NewReport] = []
    for outcome in verified:
        document = known[outcome.job.document]
        conclusion = conclude(outcome.files, anchored=outcome.anchored)
        if _is_known(work, document, conclusion):
            storage.confirm_reports(work.connection, [document.id], outcome.trust)
            continue
        reports.append(NewReport(document.id, document.version + 1, conclusion, outcome.trust, work.now_micros))
        work.traceparent = outcome.job.traceparent
        event = verdict_event(document, conclusion, work.now)
        work.emit(NewEvent(VERDICTS, document.id, document.id, event))
    storage.add_reports(work.connection, reports)
    storage.remove_jobs(work.connection, [outcome.job.document for outcome in verified])


def _is_known(work: UnitOfWork, document: StoredDocument, conclusion: Conclusion) -> bool:
    if not document.version:
        return False
    if conclusion.verdict is DocumentVerdict.NOT_VERIFIED:
        return True  # a repeat that failed takes nothing away from what was found before
    earlier = storage.newest_report(work.connection, document)
    return earlier is not None and same_outcome(earlier[0], conclusion)
