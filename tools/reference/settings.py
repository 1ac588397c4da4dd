"""The page of settings, from the configuration models."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from tools.reference.common import page, table


def config_page() -> str:
    """Lists every setting."""
    from lienthong.settings import Settings

    intro = (
        "Defaults, then the YAML file of `--config`, then the environment, then options of the command line: what "
        "comes later wins. Unknown keys are refused. Values in the environment are YAML, "
        "so a list is `[a, b]`. `lienthong config show --diff` prints what differs from the defaults.\n"
    )
    top = [_setting("", name, one) for name, one in Settings.model_fields.items() if not _inner(one)]
    head = f"## Top level\n\n{table(_CONFIG_HEAD, top)}"
    return page("Configuration", "the models that `lienthong.settings` gathers", intro, head, *_sections("", Settings))


def _sections(path: str, model: Any) -> Iterator[str]:
    for key, setting in model.model_fields.items():
        inner, name = _inner(setting), f"{path}.{key}".lstrip(".")
        rows = [_setting(name, within, one) for within, one in inner.items() if not _inner(one)]
        if rows:
            yield f"## {name}\n\n{setting.description}\n\n{table(_CONFIG_HEAD, rows)}"
        if inner:
            yield from _sections(name, setting.annotation)


def _inner(setting: Any) -> Mapping[str, Any]:
    return getattr(setting.annotation, "model_fields", {})


_CONFIG_HEAD = ("Setting", "Type", "Default", "Bounds", "Environment", "What it does")


def _setting(section: str, name: str, setting: Any) -> tuple[str, ...]:
    variable = "LIENTHONG_" + "__".join(part.upper() for part in (*section.split("."), name) if part)
    bounds = ", ".join(_bounds(setting.metadata))
    return (
        f"`{f'{section}.' * bool(section)}{name}`",
        kind_of(setting.annotation),
        f"`{_default(setting.get_default(call_default_factory=True))}`",
        bounds or "–",
        f"`{variable}`",
        setting.description or "",
    )


def _default(value: Any) -> str:
    if isinstance(value, tuple | frozenset):
        return "[" + ", ".join(str(one) for one in value) + "]"
    return {None: "null", True: "true", False: "false", "": '""'}.get(value, str(value)) if _plain(value) else "{}"


def _plain(value: Any) -> bool:
    return not isinstance(value, Mapping)


def _bounds(metadata: Iterable[Any]) -> Iterator[str]:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}
    for rule in metadata:
        for name, sign in signs.items():
            if hasattr(rule, name):
                yield f"{sign} {getattr(rule, name):,}"


def kind_of(annotation: Any) -> str:
    """Says in words what a setting holds."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in {Union, UnionType}:
        return " or ".join(kind_of(one) for one in inner if one is not NoneType) + ", or nothing"
    if origin is tuple:
        return f"list of {kind_of(inner[0])}"
    if origin is not None and issubclass(origin, Mapping):
        return f"map of {kind_of(inner[0])} to {kind_of(inner[1])}"
    return {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}[annotation]
