"""Manifests held against the API of Kubernetes and the definitions of operators: unknown fields are refused."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from tests.chart.support.rendering import Manifest
from tools.kubernetes.definitions import definitions

VERSIONS = ("1.30.0", "1.32.0", "1.34.0", "1.37.0")
"""The oldest that the chart takes, that of the local cluster, the newest, and one between."""


def problems(manifests: Sequence[Manifest], version: str) -> list[str]:
    """Tells what an API server of a version would refuse."""
    return [problem for one in manifests for problem in _problems(one, version)]


def _problems(one: Manifest, version: str) -> Iterator[str]:
    name = f"{one['kind']} {one['metadata']['name']}"
    validator = _definitions().get((one["apiVersion"], one["kind"])) or _of_api(version, one["apiVersion"], one["kind"])
    if validator is None:
        yield f"{name}: {one['apiVersion']} is not known in {version}"
    else:
        error = best_match(validator.iter_errors(one))
        if error is not None:
            yield f"{name}: {error.json_path}: {error.message}"


@cache
def _of_api(version: str, api_version: str, kind: str) -> Draft202012Validator | None:
    """Gives the validator of a kind; the package's own function reads all of the API for each resource."""
    group, _, number = api_version.rpartition("/")
    parts = [kind.lower(), *([group.partition(".")[0]] if group else []), number]
    file = _folder(version) / f"{'-'.join(parts)}.json"
    if not file.is_file():
        return None
    return Draft202012Validator(json.loads(file.read_text("utf-8")), registry=_registry(version))


@cache
def _registry(version: str) -> Registry:
    return Resource.from_contents(json.loads((_folder(version) / "_definitions.json").read_text("utf-8"))) @ Registry()


def _folder(version: str) -> Path:
    package = Path(str(files("kubernetes_validate")))
    return package / "kubernetes-json-schema" / f"v{version}-local-strict"


@cache
def _definitions() -> dict[tuple[str, str], Draft202012Validator]:
    found = {}
    for file in definitions().glob("*.yaml"):
        for document in yaml.load_all(file.read_text("utf-8"), yaml.CSafeLoader):
            spec = document["spec"]
            for version in spec["versions"]:
                schema = _closed(version["schema"]["openAPIV3Schema"])
                schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
                found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = Draft202012Validator(schema)
    return found


def _closed(schema: Any) -> Any:
    """Refuses fields that a definition does not name: an API server would drop them without a word."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    named = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    if named and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("anyOf", None)
        made["type"] = ["integer", "string"]
    return made
