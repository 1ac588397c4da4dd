"""What was done to a file after it was signed is judged as the plain libraries judge it, forgeries above all."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils.reader import PdfFileReader

from lienthong.signing.verification import objects, tokens, usages
from lienthong.signing.verification.pades import _REMEDIES, PadesVerifier
from lienthong.signing.verification.report import FileState
from lienthong.testing.signatures import signed_pdf, stamped_pdf, time_stamper

from .conftest import NOW
from .forgeries import UPDATES, gap, letters, raw, updated
from .test_readers import BODIES, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lienthong.signing.verification.report import FileReport

    from .conftest import Office

generic: Any = _pyhanko_generic
SOON = NOW + timedelta(hours=1)
MAKES = ("plain", "packed", "odd")
PERMITTED = {"evidence", "extensions", "form's fonts", "metadata", "nothing", "orphan", "same page again", "version"}
BY_HAND = {
    "page hidden": (b"4 1\n@ 00000 n \n", b"4 0 obj\n<</Length 3>>stream\nabc\nendstream\nendobj\n"),
    "page freed": (b"4 1\n0000000000 00001 f \n", b""),
    "no change": (b"0 0\n", b""),
}
"""Tables and objects of a revision that no library would write."""


@pytest.fixture(autouse=True)
def remedies() -> Iterator[None]:
    """Leaves all remedies installed."""
    yield
    for remedy in _REMEDIES:
        remedy.install()


def plainly(verify: Callable[[], Any]) -> Any:
    """What is found without the remedies."""
    for remedy in _REMEDIES:
        remedy.uninstall()
    try:
        return verify()
    finally:
        for remedy in _REMEDIES:
            remedy.install()


def reports(office: Office, files: list[bytes]) -> tuple[list[FileReport], list[FileReport]]:
    """What is said of files with and without the remedies."""

    def all_of(verifier: PadesVerifier) -> list[FileReport]:
        return [verifier.verify(io.BytesIO(file), SOON) for file in files]

    fast = all_of(PadesVerifier(office.trust))
    verifier = PadesVerifier(office.trust)
    return fast, plainly(lambda: all_of(verifier))


@pytest.fixture(scope="module")
def signed(office: Office) -> dict[str, bytes]:
    """Letters of several makes, each signed by the leader."""
    return {make: signed_pdf(file, [office.signing(office.leader)]) for make, file in letters(office.letter).items()}


def test_the_corpus_is_of_every_outcome(office: Office, signed: dict[str, bytes]) -> None:
    """The comparisons below would show nothing if all files were judged alike."""
    verifier = PadesVerifier(office.trust)
    found = {name: verifier.verify(io.BytesIO(updated(signed["plain"], UPDATES[name])), SOON) for name in UPDATES}
    assert {name for name in PERMITTED if found[name].overall is not FileState.VALID} == set()
    assert sum(report.overall is FileState.BROKEN for report in found.values()) > len(UPDATES) // 2


@pytest.mark.parametrize("make", MAKES)
def test_updates_are_judged_alike(office: Office, signed: dict[str, bytes], make: str) -> None:
    """Whatever an update changes, every field of the report is the one of the plain libraries."""
    fast, plain = reports(office, [updated(signed[make], edit) for edit in UPDATES.values()])
    assert dict(zip(UPDATES, fast, strict=True)) == dict(zip(UPDATES, plain, strict=True))


@pytest.mark.parametrize("make", MAKES)
def test_files_with_more_signatures_are_judged_alike(office: Office, signed: dict[str, bytes], make: str) -> None:
    """So it is with a second signature, over an altered revision too, with a time stamp, and after both."""
    stamper = time_stamper(office.authority, office.stamps, NOW + timedelta(minutes=5))
    second = [office.signing(office.seal, "CoQuan")]
    altered = updated(signed[make], UPDATES["hidden text shown"])
    two = signed_pdf(signed[make], second)
    files = [
        *(two, stamped_pdf(two, stamper), signed_pdf(altered, second), gap(signed[make]), gap(two)),
        *(updated(two, UPDATES[name]) for name in ("page written over", "orphan", "cover gone", "evidence")),
    ]
    if make != "packed":
        files.extend(raw(file, *parts) for file in (signed[make], two) for parts in BY_HAND.values())
    fast, plain = reports(office, files)
    assert fast == plain
    assert fast[0].overall is FileState.VALID
    assert fast[2].overall is FileState.BROKEN


def usages_in(file: bytes, revision: int) -> Any:
    """Every place from which each object of a revision is used."""
    reader = PdfFileReader(io.BytesIO(file), strict=False)
    resolver: Any = reader.get_historical_resolver(revision)
    resolver._load_reverse_xref_cache()
    return {repr(one): {path.path for path in paths} for one, paths in resolver._indirect_object_access_cache.items()}


@pytest.mark.parametrize("make", MAKES)
def test_usages_are_found_alike(signed: dict[str, bytes], make: str) -> None:
    """Outlines lead to every object by every path by which the objects themselves do, in each revision."""
    for revision in range(PdfFileReader(io.BytesIO(signed[make]), strict=False).total_revisions):
        fast = usages_in(signed[make], revision)
        assert fast == plainly(partial(usages_in, signed[make], revision))
        assert len(fast) > len(MAKES)


def leads(value: Any, path: tuple[Any, ...] = ()) -> list[Any]:
    """The references in a value, and where they stand in it."""
    if isinstance(value, generic.IndirectObject):
        return [(path, value.idnum, value.generation)]
    if isinstance(value, dict):
        return [one for key, held in value.items() for one in leads(held, (*path, str(key)))]
    if isinstance(value, list):
        return [one for place, held in enumerate(list.__iter__(value)) for one in leads(held, (*path, place))]
    return []


@given(BODIES)
@example(b"/A 5 0 R /W [0 [1 2] 3 0 R] /B <</C [(x)]>> /D [7 0 R]")
@example(b"/Length 3 >>\nstream\nabc\nendstream\nendobj ")
@example(b"/Length 2 >>\nstream\nabc\nendstream\nendobj ")
@example(b"/Length 4 0 R >>\nstream\nabc\nendstream\nendobj ")
@example(b"/A 1 /A 2 0 R")
def test_outlines_lead_where_the_objects_lead(body: bytes) -> None:
    """An outline is given only for what pyHanko reads too, and holds the same references at the same places."""
    stream = io.BytesIO(b"1 0 obj\n<<" + body + b">>\nendobj\nx")
    reference = generic.Reference(1, 0, Reference())
    outline = usages._outline(stream, 0, reference)
    if outline is not None:
        for remedy in (tokens, objects):
            remedy.uninstall()
        stream.seek(len(b"1 0 obj\n"))
        assert leads(outline) == leads(generic.read_object(stream, reference))


@pytest.mark.parametrize(
    "content",
    [
        b"2 0 obj\n<</A 5 0 R>>\nendobj\nx",
        b"1 0 obj\n<</A 5 0 R>>\nendobj\n",
        b"1 0 obj\n<</A 5 0 R>>\nend",
        b"1 0 obj\n<</A 5 0 R",
        b"1 0 obj\n5 0 R endobj\nx",
        b"1 0 obj\n",
        b"1 0 obj\n<</Length -1>>stream\nabc\nendstream\nendobj\nx",
        b"1 0 obj\n<</Length 2>>stream\nabc\nendstream\nendobj\nx",
    ],
)
def test_what_may_be_a_fault_has_no_outline(content: bytes) -> None:
    """Objects of another number, cut ones and those whose length is wrong are read, or refused, by pyHanko itself."""
    assert usages._outline(io.BytesIO(content), 0, generic.Reference(1, 0, Reference())) is None
