"""Signing, put together."""

import structlog

from lienthong.chassis.metrics import Sample
from lienthong.chassis.service import Component, ServiceContext
from lienthong.chassis.times import to_micros
from lienthong.signing import storage
from lienthong.signing.api import SigningApi
from lienthong.signing.checks import examination
from lienthong.signing.config import SigningSection
from lienthong.signing.consumers import subscription
from lienthong.signing.handlers.certify import AxisAuthority
from lienthong.signing.handlers.waits import waits_of
from lienthong.signing.trust_folder import TrustFolder
from lienthong.signing.v1 import signing_pb2
from lienthong.signing.worker import VerificationWorker

_log = structlog.get_logger(__name__)


def build(context: ServiceContext, section: SigningSection) -> Component:
    """Makes the component.

    Raises:
        ConfigError: A file in the trust folder cannot be used.
    """
    base = context.base
    folder = section.trust_dir or base.keys.folder.parent / "trust"
    trust = TrustFolder(folder, section)
    if not trust.trust.anchored:
        _log.warning("no certificate authority is trusted: every signature is indeterminate", folder=str(folder))
    worker = VerificationWorker(context.units, base.blobs, section, trust)
    api = SigningApi(context.units, context.directory, AxisAuthority(base.keys), section)
    _measure(context)
    return Component(
        context,
        apis=[(signing_pb2.DESCRIPTOR.services_by_name["Signing"], api)],
        subscription=subscription(context.directory, section, worker.wake),
        workers=[worker],
        waits=waits_of(section),
        examine=examination(context, worker, trust),
    )


def _measure(context: ServiceContext) -> None:
    def waiting() -> list[tuple[str, int, float]]:
        now = to_micros(context.base.clock.now())
        with context.database.read() as connection:
            jobs = storage.waiting_jobs(connection)
        return [(size.name.lower(), count, (now - oldest) / 1e6) for size, (count, oldest) in jobs.items()]

    def counts() -> list[Sample]:
        return [((size,), float(count)) for size, count, _age in waiting()]

    def ages() -> list[Sample]:
        return [((size,), age) for size, _count, age in waiting()]

    metrics = context.base.metrics
    waited = metrics.of_database
    metrics.gauge(
        "lienthong_signing_jobs", "Documents that wait for a verdict, by size class.", ["size"], counts, waited
    )
    metrics.gauge(
        "lienthong_signing_oldest_job_seconds", "Age of the oldest of them in seconds.", ["size"], ages, waited
    )
