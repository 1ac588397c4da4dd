"""What makes verification faster changes no report: every variant is judged as the plain libraries judge it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from asn1crypto import core, x509
from hypothesis import given
from hypothesis import strategies as st

from lienthong.signing.verification import (
    certificates,
    hexreader,
    lengths,
    names,
    objects,
    paths,
    revisions,
    tokens,
    usages,
)
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.testing.documents import damaged, extended
from lienthong.testing.signatures import signed_pdf, stamped_pdf, time_stamper

from .conftest import NOW

if TYPE_CHECKING:
    from .conftest import Office

SOON = NOW + timedelta(hours=1)
REMEDIES = (hexreader, tokens, objects, usages, revisions, lengths, names, certificates, paths)


@pytest.fixture(autouse=True)
def remedies() -> Iterator[None]:
    """Leaves all remedies installed."""
    for remedy in REMEDIES:
        remedy.install()
    yield
    for remedy in REMEDIES:
        remedy.install()


def variants(office: Office) -> list[bytes]:
    """Makes files of every outcome."""
    one = signed_pdf(office.letter, [office.signing(office.leader)])
    stamper = time_stamper(office.authority, office.stamps, NOW + timedelta(minutes=5))
    return [
        office.letter,
        one,
        office.signed,
        damaged(one),
        damaged(office.signed),
        extended(office.signed),
        stamped_pdf(office.signed, stamper),
        one + b"9 0 obj (x) endobj",
        one.replace(b"/Contents <3082", b"/Contents <3182"),
        one[: len(one) // 2],
        *[one[:place] + b"\x80" + one[place + 1 :] for place in range(100, len(one), len(one) // 12)],
    ]


def test_reports_are_those_of_the_plain_libraries(office: Office) -> None:
    """With and without the remedies each file gets the same report, and a warm verifier the same as a new one."""
    files = variants(office)
    warm = PadesVerifier(office.trust)
    fast = [warm.verify(io.BytesIO(file), SOON) for file in files]
    again = [warm.verify(io.BytesIO(file), SOON) for file in files]
    plain = PadesVerifier(office.trust)
    for remedy in REMEDIES:
        remedy.uninstall()
    assert [plain.verify(io.BytesIO(file), SOON) for file in files] == fast == again


@pytest.mark.parametrize("size", [1, 126, 127, 128, 129, 255, 256, 384, 640, 32_768, 32_896])
def test_definite_lengths_are_kept(size: int) -> None:
    """A value comes out byte for byte as it was read, whatever its length ends in."""
    inner = core.OctetString(bytes(max(0, size - 4))).dump()
    value = core.SequenceOf(spec=core.OctetString)
    value.append(inner and core.OctetString.load(inner))
    read = core.SequenceOf.load(value.dump(), spec=core.OctetString)
    assert read.dump() == value.dump()
    assert lengths.is_definite(read._header)


@pytest.mark.parametrize(
    ("header", "definite"),
    [
        ("3080", False),
        ("308180", True),
        ("30820180", True),
        ("a0803080", False),
        ("a0818330818080", False),
        ("a08183308180", True),
        ("bf81800003308180", True),
        ("bf818000023080", False),
        ("30", False),
        ("", False),
    ],
)
def test_only_the_octet_0x80_alone_is_indefinite(header: str, *, definite: bool) -> None:
    """The indefinite form is one octet after the tag (X.690 8.1.3.6); the same octet within a length is not it."""
    assert lengths.is_definite(bytes.fromhex(header)) is definite


def test_an_indefinite_length_is_still_encoded_anew() -> None:
    """What really has an indefinite length is left to the library."""
    assert core.SequenceOf.load(bytes.fromhex("30800401610000"), spec=core.OctetString).dump().hex() == "3003040161"


@given(st.text(max_size=400))
def test_names_are_prepared_alike(text: str) -> None:
    """Remembered or not, a name is prepared as the library does, errors included."""

    def outcome(prepare: object) -> str:
        try:
            return str(prepare(x509.NameTypeAndValue(), text))  # type: ignore[operator] # a method of the library
        except ValueError as error:
            return f"{type(error).__name__}: {error}"

    assert outcome(names._prepared) == outcome(names._prepared) == outcome(names._original)
