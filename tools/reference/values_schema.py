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
_QUANTITY = {"type": ["string", "number"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|[KMGTPE]i?)?$"}
_PLAIN: dict[str, Any] = {
    "string": {"type": "string"},
    "int": {"type": "integer", "minimum": 0},
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
            "ports": {"type": "array", "items": {"type": "integer"}},
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
