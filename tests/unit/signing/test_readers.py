"""The fast readers of a PDF answer exactly as pyHanko's own do, on every input."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils import misc as _pyhanko_misc
from pyhanko.pdf_utils import reader as _pyhanko_reader
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

from lienthong.signing.verification import objects, revisions, tokens
from lienthong.signing.verification.doubles import TWICE
from lienthong.testing.documents import Letter, letter_pdf

from .conftest import NOW

generic: Any = _pyhanko_generic
misc: Any = _pyhanko_misc
reader: Any = _pyhanko_reader
BLANK = st.sampled_from([b" ", b"\n", b"\r\n", b"\t", b"\x00", b"  ", b"%note\n", b""])
PIECES = st.sampled_from(
    [
        *(b"<<", b">>", b"[", b"]", b"/Type", b"/K#20y", b"/", b"/A", b"/A", b"1", b"-2", b"+3.5", b".5", b"7.", b"0"),
        *(b"5 0 R", b"0 0 R", b"12 0 R1", b"3 0 Rx", b"1 2", b"12345678901 0 R", b"9999999999999999", b"1-2", b"--1"),
        *(
            b"(text)",
            b"(a(b)c)",
            b"(a\\051)",
            b"(open",
            b"<4f4B>",
            b"<4f4>",
            b"<4 f>",
            b"<FEFF1ED0>",
            b"true",
            b"false",
        ),
        *(
            b"null",
            b"truex",
            b"R",
            b"stream\n",
            b"stream\nabc\nendstream",
            b"/Length 3",
            b"endobj",
            b"\xff",
            b"/" + b"n" * 130,
        ),
    ]
)
BODIES = st.lists(st.tuples(PIECES, BLANK), max_size=14).map(lambda parts: b"".join(a + b for a, b in parts))


class Reference:
    """Stands for the place of an object in a file."""

    def get_pdf_handler(self) -> Any:
        """The file, which is not strict and holds nothing."""
        return self

    strict = False

    def get_object(self, _reference: object) -> Any:
        """Any other object."""
        return generic.NumberObject(3)


def shape(value: Any) -> Any:
    """Everything that can be told of a value: types, contents, references, payload."""
    held = value.container_ref is not None
    if isinstance(value, generic.StreamObject):
        items = [(type(key).__name__, str(key), shape(dict.__getitem__(value, key))) for key in value]
        return "stream", items, value.encoded_data, held
    if isinstance(value, generic.DictionaryObject):
        return "dict", [(type(k).__name__, str(k), shape(dict.__getitem__(value, k))) for k in value], held
    if isinstance(value, generic.ArrayObject):
        return "array", [shape(one) for one in list.__iter__(value)], held
    if isinstance(value, generic.IndirectObject):
        return "reference", value.idnum, value.generation, held
    return type(value).__name__, "" if isinstance(value, generic.NullObject) else repr(value), held


def outcome(read: Any, content: bytes) -> Any:
    """What is read and where the stream stands then, or the error."""
    stream = io.BytesIO(content)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001 -- whatever the original raises is the rule
        return type(error), str(error)
    return (shape(value) if isinstance(value, generic.PdfObject) else value), stream.tell()


def both(read: Any, content: bytes) -> tuple[Any, Any]:
    """The outcome with and without the remedies."""
    for remedy in (tokens, objects):
        remedy.install()
    fast = outcome(read, content)
    for remedy in (tokens, objects):
        remedy.uninstall()
    plain = outcome(read, content)
    for remedy in (tokens, objects):
        remedy.install()
    return fast, plain


def read_object(stream: io.BytesIO) -> Any:
    """Reads any object."""
    return generic.read_object(stream, Reference())


@given(
    st.sampled_from([b"<<", b"[", b"<< /A ", b"[1 2 ", b"/N", b"("]),
    BODIES,
    st.sampled_from([b">>", b"]", b"", b">> endobj"]),
)
@example(b"<<", b"/W [0 [600 600 600]] /R 5 0 R /S (x) /B [0 0 595.28 841.89]", b">>\nendobj")
@example(b"<<", b"/Length 3 >>\nstream\nabc\nendstream", b"")
@example(b"<<", b"/A 1 /A 2", b">>")
@example(b"<<", b"/A 1 /A 1", b">>")
@example(b"<<", b"/A 1 1 /A", b">>")
@example(b"<<", b"/Length 3 /Length 3 >>\nstream\nabc\nendstream", b"")
@example(b"[", b"1 2 R ", b"]")
@example(b"[", b"1 \x00 2", b"]")
@example(b"<<", b"/A <</B [true false null /C]>>", b">>")
@example(b"<<", b"/A" + b" " * 5000 + b"1", b">>")
@example(b"[" * 60, b"1" + b"]" * 59, b"]")
def test_objects_are_read_alike(begin: bytes, body: bytes, end: bytes) -> None:
    """Same values of the same types, same place in the stream, same error; what has two meanings is refused."""
    fast, plain = both(read_object, begin + body + end)
    assert fast == plain or TWICE in str(fast[1])


@pytest.mark.parametrize("body", [b"/A 1 /A 2", b"/A 1 /#41 2", b"/B <</A 1 /A 2>>", b"/A 1 0 R %\n/A 2 0 R"])
def test_two_values_under_one_key_are_refused(body: bytes) -> None:
    """Verifiers take the first, most programs that show pages the last: nobody can say what was signed."""
    kind, text = both(read_object, b"<<" + body + b">>")[0]
    assert (kind, text.rstrip("0123456789")) == (PdfReadError, f"/A {TWICE} before byte ")


@given(BLANK, BLANK, BODIES, st.booleans())
def test_blanks_names_and_headers_are_read_alike(before: bytes, blank: bytes, body: bytes, allow: bool) -> None:  # noqa: FBT001 -- generated
    """The small readers answer as the originals do, at the end of a file too."""
    for read in (
        lambda stream: generic.read_non_whitespace(stream, allow_eof=allow),
        lambda stream: misc.read_non_whitespace(stream, seek_back=True, allow_eof=allow),
        generic.NameObject.read_from_stream,
        lambda stream: reader.read_object_header(stream, strict=False),
    ):
        for content in (before + body, b"12" + blank + b"0" + blank + b"obj" + before + body, b"/" + body):
            fast, plain = both(read, content)
            assert fast == plain


def test_names_are_new_objects_each_time() -> None:
    """Objects that are read are written into by pyHanko; two places must not share one."""
    one, two = tokens.decoded(b"Type"), tokens.decoded(b"Type")
    assert one == two
    assert one is not two


def test_an_earlier_revision_is_taken_over_alike() -> None:
    """With and without the remedy a revision holds the same objects, whose references lead into that revision."""
    pdf = letter_pdf(Letter(), NOW)

    def objects_of() -> list[Any]:
        revision = PdfFileReader(io.BytesIO(pdf), strict=False).get_historical_resolver(0)
        found = [revision.get_object(generic.Reference(number, 0, revision)) for number in range(1, 27)]
        for one in found:
            for held in one.values() if isinstance(one, dict) else ():
                assert not isinstance(held, generic.IndirectObject) or held.get_pdf_handler() is revision
        return [shape(one) for one in found]

    revisions.uninstall()
    plain = objects_of()
    revisions.install()
    assert objects_of() == plain
