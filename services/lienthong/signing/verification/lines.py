"""What others wrote into a file, made fit to be told: text of one line and bounded length.

Names and field names come from anybody. Reports are stored, sent in events and shown to clerks; one that does not fit
there would stop the reports of all others.
"""

from __future__ import annotations

LONGEST = 200
"""Characters of one text."""


def line(written: str | bytes) -> str:
    """Return ``written`` as one printable line; bytes, which pyHanko gives for a text it cannot decode, as UTF-8."""
    beginning = written[: 4 * LONGEST]
    text = beginning.decode(errors="replace") if isinstance(beginning, bytes) else beginning
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return flat if len(flat) <= LONGEST and len(written) <= 4 * LONGEST else f"{flat[: LONGEST - 1]}…"
