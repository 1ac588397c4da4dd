"""The small tree of what stands outside the payloads: names resolved, bounded, with places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lienthong.edxml.findings import Code, Reason
from lienthong.edxml.problems import cut, over_limit, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lienthong.edxml.limits import Limits
    from lienthong.edxml.report import Report

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
PREFIX = "edXML"
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
# No name of the format is longer; of others the beginning tells enough, and each stands in many paths.
_NAME_CHARACTERS = 64


@dataclass(slots=True, eq=False)
class Node:
    """An element: local name, text (of a leaf), children, place. `ordinal` counts namesakes from 1."""

    name: str
    parent: Node | None
    place: tuple[int, int]
    ordinal: int = 1
    text: str = ""
    children: list[Node] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Names from the root down, `To[2]` for the second of its name."""
        own = self.name if self.ordinal == 1 else f"{self.name}[{self.ordinal}]"
        return f"{self.parent.path}/{own}" if self.parent else own

    @property
    def blank(self) -> bool:
        """Whether there is no text in it or below it."""
        return not self.text.strip() and all(child.blank for child in self.children)

    def first(self, *names: str) -> Node | None:
        """The first child with one of the names."""
        return next((child for child in self.children if child.name in names), None)

    def every(self, name: str) -> Iterator[Node]:
        """All children with the name."""
        return (child for child in self.children if child.name == name)

    def value(self, name: str) -> str:
        """The text of the first child with the name that has one; empty when there is none."""
        return next((child.text for child in self.every(name) if child.text.strip()), "")


@dataclass(slots=True)
class _Frame:
    """An open element: its node, the pieces of its text, how often each child name occurred."""

    node: Node
    parts: list[str] = field(default_factory=list)
    size: int = 0
    counts: dict[str, int] = field(default_factory=dict)


class Names:
    """Namespaces in scope. Foreign namespaces and unbound prefixes are accepted, each with one finding."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._scopes: list[dict[str, str]] = [{"xml": _XML_NAMESPACE}]
        self._foreign: set[str] = {NAMESPACE}

    def enter(self, attributes: list[str]) -> None:
        """An element starts: its declarations come into scope."""
        declared = dict(_declarations(attributes))
        self._scopes.append({**self._scopes[-1], **declared} if declared else self._scopes[-1])

    def leave(self) -> None:
        """The innermost element ends."""
        self._scopes.pop()

    @property
    def scope(self) -> dict[str, str]:
        """Prefixes in scope and what they stand for; the default namespace under the empty prefix."""
        return self._scopes[-1]

    def check(self, node: Node, qualified: str, attributes: list[str]) -> None:
        """Report the names of an element that are not of the format's namespace."""
        prefix = qualified.rpartition(":")[0]
        for used in {prefix, *(name.rpartition(":")[0] for name in attributes[::2] if ":" in name)}:
            if used and used != "xmlns" and used not in self.scope:
                self._report.find_once(Code.PREFIX_UNBOUND, node.path, used)
        uri = self.scope.get(prefix, "" if not prefix else NAMESPACE)
        if uri not in self._foreign:
            self._foreign.add(uri)
            self._report.find(Code.NAMESPACE_FOREIGN, node.path, uri or "no namespace", NAMESPACE)


class Tree:
    """Builds nodes from events; the reader decides what each element means."""

    def __init__(self, limits: Limits, report: Report) -> None:
        self._limits = limits
        self._report = report
        self._frames: list[_Frame] = []
        self._elements = 0
        self.names = Names(report)
        self.root: Node | None = None

    @property
    def current(self) -> Node | None:
        """The innermost open element."""
        return self._frames[-1].node if self._frames else None

    @property
    def depth(self) -> int:
        """How many elements are open."""
        return len(self._frames)

    def count(self, place: tuple[int, int], depth: int) -> None:
        """Check the bounds on elements, `depth` being the depth of the one that starts."""
        self._elements += 1
        if self._elements > self._limits.elements:
            raise over_limit("elements", self._limits.elements, "", place)
        if depth > self._limits.depth:
            raise refuse(Reason.XML_TOO_DEEP, "", place, rule=f"depth is limited to {self._limits.depth}")

    def start(self, qualified: str, attributes: list[str], place: tuple[int, int]) -> Node:
        """An element starts."""
        self.count(place, len(self._frames) + 1)
        self.names.enter(attributes)
        node = Node(cut(qualified.rpartition(":")[2], _NAME_CHARACTERS), self.current, place)
        if self._frames:
            counts = self._frames[-1].counts
            node.ordinal = counts[node.name] = counts.get(node.name, 0) + 1
            self._frames[-1].node.children.append(node)
        else:
            self.root = node
        self.names.check(node, qualified, attributes)
        self._frames.append(_Frame(node))
        return node

    def text(self, text: str) -> None:
        """Characters of the innermost element."""
        if not self._frames:
            return
        frame = self._frames[-1]
        frame.size += len(text.encode(errors="surrogatepass"))
        if frame.size > self._limits.text_bytes:
            raise over_limit("text_bytes", self._limits.text_bytes, frame.node.path, frame.node.place)
        frame.parts.append(text)

    def end(self) -> Node:
        """The innermost element ends."""
        frame = self._frames.pop()
        self.names.leave()
        text = "".join(frame.parts)
        if not frame.node.children:
            frame.node.text = text
        elif text.strip() and not self._report.closed:
            self._report.find(Code.TEXT_IGNORED, frame.node.path, text.strip()[:200])
        return frame.node


def _declarations(attributes: list[str]) -> Iterator[tuple[str, str]]:
    for name, value in zip(attributes[::2], attributes[1::2], strict=True):
        if name == "xmlns":
            yield "", value
        elif name.startswith("xmlns:"):
            yield name[6:], value
