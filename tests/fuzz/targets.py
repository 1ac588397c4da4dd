"""What is fuzzed: bytes in, and nothing out but a result or a refusal that tells what is wrong.

`python -m tests.fuzz.targets TARGET FIGURES [options of libFuzzer] [corpus | file]`
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["lienthong.edxml", "lienthong.intake"]):
    from lienthong import edxml
    from lienthong.intake.component import build
    from lienthong.intake.config import IntakeSection

from lienthong.chassis.errors import AxisError, Code
from lienthong.intake.v1 import intake_pb2
from lienthong.testing.service import VPCP, service_bench

_WARM = 500
"""Executions after which memory counts: imports, caches and the first of everything are behind."""
_OUR_FAULT = frozenset({Code.INTERNAL, Code.UNAVAILABLE, Code.ABORTED})


class FoundError(Exception):
    """Something that must hold does not."""


Target = Callable[[bytes], bool]
"""Tries one input; tells whether it was accepted. Whatever it raises is a find."""


def codec() -> Target:
    """The codec: a refusal says what, where and what to do; what was read is written and read as the same."""

    def try_one(data: bytes) -> bool:
        step = data[0] + 1 if data else 1
        try:
            first = edxml.read((data[at : at + step] for at in range(0, len(data), step)), edxml.MemorySpools())
        except edxml.EdxmlError as error:
            told = bool(error.problems) and all(one.rule and one.remedy for one in error.problems)
            _must(told, "a refusal says rule and remedy")
            return False
        try:
            written = _written(first.message)
        except edxml.EdxmlError:
            return True  # it names no kind that could be written
        second = edxml.read([written], edxml.MemorySpools()).message
        _must(_written(second) == written, "written once more it is the same")
        return True

    return try_one


def intake() -> Target:
    """The door of intake: preparing and judging a file answers with problems or with who would get it."""
    folder = Path(tempfile.mkdtemp(prefix="lienthong-fuzz-"))
    bench = service_bench(folder, "intake", build, IntakeSection())
    api, call = bench.api("Intake"), bench.call(VPCP, "lienthong.intake.v1.Intake/CheckDocument")

    def try_one(data: bytes) -> bool:
        try:
            answer = api.check_document(intake_pb2.CheckDocumentRequest(edxml=data), call)
        except AxisError as error:
            _must(bool(error.reason) and error.code not in _OUR_FAULT, f"a refusal is the caller's to mend: {error}")
            return False
        _must(answer.acceptable == (not answer.problems), "acceptable means that there is no problem")
        told = all(one.reason and one.rule and one.remedy for one in answer.problems)
        _must(told, "a problem has reason, rule and remedy")
        return bool(answer.acceptable)

    return try_one


TARGETS: Mapping[str, Callable[[], Target]] = {"codec": codec, "intake": intake}
"""All of them, by name."""


class Counted:
    """A target that notes its figures."""

    def __init__(self, target: Target, figures: Path) -> None:
        self._target = target
        self._figures = figures
        self._told: dict[str, Any] = {"executions": 0, "accepted": 0, "first_mib": 0, "last_mib": 0}

    def __call__(self, data: bytes) -> None:
        """Tries one input."""
        told = self._told
        told["accepted"] += self._target(data)
        told["executions"] += 1
        if told["executions"] % _WARM == 0:
            told["last_mib"] = _resident_mib()
            told["first_mib"] = told["first_mib"] or told["last_mib"]
            if self._figures != Path("/dev/null"):
                self._figures.write_text(json.dumps(told))


def main() -> None:
    """Fuzzes until the time is over, or something was found."""
    name, figures, *options = sys.argv[1:]
    target = Counted(TARGETS[name](), Path(figures))
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


def _must(holds: bool, claim: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise FoundError(claim)


def _written(message: edxml.Message) -> bytes:
    return b"".join(edxml.write(message, edxml.MemorySpools()))


def _resident_mib() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 // 2**20


if __name__ == "__main__":
    main()
