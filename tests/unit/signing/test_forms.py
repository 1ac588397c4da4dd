"""Forms that were filled in before signing: what a later revision changes of their looks is told, and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec

from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileState, Problem
from lienthong.testing.signatures import signed_pdf

from .conftest import NOW
from .forgeries import UPDATES, add_field, change, field, page, pdf, updated

if TYPE_CHECKING:
    from collections.abc import Callable

    from lienthong.signing.verification.report import SignatureReport

    from .conftest import Office

generic: Any = _pyhanko_generic
SUM = "SoTien"
FORGED = "/Forged"


def font(writer: Any, name: str = "/Helvetica") -> Any:
    """Adds a font."""
    return writer.add_object(pdf({"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": name}))


def picture(writer: Any, drawing: bytes = b"BT /Helv 12 Tf (1.000.000) Tj ET") -> Any:
    """Makes what is seen of a field."""
    return pdf({"/N": writer.add_object(pdf(drawing))})


def filled_in(writer: Any, *, drawn: bool) -> None:
    """Makes a form with a sum that was filled in, with its picture or without."""
    form = {"/Fields": [], "/DR": {"/Font": {"/Helv": font(writer)}}, "/DA": "/Helv 12 Tf 0 g"}
    change(writer, writer.root, AcroForm=writer.add_object(pdf(form)))
    change(writer, page(writer), Annots=writer.add_object(pdf([])))
    entries = {"FT": "/Tx", "T": SUM, "V": "1.000.000"} | ({"AP": picture(writer)} if drawn else {})
    add_field(writer, **entries)


@pytest.fixture(scope="module", params=[True, False], ids=["drawn", "undrawn"])
def signed(request: pytest.FixtureRequest, office: Office) -> bytes:
    """The form, signed by the leader."""
    file = updated(office.letter, lambda writer: filled_in(writer, drawn=request.param))
    return signed_pdf(file, [office.signing(office.leader)])


def first(office: Office, file: bytes) -> SignatureReport:
    """What is said of the leader's signature, in a file that is valid."""
    report = PadesVerifier(office.trust).verify(io.BytesIO(file), NOW + timedelta(hours=1))
    assert report.overall is FileState.VALID
    return report.signatures[0]


def form_of(writer: Any) -> Any:
    """Gives the form."""
    return writer.root["/AcroForm"]


OTHER: dict[str, Callable[[Any], None]] = {
    "value": lambda w: change(w, field(w, SUM), V="9.000.000.000"),
    "picture": lambda w: change(w, field(w, SUM), AP=picture(w, b"BT (9.000.000.000) Tj ET")),
    "drawn anew with another font": lambda w: change(
        w, form_of(w), DR={"/Font": {"/Helv": font(w, FORGED)}}, NeedAppearances=True
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_what_looks_otherwise_is_told(office: Office, signed: bytes, name: str) -> None:
    """A field that shows something else than at signing was filled in after it, whatever made it so."""
    report = first(office, updated(signed, OTHER[name]))
    assert (report.problems, report.modifications) == ((Problem.FIELDS_FILLED,), (f"field:{SUM}",))


def test_another_font_for_what_has_no_picture(office: Office) -> None:
    """A field without a picture is drawn with the form's fonts: others can show another sum."""
    file = updated(office.letter, lambda writer: filled_in(writer, drawn=False))
    signed = signed_pdf(file, [office.signing(office.leader)])
    other = updated(signed, lambda w: change(w, form_of(w), DR={"/Font": {"/Helv": font(w, FORGED)}}))
    assert first(office, other).problems == (Problem.FIELDS_FILLED,)


@pytest.mark.parametrize("name", ["nothing", "version"])
def test_what_looks_the_same_is_no_change(office: Office, signed: bytes, name: str) -> None:
    """A revision that leaves the form's looks alone fills nothing in."""
    assert first(office, updated(signed, UPDATES[name])).problems == ()


def test_a_second_signature_fills_nothing_in(office: Office, signed: bytes) -> None:
    """The agency's signature after the leader's is named, and is no filled field."""
    report = first(office, signed_pdf(signed, [office.signing(office.seal, "CoQuan")]))
    assert (report.problems, report.modifications) == ((), ("field:CoQuan",))


LOCKS = {
    "this one": (FieldMDPSpec(FieldMDPAction.INCLUDE, [SUM]), False),
    "all": (FieldMDPSpec(FieldMDPAction.ALL), False),
    "all others": (FieldMDPSpec(FieldMDPAction.EXCLUDE, [SUM]), True),
    "another one": (FieldMDPSpec(FieldMDPAction.INCLUDE, ["Khac"]), True),
}


@pytest.mark.parametrize("name", LOCKS)
def test_fields_that_the_signer_locked(office: Office, name: str) -> None:
    """What a signer locked and somebody fills in breaks the signature; what was left open is told (ISO 32000-2)."""
    lock, open_still = LOCKS[name]
    file = updated(office.letter, lambda writer: filled_in(writer, drawn=True))
    signed = signed_pdf(file, [replace(office.signing(office.leader), lock=lock)])
    report = PadesVerifier(office.trust).verify(io.BytesIO(updated(signed, OTHER["value"])), NOW + timedelta(hours=1))
    problem = Problem.FIELDS_FILLED if open_still else Problem.MODIFIED_AFTER_SIGNING
    assert report.overall is (FileState.VALID if open_still else FileState.BROKEN)
    assert report.signatures[0].problems == (problem,)


def test_a_form_of_parts(office: Office) -> None:
    """Fields with parts are known by their whole name; a part that leads to itself ends there."""

    def parts(writer: Any) -> None:
        filled_in(writer, drawn=True)
        part = writer.add_object(pdf({"/T": "so", "/V": "1"}))
        whole = writer.add_object(pdf({"/T": "Muc", "/FT": "/Tx", "/Kids": [part]}))
        part.get_object()["/Parent"] = whole
        part.get_object()["/MK"] = pdf({"/CA": "x", "/R": part})
        fields = form_of(writer)["/Fields"]
        fields.append(whole)
        writer.update_container(fields)

    def other(writer: Any) -> None:
        change(writer, form_of(writer)["/Fields"][1]["/Kids"][0], V="2")

    signed = signed_pdf(updated(office.letter, parts), [office.signing(office.leader)])
    assert first(office, updated(signed, UPDATES["nothing"])).problems == ()
    assert first(office, updated(signed, other)).modifications == ("field:Muc.so",)
