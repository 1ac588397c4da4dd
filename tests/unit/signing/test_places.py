"""What a place for a signature shows is signed by somebody, or the file is not what was signed."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper

from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileState, Modification, Problem
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.signatures import signed_pdf, time_stamper

from .conftest import NOW
from .forgeries import OTHER_PAGE, add_field, change, fields, page, pdf, updated

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

    from lienthong.signing.verification.report import FileReport

    from .conftest import Office

generic: Any = _pyhanko_generic
SOON = NOW + timedelta(hours=1)
WHOLE_PAGE = [0, 0, 595, 842]


def verified(office: Office, file: bytes) -> FileReport:
    """Verify an hour after signing."""
    return PadesVerifier(office.trust).verify(io.BytesIO(file), SOON)


def picture(writer: Any, drawing: bytes = OTHER_PAGE) -> Any:
    """Make an appearance that is as large as the page."""
    form = {"/Type": "/XObject", "/Subtype": "/Form", "/BBox": WHOLE_PAGE}
    entries = {generic.pdf_name(key): pdf(value) for key, value in form.items()}
    return pdf({"/N": writer.add_object(generic.StreamObject(entries, stream_data=drawing))})


def place(writer: Any, **entries: Any) -> None:
    """Add a place for a signature, as large as the page unless told otherwise."""
    add_field(writer, **({"FT": "/Sig", "T": "Them", "Rect": WHOLE_PAGE} | entries))


def drawn_place(writer: Any) -> None:
    """Add a place for the seal as programs do, with a frame."""
    append_signature_field(writer, SigFieldSpec("CoQuan", box=(300, 100, 500, 200), empty_field_appearance=True))


def note_below(writer: Any) -> None:
    """Add a place that is a field alone; below it stands a note, which is drawn from its text."""
    note = writer.add_object(pdf({"/Subtype": "/FreeText", "/Rect": WHOLE_PAGE, "/Contents": "9.000.000.000"}))
    field = writer.add_object(pdf({"/FT": "/Sig", "/T": "Them", "/Kids": [note]}))
    note.get_object()["/Parent"] = field
    for owner, one in ((fields(writer), field), (page(writer)["/Annots"], note)):
        owner.append(one)
        writer.update_container(owner)


def reveal(writer: Any) -> None:
    """Make a place of an object that stood in the file unused when it was signed."""
    for owner in (fields(writer), page(writer)["/Annots"]):
        owner.append(writer.root.raw_get("/Unused"))
        writer.update_container(owner)


SHOWN: dict[str, Callable[[Any], None]] = {
    "picture": lambda w: place(w, AP=picture(w)),
    "picture in states": lambda w: place(w, AP={"/N": {"/On": picture(w).raw_get("/N")}}, AS="/On"),
    "picture in a rectangle of five": lambda w: place(w, AP=picture(w), Rect=[*WHOLE_PAGE, 1]),
    "colour": lambda w: place(w, MK={"/BG": [1]}),
    "note": lambda w: place(w, Subtype="/FreeText", Contents="9.000.000.000"),
    "note below": note_below,
    "script": lambda w: place(w, Rect=[0, 0, 0, 0], AA={"/PO": {"/S": "/JavaScript", "/JS": "x"}}),
    "object that was unused": reveal,
}
BLANK: dict[str, Callable[[Any], None]] = {
    "nothing": place,
    "empty picture": lambda w: place(w, AP=picture(w, b" \n")),
    "picture of no size": lambda w: place(w, AP=picture(w), Rect=[0, 0, 0, 0]),
}


@pytest.fixture(scope="module")
def signed(office: Office) -> bytes:
    """A letter signed by the leader, in which an object stands that nothing uses."""

    def prepare(writer: Any) -> None:
        unused = {"/FT": "/Sig", "/T": "Them", "/Subtype": "/Widget", "/Rect": WHOLE_PAGE, "/AP": picture(writer)}
        change(writer, writer.root, Unused=writer.add_object(pdf(unused)))

    return signed_pdf(updated(office.letter, prepare), [office.signing(office.leader)])


@pytest.mark.parametrize("name", SHOWN)
def test_what_nobody_signed_breaks_the_signatures_before_it(office: Office, signed: bytes, name: str) -> None:
    """Whoever has no key cannot write over a signed page by a place for a signature that is never given."""
    report = verified(office, updated(signed, SHOWN[name]))
    (signature,) = report.signatures
    assert report.overall is FileState.BROKEN
    assert signature.problems == (Problem.MODIFIED_AFTER_SIGNING,)
    assert signature.modification is Modification.SUSPICIOUS
    assert signature.modifications == ("reason:nobody signed what the place for a signature 'Them' shows",)


@pytest.mark.parametrize("name", BLANK)
def test_a_blank_place_changes_nothing(office: Office, signed: bytes, name: str) -> None:
    """The place for the next signer, prepared after the first has signed, is permitted as long as it shows nothing."""
    assert verified(office, updated(signed, BLANK[name])).overall is FileState.VALID


def test_what_was_there_at_signing_was_signed(office: Office) -> None:
    """A place that showed something when the first signer signed is part of what was signed, and of no concern."""
    file = updated(office.letter, drawn_place)
    assert verified(office, signed_pdf(file, [office.signing(office.leader)])).overall is FileState.VALID


def test_whoever_signs_stands_for_what_is_shown(office: Office, signed: bytes) -> None:
    """The seal's picture comes with the seal's signature: both signatures are valid."""
    file = updated(signed, drawn_place)
    assert verified(office, file).overall is FileState.BROKEN
    assert verified(office, _sealed(office, file)).overall is FileState.VALID


@pytest.mark.parametrize("known", [True, False])
def test_a_time_stamp_stands_for_nothing_that_is_shown(office: Office, signed: bytes, *, known: bool) -> None:
    """Anybody gets a time stamp, and anybody can make one: what its place shows is signed by nobody."""
    authority = office.authority if known else DemoAuthority.create(NOW - timedelta(days=1))
    stamper = time_stamper(authority, authority.time_stamper(), NOW + timedelta(minutes=5))
    drawn = updated(signed, SHOWN["picture"])
    assert verified(office, _stamped(drawn, stamper)).overall is FileState.BROKEN
    assert verified(office, _stamped(updated(signed, BLANK["nothing"]), stamper)).overall is FileState.VALID


def _sealed(office: Office, file: bytes) -> bytes:
    signing = office.signing(office.seal, "CoQuan")
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    metadata = PdfSignatureMetadata(field_name="CoQuan", md_algorithm="sha256")
    output: Any = asyncio.run(PdfSigner(metadata, signing.signer).async_sign_pdf(writer))
    return bytes(output.getvalue())


def _stamped(file: bytes, stamper: DummyTimeStamper) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    output = PdfTimeStamper(stamper, field_name="Them").timestamp_pdf(writer, md_algorithm="sha256")
    return bytes(output.getvalue())
