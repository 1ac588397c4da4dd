"""Letters of many makes, and what can be done to a signed one afterwards: permitted updates and forgeries."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils import generic as _pyhanko_generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

if TYPE_CHECKING:
    from collections.abc import Callable

generic: Any = _pyhanko_generic
OTHER_PAGE = b"BT /F1 40 Tf 100 400 Td (9.000.000.000) Tj ET"

_PLAIN: dict[type, Callable[[Any], Any]] = {
    str: lambda text: generic.pdf_name(text) if text.startswith("/") else generic.pdf_string(text),
    bytes: lambda data: generic.StreamObject(stream_data=data),
    bool: generic.BooleanObject,
    int: generic.NumberObject,
    list: lambda values: generic.ArrayObject(pdf(value) for value in values),
    dict: lambda values: generic.DictionaryObject({generic.pdf_name(key): pdf(value) for key, value in values.items()}),
}


def pdf(value: Any) -> Any:
    """Makes a value of a PDF from one of Python; what is one already stays."""
    return _PLAIN[type(value)](value) if type(value) in _PLAIN else value


def updated(file: bytes, edit: Callable[[Any], None]) -> bytes:
    """Appends a revision in which something was edited."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(file))
    edit(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def page(writer: Any) -> Any:
    """Gives the first page."""
    return writer.root["/Pages"]["/Kids"][0]


def change(writer: Any, place: Any, **entries: Any) -> None:
    """Changes entries of a dictionary that stands in the file; None takes one out."""
    for key, value in entries.items():
        if value is None:
            del place[f"/{key}"]
        else:
            place[f"/{key}"] = pdf(value)
    writer.update_container(place)


def overwrite(writer: Any, reference: Any, value: Any) -> None:
    """Puts another object in the place of one."""
    writer.objects[(reference.generation, reference.idnum)] = pdf(value)
    writer._force_write_when_empty = True


def fields(writer: Any) -> Any:
    """Gives the fields of the form."""
    return writer.root["/AcroForm"]["/Fields"]


def field(writer: Any, name: str) -> Any:
    """Gives a field of the form by its name."""
    return next(one.get_object() for one in list.__iter__(fields(writer)) if one.get_object()["/T"] == name)


def widget(**entries: Any) -> Any:
    """Makes an annotation, or the field it stands for."""
    return pdf(
        {"/Type": "/Annot", "/Subtype": "/Widget", "/Rect": [10, 10, 200, 30]}
        | {f"/{k}": v for k, v in entries.items()}
    )


def add_field(writer: Any, **entries: Any) -> None:
    """Adds a field to the form and to the page."""
    reference = writer.add_object(widget(**entries))
    fields(writer).append(reference)
    writer.update_container(fields(writer))
    notes = page(writer)["/Annots"]
    notes.append(reference)
    writer.update_container(notes)


def font(writer: Any) -> Any:
    """Gives the first font of the page."""
    return page(writer)["/Resources"]["/Font"]["/F1"]["/DescendantFonts"][0]["/FontDescriptor"]


UPDATES: dict[str, Callable[[Any], None]] = {
    "nothing": lambda writer: setattr(writer, "_force_write_when_empty", True),
    "other page": lambda w: change(w, page(w), Contents=w.add_object(pdf(OTHER_PAGE))),
    "page written over": lambda w: overwrite(w, page(w).raw_get("/Contents").reference, OTHER_PAGE),
    "page turned": lambda w: change(w, page(w), Rotate=180),
    "page cut": lambda w: change(w, page(w), CropBox=[0, 0, 10, 10]),
    "same page again": lambda w: w.update_container(page(w)),
    "note added": lambda w: change(w, page(w), Annots=[w.add_object(widget(Contents="x", Subtype="/Text"))]),
    "notes gone": lambda w: change(w, page(w), Annots=None),
    "signature's place grown": lambda w: change(w, field(w, "NguoiKy"), Rect=[0, 0, 500, 500]),
    "signature's field renamed": lambda w: change(w, field(w, "NguoiKy"), T="Khac"),
    "signature's field of other kind": lambda w: change(w, field(w, "NguoiKy"), FT="/Tx"),
    "signature taken out": lambda w: change(w, field(w, "NguoiKy"), V=None),
    "signature with other reason": lambda w: change(w, field(w, "NguoiKy")["/V"], Reason="forged"),
    "signature drawn": lambda w: change(
        w, field(w, "NguoiKy"), AP={"/N": w.add_object(pdf(OTHER_PAGE))}, Rect=[0, 0, 99, 99]
    ),
    "text field": lambda w: add_field(w, FT="/Tx", T="SoTien", V="9"),
    "signature field": lambda w: add_field(w, FT="/Sig", T="Them"),
    "form's fonts": lambda w: change(w, w.root["/AcroForm"], DA="/Helv 0 Tf", NeedAppearances=True),
    "form of other fields": lambda w: change(w, w.root, AcroForm={"/Fields": []}),
    "other font file": lambda w: overwrite(w, font(w).raw_get("/FontFile2").reference, b"forged"),
    "other widths": lambda w: change(w, font(w), FontBBox=[0, 0, 1, 1]),
    "other fonts": lambda w: change(w, page(w), Resources={"/Font": {}}),
    "names": lambda w: change(w, w.root, Names={"/JavaScript": {"/Names": ["a", {"/S": "/JavaScript", "/JS": "x"}]}}),
    "action": lambda w: change(w, w.root, OpenAction={"/S": "/URI", "/URI": "http://x.example"}),
    "extensions": lambda w: change(w, w.root, Extensions={"/ADBE": {"/BaseVersion": "/1.7", "/ExtensionLevel": 5}}),
    "extensions apart": lambda w: change(w, w.root, Extensions=w.add_object(pdf({"/ADBE": {"/BaseVersion": "/1.7"}}))),
    "extensions are the page": lambda w: change(w, w.root, Extensions=page(w).raw_get("/Contents")),
    "version": lambda w: change(w, w.root, Version="/2.0"),
    "language": lambda w: change(w, w.root, Lang="en"),
    "other pages": lambda w: change(w, w.root, Pages=w.add_object(pdf({"/Type": "/Pages", "/Kids": [], "/Count": 0}))),
    "metadata": lambda w: change(w, w.root, Metadata=w.add_object(pdf(b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'))),
    "metadata of other kind": lambda w: change(w, w.root, Metadata=w.add_object(pdf(b"<!DOCTYPE x>"))),
    "evidence": lambda w: change(w, w.root, DSS=w.add_object(pdf({"/Certs": [w.add_object(pdf(b"0"))], "/VRI": {}}))),
    "evidence with more": lambda w: change(w, w.root, DSS=w.add_object(pdf({"/Certs": [], "/Page": [1]}))),
    "evidence is the page": lambda w: change(w, w.root, DSS={"/CRLs": [page(w).raw_get("/Contents")]}),
    "author": lambda w: change(w, w.trailer_view["/Info"], Author="Ai"),
    "orphan": lambda w: setattr(w, "_kept", w.add_object(pdf(OTHER_PAGE))),
    "outlines turned": lambda w: change(w, w.root["/Outlines"]["/First"], Title="x"),
    "hidden text shown": lambda w: change(w, page(w), Contents=w.root.raw_get("/Hidden")),
    "hidden text becomes the page": lambda w: overwrite(
        w, page(w).raw_get("/Contents").reference, w.root["/Hidden"].data
    ),
    "cover lifted": lambda w: change(w, w.root["/Cover"], F=2),
    "cover gone": lambda w: overwrite(w, w.root.raw_get("/Cover").reference, generic.NullObject()),
    "promised object comes": lambda w: overwrite(w, generic.Reference(990, 0), OTHER_PAGE),
}
"""What can be done to a file of :func:`letters` after it was signed."""


def with_secrets(writer: Any) -> None:
    """Prepares a letter for shadow attacks: text nobody sees, and a cover over it."""
    change(
        writer,
        writer.root,
        Hidden=writer.add_object(pdf(OTHER_PAGE)),
        Cover=writer.add_object(widget(Subtype="/Square", F=4)),
        AcroForm=writer.add_object(pdf({"/Fields": writer.add_object(pdf([]))})),
    )
    change(writer, page(writer), Annots=writer.add_object(pdf([writer.root.raw_get("/Cover")])))


def with_promise(writer: Any) -> None:
    """Lets a letter refer to an object that does not exist yet."""
    change(writer, writer.root, Promised=generic.IndirectObject(990, 0, writer))


def with_outlines(writer: Any) -> None:
    """Adds bookmarks that lead to each other, and a tree of the text's structure that leads to the page."""
    titles = [
        writer.add_object(pdf({"/Title": f"Mục {number}", "/Dest": [page_of(writer), "/Fit"]})) for number in range(4)
    ]
    outlines = writer.add_object(pdf({"/First": titles[0], "/Last": titles[-1]}))
    for before, one, after in zip([None, *titles], titles, [*titles[1:], None], strict=False):
        for key, other in (("/Prev", before), ("/Next", after), ("/Parent", outlines)):
            if other is not None:
                one.get_object()[key] = other
    root = writer.add_object(pdf({"/Type": "/StructTreeRoot"}))
    elements = [writer.add_object(pdf({"/S": "/P", "/P": root, "/Pg": page_of(writer), "/K": 0})) for _ in range(3)]
    elements[0].get_object()["/K"] = pdf(
        [{"/Type": "/OBJR", "/Obj": page_of(writer)}, elements[2], {"/P": elements[1]}]
    )
    root.get_object()["/K"] = pdf(elements[:2])
    root.get_object()["/ParentTree"] = pdf({"/Nums": [0, pdf(elements)]})
    change(writer, writer.root, Outlines=outlines, StructTreeRoot=root, MarkInfo={"/Marked": True})
    page(writer)["/StructParents"] = pdf(0)


def page_of(writer: Any) -> Any:
    """Gives the reference to the first page."""
    return list.__getitem__(writer.root["/Pages"]["/Kids"], 0)


def packed(file: bytes) -> bytes:
    """Writes a file anew with its objects in a stream, as word processors do."""
    reader: Any = PdfFileReader(io.BytesIO(file))
    writer: Any = copy_into_new_writer(reader, {"stream_xrefs": True})
    stream = writer.prepare_object_stream()
    for (generation, number), value in list(writer.objects.items()):
        if not isinstance(value, generic.StreamObject) and number not in (writer.root_ref.idnum, writer._info.idnum):
            stream.add_object(number, value)
            del writer.objects[(generation, number)]
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def odd(file: bytes) -> bytes:
    """Writes objects in forms that are seldom met, each as long as it was; the length of the page stands elsewhere."""
    length = re.search(rb"/Filter /FlateDecode\n/Length (\d{4})\n>>", file)
    if length is None:
        raise ValueError("no page")
    elsewhere = b"/Filter/FlateDecode/Length 80 0 R\n>>"
    file = file[: length.start()] + elsewhere + file[length.end() :]
    for old, new in ((rb"/Supplement 0\n", b"/Supplement +0"), (rb"/Ordering \(UCS\)\n", b"/Order#69ng(UCS)")):
        file = re.sub(old, new, file)
    return raw(file, b"80 1\n@ 00000 n \n", b"80 0 obj\n" + length[1] + b"\nendobj\n")


def letters(letter: bytes) -> dict[str, bytes]:
    """Makes unsigned letters of several makes, all prepared for every update."""
    linked = updated(letter, with_outlines)
    return {
        "plain": updated(linked, with_secrets),
        "packed": updated(packed(linked), with_secrets),
        "odd": updated(updated(odd(linked), with_secrets), with_promise),
    }


def raw(file: bytes, entries: bytes, objects: bytes = b"") -> bytes:
    """Appends a revision written by hand: objects, and a table in which ``@`` is where they stand."""
    last: bytes = re.findall(rb"startxref\s+(\d+)", file)[-1]
    root: bytes = re.findall(rb"/Root (\d+ 0 R)", file)[-1]
    table = entries.replace(b"@", b"%010d" % len(file))
    place = len(file) + len(objects)
    trailer = b"trailer\n<</Size 901 /Root " + root + b" /Prev " + last + b">>\n"
    return file + objects + b"xref\n" + table + trailer + b"startxref\n%d\n%%%%EOF\n" % place


def gap(file: bytes) -> bytes:
    """Lets the first signature leave out some bytes beside itself, which nobody signed."""
    found = re.search(rb"/ByteRange ?\[ ?0 (\d+) (\d+) (\d+) *\]", file)
    if found is None:
        raise ValueError("no signature")
    one, two, three = (int(number) for number in found.groups())
    narrow = (b"/ByteRange [0 %d %d %d]" % (one - 40, two, three)).ljust(len(found[0]))
    return file[: found.start()] + narrow + file[found.end() :]
