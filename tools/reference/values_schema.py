"""The schema of a chart's values: Helm refuses what it does not name, at every level.

Parts of Kubernetes come from its own API, settings from the configuration models.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tools.reference.values import Value, values_of

_KUBERNETES = "v1.34.0-local-strict"
_GROUPS = ("core.v1", "apps.v1", "networking.v1", "autoscaling.v2")
_QUANTITY = {"type": ["string", "number"], "minimum": 0, "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i?)?$"}
_LABEL = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"
_WORDS = {
    "address": r"^[^\s{}'\"#]*$",
    "broker": r"^[^\s,:]+:[0-9]+$",
    "code": "^[0-9A-Z.]{1,35}$",
    "digest": "^(sha256:[0-9a-f]{64})?$",
    "duration": "^([0-9]+(ms|[smhd]))+$",
    "host": r"^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
    "image": r"^[a-z0-9][\w.:/@-]*$",
    "key": "^[A-Za-z0-9._-]+$",
    "key of each": "^[A-Za-z0-9._{}-]+$",
    "letters": "^[A-Za-z0-9._-]*$",
    "metric": "^[a-zA-Z_:][a-zA-Z0-9_:]*$",
    "name": "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
    "name of each": "^[a-z0-9{]([a-z0-9.{}-]*[a-z0-9}])?$",
    "name or none": "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$",
    "registry": "^([A-Za-z0-9][A-Za-z0-9._:/-]*)?$",
    "repository": "^[a-z0-9][a-z0-9._/-]*$",
    "tag": r"^(\w[\w.-]{0,127})?$",
    "URL": r"^https?://\S+$",
    "version": "^(head|[0-9]{4})$",
}
"""Forms of words, each with its pattern. No name of Kubernetes is longer than 253 characters."""
_PLAIN: dict[str, Any] = {
    "string": {"type": "string"},
    **{form: {"type": "string", "pattern": pattern, "maxLength": 253} for form, pattern in _WORDS.items()},
    "labels": {"type": "object", "additionalProperties": {"type": "string", "pattern": _LABEL}},
    "int": {"type": "integer", "minimum": 0},
    "int from 1": {"type": "integer", "minimum": 1},
    "int up to 600": {"type": "integer", "minimum": 0, "maximum": 600},
    "true or false": {"type": "boolean"},
    "quantity": _QUANTITY,
    "int or percent": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+%$"}]},
    "settings": {"$ref": "#/$defs/Settings"},
    "component": {"$ref": "#/$defs/component"},
    "engine": {"$ref": "#/$defs/engine"},
    "parent": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            **{name: {"type": "string"} for name in ("group", "kind", "namespace", "name", "sectionName")},
            "port": {"type": "integer"},
        },
    },
}
_REFERENCE = re.compile(r"#/\$defs/(?P<name>[\w.]+)")
_DROPPED = ("title", "default", "format", "x-kubernetes-list-type", "$schema")


def values_schema(chart: str) -> str:
    """Makes the schema, as JSON."""
    values = values_of(chart)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(values)}
    defaults = next((one for one in values if one.path == ("defaults",)), None)
    known = {**_kubernetes(), **_settings(), **_own(defaults)}
    wanted = dict(_reached(schema, known))
    if wanted:
        schema["$defs"] = {name: wanted[name] for name in sorted(wanted)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _own(defaults: Value | None) -> dict[str, Any]:
    engine = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "ports": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65535}},
            "peers": {"type": "array", "items": {"$ref": "#/$defs/io.k8s.api.networking.v1.NetworkPolicyPeer"}},
        },
    }
    return {"engine": engine, **({"component": _object(defaults.parts)} if defaults else {})}


def _object(values: tuple[Value, ...]) -> dict[str, Any]:
    properties = {one.path[-1]: {"description": one.words, **_form(one)} for one in values}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _form(value: Value) -> dict[str, Any]:
    return _object(value.parts) if value.parts else _of_form(value.form)


def _of_form(form: str) -> dict[str, Any]:
    if form.startswith("list of "):
        return {"type": "array", "items": _of_form(form.removeprefix("list of "))}
    if form.startswith("map of "):
        return {"type": "object", "additionalProperties": _of_form(form.removeprefix("map of "))}
    if form.startswith("k8s "):
        return {"$ref": f"#/$defs/{_kind(form.removeprefix('k8s '))}"}
    if " | " in form:
        return {"enum": form.split(" | ")}
    return dict(_PLAIN[form])


def _kind(name: str) -> str:
    return next(full for group in _GROUPS if (full := f"io.k8s.api.{group}.{name}") in _kubernetes())


@cache
def _kubernetes() -> dict[str, Any]:
    folder = Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema" / _KUBERNETES
    known = json.loads((folder / "_definitions.json").read_text("utf-8"))["$defs"]
    return {name: _trimmed(one, also=("description",)) for name, one in known.items()}


@cache
def _settings() -> dict[str, Any]:
    from lienthong.settings import Settings

    schema = Settings.model_json_schema()
    inner = schema.pop("$defs")
    return {name: _trimmed(one) for name, one in {**inner, "Settings": schema}.items()}


def _trimmed(schema: Any, also: tuple[str, ...] = ()) -> Any:
    """Leaves out what no check reads."""
    if isinstance(schema, list):
        return [_trimmed(one, also) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: _trimmed(one, also) for name, one in value.items()}
        elif key not in _DROPPED and key not in also:
            made[key] = _trimmed(value, also)
    return made


def _reached(schema: Any, known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Gives the definitions that a schema needs, and those that these need."""
    open_, seen = [schema], set[str]()
    while open_:
        for found in _REFERENCE.finditer(json.dumps(open_.pop())):
            name = found["name"]
            if name not in seen:
                seen.add(name)
                open_.append(known[name])
                yield name, known[name]
