"""The `Signature` element: kept as it came, never judged.

It covers the whole file (`URI=""`) and every hop edits the trace, so it cannot be verified after a hop;
legal weight rests on the signatures inside the attached files (ND30 Art. 5).
"""

from __future__ import annotations

import pyexpat
import re
from dataclasses import dataclass

from lienthong.edxml.tree import NAMESPACE, PREFIX

_PREFIXED = re.compile(rb"[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*(?=[\s=/>])")
_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_NAME_END = re.compile(rb"[\s/>]")


@dataclass(slots=True)
class Mark:
    """Where the element stands among the bytes outside the payloads: its start tag, its last tag."""

    start: int
    scope: dict[str, str]
    depth: int = 1
    last_tag: int = 0

    def cut(self, outside: bytes) -> bytes:
        """The element's bytes."""
        first = _TAG.match(outside, self.start)
        # The parser places the end of an empty element behind its only tag.
        if first and first.end() == self.last_tag and first.group().endswith(b"/>"):
            return first.group()
        last = _TAG.match(outside, self.last_tag)
        return outside[self.start : last.end() if last else self.last_tag]


def self_contained(xml: bytes, encoding: str, scope: dict[str, str]) -> bytes:
    """The element in UTF-8, with the declarations it took from its ancestors written into its start tag.

    A subtree without such declarations, the usual one, comes back byte for byte.
    """
    if encoding.upper() not in {"UTF-8", "US-ASCII"}:
        xml = xml.decode(encoding, errors="replace").encode()
    if carriable(xml):
        return xml
    used = {match.decode() for match in _PREFIXED.findall(xml)}
    inherited = {name: uri for name, uri in scope.items() if name in used and name not in {"xml", "xmlns"}}
    missing = {name: uri for name, uri in inherited.items() if f"xmlns:{name}=".encode() not in xml}
    end = _NAME_END.search(xml, 1)
    if not missing or end is None:
        return xml
    declarations = "".join(f' xmlns:{name}="{_attribute(uri)}"' for name, uri in sorted(missing.items()))
    return xml[: end.start()] + declarations.encode() + xml[end.start() :]


def carriable(xml: bytes) -> bool:
    """Whether the bytes are exactly one well-formed element in a file of ours, all prefixes bound."""
    parser = pyexpat.ParserCreate("UTF-8", " ")
    depths: list[str] = []
    tops: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(depths) == 1:
            tops.append(name)
        depths.append(name)

    def stray(text: str) -> None:
        if len(depths) == 1 and text:
            tops.append("")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: depths.pop()
    parser.CharacterDataHandler = stray
    opening = f'<edXML xmlns="{NAMESPACE}" xmlns:{PREFIX}="{NAMESPACE}">'.encode()
    try:
        parser.Parse(opening + xml + b"</edXML>", True)
    except pyexpat.ExpatError:
        return False
    return len(tops) == 1 and tops[0].rpartition(" ")[2] == "Signature"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
