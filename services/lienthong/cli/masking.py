"""What of an installation may be shown to a stranger: everything else is left out, not looked for and blackened.

Each kind of text has a list of what is allowed. What people wrote is on none of them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lienthong.cli.findings import Finding
from lienthong.common.v1 import operations_pb2 as pb

HIDDEN: Final = "(left out)"

_SECRET_KEYS = re.compile(r"password|passphrase|secret|token|credential|key|username|sender", re.IGNORECASE)
_LOCATED = re.compile(r"://.*@")
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/-]{0,127}")
_REASON = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*|[A-Z]\w*(?:Error|Exception))(?=$|[ :(])")
_EVENT = re.compile(r"[a-z][a-z ,;'-]{0,119}")
_METRIC = re.compile(r"(?:# (?:HELP|TYPE) )?(lienthong|process|python)_\w+[ {]")
_PAIRS = "lienthong_pair_"
_LOG_FIELDS: Final = frozenset(
    (
        *("timestamp", "level", "event", "service", "method", "code", "reason", "seconds", "count", "port", "target"),
        *("document", "delivery", "agency", "system", "trace", "item", "notice", "channel", "topic", "type", "thing"),
        *("state", "group", "partitions", "worker", "ready", "certificate", "kind", "limit"),
    )
)
_FIGURES: Final = (
    *("outbox", "lag", "dead letters", "parked", "disk", "clock", "schema", "versions", "topics", "contents"),
    *("what is deprecated", "key files", "encryption of keys", "verification queue", "verification processes"),
    *("certificate", "clock beside the database's", "clocks of copies", "settings of topics", "alerts on causes"),
)
"""Things that are told in figures and in names of the program's own. Others may name people, systems or files."""


def masked_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a configuration without secrets: where a file with one lies is told, what is in it never was."""
    return {key: _masked(key, value) for key, value in values.items()}


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked_config(value)
    if isinstance(value, list | tuple):
        return [_masked(key, one) for one in value]
    if isinstance(value, str):
        secret = _SECRET_KEYS.search(key) and not key.endswith(("_file", "dir"))
        return HIDDEN if value and secret else _LOCATED.sub(f"://{HIDDEN}@", value)
    return value


def masked_finding(one: Finding) -> dict[str, Any]:
    """Gives a finding; a text that may name somebody is left out but for the reason that it begins with."""
    what = one.what.rpartition(" at ")[0] or one.what
    subject = what.rpartition(": ")[2]
    told = one.text if subject.startswith(_FIGURES) and ":" not in one.text else reason_of(one.text)
    if one.ok and not told:
        told = HIDDEN
    return {"what": one.what, "ok": one.ok, "text": told, "remedy": one.remedy}


def reason_of(text: str) -> str:
    """Gives the stable name with which a text begins, such as `STORAGE_UNAVAILABLE` or `ValueError`."""
    found = _REASON.match(text)
    return found.group(1) if found else HIDDEN


def masked_event(event: pb.HeldEvent) -> dict[str, Any]:
    """Gives where an event stands and why, never what it says."""
    named = {name: getattr(event, name) for name in ("event", "topic", "type", "subject")}
    return {
        **{name: value if _IDENTIFIER.fullmatch(value) else HIDDEN for name, value in named.items()},
        **{name: getattr(event, name) for name in ("partition", "offset", "sequence", "attempts")},
        "held_since": event.hold_time.ToJsonString(),
        "reason": reason_of(event.reason),
    }


def masked_metrics(text: str) -> Iterator[str]:
    """Gives the lines of metrics that are the program's own; who writes to whom is not among them."""
    for line in text.splitlines():
        if _METRIC.match(line) and _PAIRS not in line:
            yield line


def masked_log(lines: Iterable[str]) -> Iterator[str]:
    """Gives lines of a log in JSON, with the fields and forms of values that the program writes."""
    for line in lines:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if isinstance(fields, dict) and (kept := {key: value for key, value in fields.items() if _plain(key, value)}):
            yield json.dumps(kept)


def _plain(key: str, value: object) -> bool:
    if key not in _LOG_FIELDS:
        return False
    if isinstance(value, str):
        return bool((_EVENT if key == "event" else _IDENTIFIER).fullmatch(value))
    return isinstance(value, bool | int | float)
