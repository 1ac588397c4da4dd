"""What is seen of a process's surroundings: its certificates, the disk that it writes to, who reads its log."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from lienthong.chassis.keyring import Keyring
from lienthong.chassis.metrics import Metrics, Sample
from lienthong.chassis.pki import PkiError
from lienthong.chassis.sink import LOST


def observe(metrics: Metrics, ring: Keyring, certificates: Callable[[], Iterable[str]], folder: Path) -> None:
    """Adds the gauges and the count of a process.

    Args:
        metrics: Where they are kept.
        ring: The keys.
        certificates: Names those whose certificates the process has.
        folder: On the disk that is looked at.
    """

    def ends() -> Iterable[Sample]:
        for name in certificates():
            try:
                yield (name,), ring.certificate(name).not_valid_after_utc.timestamp()
            except (PkiError, OSError, ValueError):
                continue  # that it cannot be read is told by `doctor`

    def free() -> Iterable[Sample]:
        yield (), float(shutil.disk_usage(folder).free)

    def size() -> Iterable[Sample]:
        yield (), float(shutil.disk_usage(folder).total)

    def lost() -> Iterable[Sample]:
        yield (), float(LOST.value)

    metrics.gauge("lienthong_certificate_end_seconds", "When a certificate ends, Unix time.", ["certificate"], ends)
    metrics.gauge("lienthong_disk_free_bytes", "Room on the disk of the data folder.", [], free)
    metrics.gauge("lienthong_disk_size_bytes", "Size of that disk.", [], size)
    metrics.counter("lienthong_log_lines_lost", "Lines of the log that nobody took.", [], lost)
