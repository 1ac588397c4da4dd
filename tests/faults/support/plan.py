"""How agencies behave, as shares of what they do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

CODES: Final = {
    "vpcp": "000.00.00.G22",
    "tphcm": "000.00.00.H29",
    "nghean": "000.00.00.H41",
    "hagiang": "000.00.00.H22",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a party behaves.

    Attributes:
        signed: Share of documents that are signed.
        large: Share of documents with a larger content, uploaded in steps.
        unknown: Share that also goes to a code of no agency.
        recalled: Share that is taken back.
        amended: Share that is updated or replaced afterwards.
        answered: Share of received ones that is answered with a document.
        tasked: Share of received ones that is worked on by tasks.
        lazy: Share of pulls that acknowledge after their lease ended.
        repeated: Share of submissions that are made twice at once.
        codes: Codes of the agencies by their names.
    """

    signed: float = 0.3
    large: float = 0.03
    unknown: float = 0.06
    recalled: float = 0.08
    amended: float = 0.2
    answered: float = 0.1
    tasked: float = 0.3
    lazy: float = 0.04
    repeated: float = 0.1
    codes: Mapping[str, str] = field(default_factory=lambda: CODES)
