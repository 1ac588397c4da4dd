"""From nodes to fields of the model, by the table of `layout`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.layout import Inside, Leaf, Member, Part

if TYPE_CHECKING:
    from lienthong.edxml.report import Report
    from lienthong.edxml.tree import Node

_SENT, _MEANT = "Business", "Bussiness"


def read_fields(node: Node, members: tuple[Member, ...], report: Report) -> dict[str, Any]:
    """The fields found under a node; absent ones are left to the model's defaults.

    Goes by name in any order. Required fields that are missing become problems of the report, everything else
    that deviates becomes a finding; elements without a place in the table are noted as unread.
    """
    values: dict[str, Any] = {}
    _read_into(values, node, members, report)
    return values


def _read_into(values: dict[str, Any], node: Node, members: tuple[Member, ...], report: Report) -> None:
    table = {member.element: member for member in members}
    groups: dict[str, list[Node]] = {}
    for child in node.children:
        groups.setdefault(_meant(child, report), []).append(child)
    for name, found in groups.items():
        if name not in table:
            _skip(found, report)
    for member in members:
        found = _single(groups.get(member.element, []), member, report)
        _take(values, node, member, found, report)


def _take(values: dict[str, Any], node: Node, member: Member, found: list[Node], report: Report) -> None:
    if isinstance(member, Inside):
        for child in found:
            _read_into(values, child, member.members, report)
    elif isinstance(member, Leaf):
        _take_leaf(values, node, member, found, report)
    else:
        _take_part(values, node, member, found, report)


def _take_leaf(values: dict[str, Any], node: Node, member: Leaf, found: list[Node], report: Report) -> None:
    read = [(child, _value(child, member, report)) for child in found]
    usable = [value for _, value in read if value is not None and value != ""]
    if member.many:
        values[member.field] = values.get(member.field, ()) + tuple(usable)
    elif usable:
        values[member.field] = usable[0]
    elif member.required:
        values[member.field] = ""
        place = found[0].place if found else node.place
        report.refuse(Reason.FIELD_REQUIRED, f"{node.path}/{member.element}", place, found[0].text if found else "")
    elif read and member.raw and read[0][0].text.strip():
        values.update({member.field: None, member.raw: read[0][0].text.strip()})
    elif member.expected and not any(child.text.strip() for child in found):
        report.find(Code.FIELD_MISSING, f"{node.path}/{member.element}")


def _take_part(values: dict[str, Any], node: Node, member: Part, found: list[Node], report: Report) -> None:
    filled = [child for child in found if not child.blank]
    if member.required and not filled:
        report.refuse(Reason.FIELD_REQUIRED, f"{node.path}/{member.element}", (found or [node])[0].place)
    if not filled and not member.many:
        for expected in member.shape.members:
            if isinstance(expected, Leaf) and expected.expected:
                report.find(Code.FIELD_MISSING, f"{node.path}/{member.element}/{expected.element}")
        return
    built = tuple(member.shape.model(**read_fields(child, member.shape.members, report)) for child in filled)
    if member.many:
        # What came without any readable value equals an absent element.
        blank = None if member.required else member.shape.model()
        values[member.field] = values.get(member.field, ()) + tuple(item for item in built if item != blank)
    else:
        values[member.field] = built[0]


def _value(node: Node, member: Leaf, report: Report) -> Any:
    if not node.text.strip():
        _skip(node.children, report)
        return None
    reading = member.kind.read(node.text)
    if reading.code:
        taken = "" if reading.value is None or reading.value == "" else member.kind.write(reading.value)
        report.find(reading.code, node.path, node.text, taken)
    return reading.value


def _single(found: list[Node], member: Member, report: Report) -> list[Node]:
    if len(found) <= 1 or not isinstance(member, Leaf | Part) or member.many:
        return found
    usable = [child for child in found if not child.blank] or found
    for extra in usable[1:]:
        report.find(Code.ELEMENT_REPEATED, extra.path, extra.text, usable[0].text)
    return usable[:1]


def _meant(child: Node, report: Report) -> str:
    if not child.name.startswith(_SENT):
        return child.name
    name = _MEANT + child.name.removeprefix(_SENT)
    report.find_once(Code.BUSINESS_SPELLING, child.path, child.name, name)
    return name


def _skip(nodes: list[Node], report: Report) -> None:
    for node in nodes:
        if report.full:
            return
        report.skip(node.path, node.text)
        _skip(node.children, report)
