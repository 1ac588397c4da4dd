"""Which errors the program can tell: found in its own code."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeGuard

from tools.reference.common import (
    SOURCE,
    UPPER,
)


@dataclass(frozen=True, slots=True)
class Maker:
    """Something that makes an error out of its arguments; templates name them between zero bytes."""

    parameters: tuple[str, ...]
    code: str
    reason: str
    message: str
    detail: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """A reason that the program can answer with."""

    reason: str
    code: str
    place: str
    message: str
    detail: bool = field(default=False, compare=False)


def mark(name: str) -> str:
    """Makes the place in a template where an argument goes."""
    return f"\0{name}\0"


_RULE = f"{mark('rule')}. {mark('remedy')}"
SEEDS = {
    "AxisError": Maker(("code", "reason", "message"), mark("code"), mark("reason"), mark("message")),
    "Violation": Maker(("field", "reason", "rule", "remedy"), "INVALID_ARGUMENT", mark("reason"), _RULE, detail=True),
    "Problem": Maker(("reason", "path", "rule", "remedy"), "INVALID_ARGUMENT", mark("reason"), _RULE),
    "Failure": Maker(("reason", "detail"), "delivery", mark("reason"), mark("detail")),
    "park": Maker(("work", "desk", "item", "reason", "detail"), "item", mark("reason"), mark("detail")),
}
"""What makes errors itself; functions that hand a reason on to one of them are found."""
WITHOUT_ERRORS = ("cli", "demo", "testing", "edxml", "client")
READS_ERRORS = "lienthong.chassis.rpc.status"


@dataclass(slots=True)
class Module:
    """A module of the program, as far as errors are concerned."""

    name: str
    tree: ast.Module
    constants: dict[str, ast.expr]
    imports: dict[str, tuple[str, str]]
    makers: dict[str, Maker] = field(default_factory=dict)


@cache
def modules() -> Mapping[str, Module]:
    """Parses the program."""
    found: dict[str, Module] = {}
    for file in sorted((SOURCE / "lienthong").rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        if "_pb2" not in file.name and parts[1] not in WITHOUT_ERRORS:
            name = ".".join(parts).removesuffix(".__init__")
            found[name] = _module(name, ast.parse(file.read_text("utf-8")))
    return found


def _module(name: str, tree: ast.Module) -> Module:
    constants: dict[str, ast.expr] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = node.value
        elif isinstance(node, ast.ImportFrom):
            imports |= {one.asname or one.name: (node.module or "", one.name) for one in node.names}
    return Module(name, tree, constants, imports)


class Scope:
    """Renders expressions as a reader sees them, from where a call stands."""

    def __init__(self, module: Module, function: ast.AST, line: int, choice: Mapping[str, ast.expr]) -> None:
        self._module = module
        self._parameters = parameters_of(function)
        self._local = {**_locals(function, line), **choice}

    def text(self, node: ast.expr) -> str:
        """Renders an expression: known text as it is, everything else by a name in braces."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=ast.Name(id="Code"), attr=name):
                return name
            case ast.Call(func=ast.Attribute(value=inner, attr="upper"), args=[]):
                return re.sub("\0(.+?)\0", "\0\\1|upper\0", self.text(inner))
        return self._joined(node)

    def _joined(self, node: ast.expr) -> str:
        match node:
            case ast.JoinedStr(values=values):
                return "".join(self.text(value) for value in values)
            case ast.FormattedValue(value=value):
                return self.text(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.text(left) + self.text(right)
            case ast.IfExp(body=body, orelse=orelse):
                return self.text(body) or self.text(orelse)
        return "{" + name_in(node) + "}"

    def _name(self, name: str) -> str:
        if name in self._local:
            value = self._local.pop(name)  # Taken out while it is rendered: it may name itself.
            text = self.text(value)
            self._local[name] = value
            return "{" + name + "}" if re.fullmatch(r"{[^{}]*}", text) else text
        if name in self._parameters:
            return mark(name)
        return _constant(self._module, name)


def name_in(node: ast.AST) -> str:
    """Gives the name that says most of an expression: `len(self.items)` is `items`, `at.date()` is `at`."""
    match node:
        case ast.Attribute(value=inner, attr="name" | "value" | "id" | "__name__"):
            return name_in(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Call(func=ast.Attribute(value=inner)) if not isinstance(inner, ast.Constant):
            return name_in(inner)
        case ast.Call(args=[inner, *_]) | ast.Subscript(value=inner) | ast.GeneratorExp(elt=inner):
            return name_in(inner)
        case ast.BoolOp(values=[inner, *_]) | ast.BinOp(left=inner):
            return name_in(inner)
    return "…"


def _constant(module: Module, name: str) -> str:
    source, attribute = module.imports.get(name, (module.name, name))
    value = modules()[source].constants.get(attribute) if source in modules() else None
    return str(value.value) if isinstance(value, ast.Constant) else "{" + name + "}"


def parameters_of(function: ast.AST) -> tuple[str, ...]:
    """Gives the names of a function's parameters; none for a module."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return ()
    names = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return tuple(one.arg for one in names if one.arg not in {"self", "cls"})


def _locals(function: ast.AST, line: int) -> dict[str, ast.expr]:
    if isinstance(function, ast.Module):
        return {}
    assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and node.lineno <= line]
    return {
        target.id: node.value
        for node in sorted(assigned, key=lambda one: one.lineno)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def choices(module: Module, function: ast.AST) -> list[dict[str, ast.expr]]:
    """Gives each row of a table of the module that the function takes names out of: `reason, why = TABLE[key]`."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Subscript(value=ast.Name(id=name))):
                rows = module.constants.get(name)
                if isinstance(rows, ast.Dict):
                    return [_row(names, row) for row in rows.values if isinstance(row, ast.Tuple)]
    return [{}]


def _row(names: Sequence[ast.expr], row: ast.Tuple) -> dict[str, ast.expr]:
    return {one.id: value for one, value in zip(names, row.elts, strict=True) if isinstance(one, ast.Name)}


def maker_of(module: Module, call: ast.Call) -> Maker | None:
    """Finds what a call makes errors with; None when it makes none."""
    match call.func:
        case ast.Name(id=name):
            source, attribute = module.imports.get(name, (module.name, name))
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in module.imports:
            source = ".".join(module.imports[name])
        case _:
            return None
    made = modules()[source].makers.get(attribute) if source in modules() else None
    return made or SEEDS.get(attribute)


def told_in(module: Module) -> Iterator[Told]:
    """Finds what a module can answer; notes its functions that hand a reason on."""
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in [module.tree, *functions]:
        for call in _calls(function):
            made = maker_of(module, call)
            for choice in choices(module, function) if made else []:
                told = _told(made, call, Scope(module, function, call.lineno, choice), module) if made else None
                if told and _hands_on(function, told):
                    told_by = Maker(parameters_of(function), told.code, told.reason, told.message, told.detail)
                    module.makers.setdefault(function.name, told_by)
                elif told and UPPER.fullmatch(told.reason):
                    yield told


def _hands_on(function: ast.AST, told: Told) -> TypeGuard[ast.FunctionDef]:
    open_ended = "\0" in told.reason or mark("rule") in told.message
    return open_ended and isinstance(function, ast.FunctionDef)


def _calls(function: ast.AST) -> list[ast.Call]:
    if isinstance(function, ast.Module):
        roots: list[ast.AST] = [node for node in function.body if isinstance(node, ast.Assign)]
    else:
        roots = [function]
    return [node for root in roots for node in ast.walk(root) if isinstance(node, ast.Call)]


def _told(made: Maker, call: ast.Call, scope: Scope, module: Module) -> Told:
    values = dict(zip(made.parameters, map(scope.text, call.args), strict=False))
    values |= {one.arg: scope.text(one.value) for one in call.keywords if one.arg}
    code, reason, message = (_filled(text, values) for text in (made.code, made.reason, made.message))
    return Told(reason, code, module.name.removeprefix("lienthong."), message, made.detail)


def _filled(template: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, _, change = found[1].partition("|")
        text = values.get(name, "")
        return text.upper() if change and "\0" not in text else text

    return re.sub("\0(.+?)\0", value, template)


@cache
def told() -> tuple[Told, ...]:
    """Finds every reason that the code makes, until no further function is found that hands one on."""
    known = -1
    found: set[Told] = set()
    while known != (known := sum(len(module.makers) for module in modules().values())):
        found = {one for module in modules().values() if module.name != READS_ERRORS for one in told_in(module)}
    said = {(one.reason, one.place) for one in found if not one.detail}
    return tuple(sorted(one for one in found if not one.detail or (one.reason, one.place) not in said))
