"""What a program finds out about itself, for `lienthong doctor`: in words, with the remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lienthong.chassis.keyring import is_encrypted, open_to_others
from lienthong.chassis.pki import PkiError, needs_renewal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from lienthong.chassis.keyring import Keyring

_MIB = 1024 * 1024
_LEAST_FREE = 1024 * _MIB
"""Bytes. A document of the largest size and its copies still have room."""
_LEAST_SHARE = 0.05
SKEW_SECONDS = 2.0
"""By so much clocks may differ."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        subject: What it is.
        well: Whether nothing is to be done.
        text: What was found.
        remedy: What to do where it is not well.
        advice: What would be better, though nothing is wrong.
    """

    subject: str
    well: bool
    text: str
    remedy: str = ""
    advice: str = ""


Examination = Callable[[], Iterable[Check]]


def nothing() -> Iterable[Check]:
    """Looks at nothing."""
    return ()


def of_keys(ring: Keyring) -> Iterator[Check]:
    """Looks at the private keys: who may read them, whether they are encrypted and can be opened."""
    exposed = [file.name for file in ring.key_files() if open_to_others(file)]
    yield Check(
        "key files",
        not exposed,
        f"may be read by others: {', '.join(exposed)}" if exposed else "for their owner alone",
        f"chmod 600 {ring.folder}/*.key, and think of who may have copied them.",
    )
    plain = [file.name for file in ring.key_files() if not is_encrypted(file)]
    # Without a passphrase file plain keys are what the operator chose; beside encrypted ones a plain one is a leftover.
    yield Check(
        "encryption of keys",
        not plain or ring.passphrase is None,
        f"not encrypted: {', '.join(plain)}" if plain else "encrypted under the configured passphrase",
        "Start again, so that it is encrypted, or remove it.",
        "Set keys.passphrase_file and start again; keys are encrypted then." if plain else "",
    )
    shut = [name for file in ring.key_files() if (name := _does_not_open(ring, file))]
    yield Check(
        "opening of keys",
        not shut,
        "; ".join(shut) or "all can be opened",
        "Put the right key files back from the backup; the next start fails otherwise.",
    )


def _does_not_open(ring: Keyring, file: Path) -> str:
    try:
        ring.load(file)
    except (PkiError, OSError) as error:
        return str(error)
    return ""


def of_certificates(ring: Keyring, names: Iterable[str], now: datetime, *, certifies: bool = False) -> Iterator[Check]:
    """Looks at certificates of the axis itself: there, of their key, and good for long enough.

    Args:
        ring: The keys.
        names: Of the certificates.
        now: The time.
        certifies: Whether this process certifies systems, for which it needs the key of the authority.
    """
    for name in names:
        yield _of_certificate(ring, name, now, certifies=certifies)


def _of_certificate(ring: Keyring, name: str, now: datetime, *, certifies: bool) -> Check:
    subject = f"certificate {name}"
    file = ring.named(name).key
    # Everybody knows the root by its certificate; its key is mounted where systems are certified, and nowhere else.
    known_only = name == "axis-root" and not certifies and not file.exists()
    try:
        certificate = ring.certificate(name)
        key = certificate.public_key() if known_only else ring.load(file).public_key()
    except (PkiError, OSError) as error:
        return Check(subject, well=False, text=str(error), remedy="Put the file back from the backup, and start again.")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if certificate.public_key() != key:
        remedy = f"Put the pair {name}.key and {name}.crt back from the backup, and start again."
        return Check(subject, well=False, text="is of another key than the one beside it", remedy=remedy)
    if not begin <= now < end:
        text = f"ended on {end:%Y-%m-%d}" if end <= now else f"begins on {begin:%Y-%m-%d} only: is the clock right?"
        return Check(subject, well=False, text=text, remedy=_renewal(name))
    due = needs_renewal(certificate, now)
    return Check(subject, not due, f"good until {end:%Y-%m-%d}", _renewal(name))


def _renewal(name: str) -> str:
    if name == "axis-root":
        return "`lienthong keys extend`, and give every system the new axis-root.crt before that day."
    return "It renews by itself with a third of its life left; that it did not stands in the log, with the reason."


def of_disk(folder: Path) -> Iterator[Check]:
    """Looks at the room that is left where the data lies."""
    usage = shutil.disk_usage(folder)
    well = usage.free >= _LEAST_FREE and usage.free >= usage.total * _LEAST_SHARE
    yield Check(
        "disk",
        well,
        f"{usage.free / _MIB:,.0f} MiB free of {usage.total / _MIB:,.0f} MiB",
        "Make room, or move data_dir to a larger disk: without room documents are refused.",
    )


def of_consumer(halted: str) -> Check:
    """Looks whether a consumer stopped by itself."""
    remedy = "Mend the cause, redrive or skip its dead letters, then start the program again."
    return Check("consumer", not halted, f"stopped by itself: {halted}" if halted else "runs", remedy)


def of_refused(reasons: Mapping[str, str]) -> Check:
    """Looks at what the event log refuses, given by key."""
    key, reason = next(iter(reasons.items()))
    text = f"refused of {len(reasons)} keys, whose events wait; {key}: {reason}"
    return Check("publishing", well=False, text=text, remedy="Do what it says; they are tried again each half minute.")


def of_schema(current: str, newest: str, ahead: int) -> Check:
    """Looks how far a schema is from the program: one version is well and should not last.

    Args:
        current: Its version; empty when there are no tables.
        newest: The newest that the program knows.
        ahead: Versions by which the schema is ahead of the program; below 0 when it is behind.
    """
    words = (
        "as the program has it" if not ahead else f"{abs(ahead)} {'ahead of' if ahead > 0 else 'behind'} the program"
    )
    behind, before = "Run the program's own `lienthong db upgrade`.", "Replace the copies by the newer program."
    remedy = behind if ahead < 0 else f"{before} If that was given up: the newer program's `lienthong db downgrade`."
    well = bool(current) and abs(ahead) <= 1
    return Check(
        "schema",
        well,
        f"at version {current}, {words} ({newest})" if current else "has no tables",
        remedy if current else behind,
        remedy if ahead else "",
    )


def of_time(seconds: float) -> Check:
    """Looks at a clock beside the database's; `seconds` above 0 when it is ahead."""
    side = "ahead of" if seconds > 0 else "behind"
    return Check(
        "clock beside the database's",
        abs(seconds) <= SKEW_SECONDS,
        f"{abs(seconds):.1f} s {side} it" if seconds else "alike",
        "Synchronise both clocks (NTP): leases and times of events depend on them.",
    )


def of_store(*, ours: bool) -> Check:
    """Looks whose the store of contents is."""
    return Check(
        "owner of contents",
        ours,
        "this database" if ours else "another database, which removes what it does not know; nothing is removed here",
        "Give each installation a bucket or a prefix of its own (engines.objects.url). If the database was made anew, "
        "restore the backup; if nobody needs the contents, remove the object `owner` of the store.",
    )


def of_topics(differences: Sequence[str]) -> Check:
    """Looks at the topics beside those declared."""
    return Check(
        "topics",
        not differences,
        "; ".join(differences) or "as declared",
        "`lienthong topics diff`, then `lienthong topics apply`.",
    )


def of_deprecated(uses: Mapping[str, int]) -> Check:
    """Looks at what is used though it will go; nothing is wrong until it is gone."""
    told = ", ".join(f"{thing} {count} times" for thing, count in sorted(uses.items()))
    return Check(
        "what is deprecated",
        well=True,
        text=f"used since the start: {told}" if told else "is not used",
        advice="It goes with a later version: the changelog says what takes its place." if told else "",
    )
