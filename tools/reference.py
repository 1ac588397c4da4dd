"""Writes the generated pages under `docs/reference`; with `--check` tells which of them are out of date.

Each page has one source: the configuration models, the protos with their comments, the lifecycle's data, the errors
that the code makes, the policy table, the metrics of an assembled platform, the command line.
"""

import ast
import operator
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "services"
PAGES = ROOT / "docs" / "reference"
REGISTRY = PAGES / "telemetry.yaml"
COMMAND = "make reference"
UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class ContradictionError(Exception):
    """A page cannot be made: two of its sources contradict each other."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Makes a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell_of(cell) for cell in line)} |\n" for line in lines)


def cell_of(text: str) -> str:
    """Makes a text fit for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def page(title: str, source: str, *parts: str) -> str:
    """Makes a page with its title and the word where it comes from."""
    note = f"<!-- Written by `{COMMAND}` from {source}. Changes belong there. -->"
    return "\n".join([f"# {title}\n", f"{note}\n", *parts])


# Configuration


def config_page() -> str:
    """Lists every setting."""
    from lienthong.settings import Settings

    intro = (
        "Defaults, then the YAML file of `--config`, then the environment, then options of the command line: what "
        "comes later wins. Unknown keys are refused. Values in the environment are YAML, "
        "so a list is `[a, b]`. `lienthong config show --diff` prints what differs from the defaults.\n"
    )
    top: list[Sequence[str]] = []
    sections: list[str] = []
    for name, setting in Settings.model_fields.items():
        inner: Mapping[str, Any] | None = getattr(setting.annotation, "model_fields", None)
        if inner:
            rows = [_setting(name, key, one) for key, one in inner.items()]
            sections.append(f"## {name}\n\n{setting.description}\n\n{table(_CONFIG_HEAD, rows)}")
        else:
            top.append(_setting("", name, setting))
    head = f"## Top level\n\n{table(_CONFIG_HEAD, top)}"
    return page("Configuration", "the models that `lienthong.settings` gathers", intro, head, *sections)


_CONFIG_HEAD = ("Setting", "Type", "Default", "Bounds", "Environment", "What it does")


def _setting(section: str, name: str, setting: Any) -> tuple[str, ...]:
    variable = "LIENTHONG_" + "__".join(part.upper() for part in (section, name) if part)
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


# Contracts


@cache
def contracts() -> Any:
    """Compiles the protos, with their comments, to a descriptor set."""
    sys.path.insert(0, str(ROOT))
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from tools.protos import PROTOS, googleapis, well_known

    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    folders = [f"-I{folder}" for folder in (PROTOS, googleapis(), well_known())]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "set"
        command = [sys.executable, "-m", "grpc_tools.protoc", *folders, f"--descriptor_set_out={target}"]
        subprocess.run([*command, "--include_source_info", *sources], check=True)  # noqa: S603 -- own compiler
        return FileDescriptorSet.FromString(target.read_bytes())


def api_page() -> str:
    """Lists services, their calls, and the messages of each contract."""
    files = sorted(contracts().file, key=lambda file: (not file.service, "google" in file.package, file.name))
    parts = [_contract(file) for file in files]
    names = [f"- [{one.name}](#{slug(f'{file.package}.{one.name}')})" for file in files for one in file.service]
    intro = (
        "Every call speaks TLS with a client certificate. Who may call what stands in [policy.md](policy.md), what\n"
    )
    intro += "can go wrong in [errors.md](errors.md). Fields marked *required* are refused when absent.\n"
    return page("Calls and messages", "`protos/`", intro, "\n".join(names) + "\n", *parts)


def slug(heading: str) -> str:
    """Gives the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def comments_of(file: Any) -> dict[tuple[int, ...], str]:
    """Gives the comments of a proto file by the place of what they stand at."""
    return {
        tuple(one.path): " ".join(one.leading_comments.split())
        for one in file.source_code_info.location
        if one.leading_comments
    }


def _contract(file: Any) -> str:
    said = comments_of(file)
    parts = [f"## {file.name}\n\n{said.get((2,), '')}\n"]
    parts += [_service(file.package, one, said, (6, at)) for at, one in enumerate(file.service)]
    parts += [_message(file.package, one, said, (4, at)) for at, one in enumerate(file.message_type)]
    parts += [_enum(file.package, one, said, (5, at)) for at, one in enumerate(file.enum_type)]
    return "\n".join(parts)


def _service(package: str, service: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    parts = [f"### {package}.{service.name}\n\n{said.get(place, '')}\n"]
    for at, method in enumerate(service.method):
        takes = f"{'stream of ' * method.client_streaming}{_type_link(method.input_type)}"
        gives = f"{'stream of ' * method.server_streaming}{_type_link(method.output_type)}"
        comment = said.get((*place, 2, at), "")
        parts.append(f"#### {service.name}.{method.name}\n\n{comment}\n\n{takes} → {gives}\n")
    return "\n".join(parts)


def _message(package: str, message: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    entries = {f".{package}.{message.name}.{one.name}": one for one in message.nested_type if one.options.map_entry}
    rows = [
        (one.name, str(one.number), _field_type(one, entries), _required(one) + said.get((*place, 2, at), ""))
        for at, one in enumerate(message.field)
    ]
    fields = table(("Field", "Number", "Type", "Meaning"), rows) if rows else "No fields.\n"
    return f"#### {package}.{message.name}\n\n{said.get(place, '')}\n\n{fields}"


def _enum(package: str, enum: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    rows = [(one.name, str(one.number), said.get((*place, 2, at), "")) for at, one in enumerate(enum.value)]
    return f"#### {package}.{enum.name}\n\n{said.get(place, '')}\n\n{table(('Value', 'Number', 'Meaning'), rows)}"


def _field_type(one: Any, entries: Mapping[str, Any]) -> str:
    if one.type_name in entries:
        key, value = entries[one.type_name].field
        return f"map of {_field_type(key, {})} to {_field_type(value, {})}"
    name = _type_link(one.type_name) if one.type_name else one.Type.Name(one.type).removeprefix("TYPE_").lower()
    return f"repeated {name}" if one.label == one.LABEL_REPEATED else name


def _type_link(full: str) -> str:
    name = full.removeprefix(".")
    if name.startswith("google.") and not name.startswith("google.bytestream"):
        return name
    return f"[{name.rpartition('.')[2]}](#{slug(name)})"


def _required(one: Any) -> str:
    from google.api import field_behavior_pb2 as behaviour

    return "*Required.* " if behaviour.REQUIRED in one.options.Extensions[behaviour.field_behavior] else ""


# Lifecycle, policy, command line


def lifecycle_page() -> str:
    """Lists the rules that decide what an event does to a delivery."""
    from lienthong.workflow.domain import lifecycle_table
    from lienthong.workflow.domain.rules import PRECEDENCE

    first = ", ".join(str(number) for number in PRECEDENCE)
    intro = (
        f"The first rule that matches decides; rules {first} are looked at before the others. `by` is who reports.\n"
        "APPLIED changes the delivery, HISTORY is kept and changes nothing, CONFLICT is kept and alarms both sides,\n"
        "FORWARDED goes to the service that decides it.\n"
    )
    return page("Lifecycle of a delivery", "`lienthong.workflow.domain.rules`", intro, lifecycle_table())


def policy_page() -> str:
    """Lists who may call what."""
    from lienthong.chassis.auth.policy import policy

    services: dict[str, list[tuple[str, ...]]] = {}
    for name, row in policy().items():
        service, _, method = name.partition("/")
        roles = ", ".join(sorted(role.name.lower().removesuffix("_system") for role in row.roles))
        change = "yes" if row.mutation else ""
        services.setdefault(service, []).append((method, roles, row.resource.value.replace("_", " "), change))
    intro = (
        "A call without a row cannot be served. `Whose` says whose the named thing must be: `own` of the caller's\n"
        "agency, `sent` and `received` of documents that it sent or received, `platform` of the installation.\n"
        "What is somebody else's is NOT_FOUND. An operator runs the platform and reads no content.\n"
    )
    head = ("Call", "Roles", "Whose", "Changes something")
    parts = [f"## {service}\n\n{table(head, rows)}" for service, rows in services.items()]
    return page("Who may call what", "`lienthong/chassis/auth/policy.yaml`", intro, *parts)


def cli_page() -> str:
    """Lists the commands with their arguments and options."""
    from typer.main import get_command

    from lienthong.cli.main import app

    command: Any = get_command(app)
    codes = f"{command.epilog}\n"
    return page("Command line", "the commands of `lienthong.cli`", command.help + "\n", codes, *_commands("", command))


def _commands(path: str, group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield f"## {full}\n\n{command.help}\n"
            yield from _commands(full, command)
        else:
            level = "###" if path else "##"
            yield f"{level} {full}\n\n{_usage(full, command)}"


def _usage(full: str, command: Any) -> str:
    shown = [one for one in command.params if not one.hidden]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    words = " ".join(_word(one) for one in arguments)
    options = [one for one in shown if one.param_type_name == "option"]
    rows = [(", ".join(f"`{name}`" for name in one.opts), _option_text(one)) for one in options]
    text = " ".join((command.help or "").split())
    return (
        f"`lienthong {full} {words}".strip() + f"`\n\n{text}\n\n" + (table(("Option", "Meaning"), rows) if rows else "")
    )


def _word(one: Any) -> str:
    word = one.name.upper() + "..." * bool(one.nargs == -1)
    return word if one.required else f"[{word}]"


def _option_text(one: Any) -> str:
    notes = ["Required."] * bool(one.required)
    notes += [f"Default `{one.default}`."] * (isinstance(one.default, str | int | float) and one.default not in {"", 0})
    notes += [f"Environment `{one.envvar}`."] * bool(one.envvar)
    return " ".join([one.help or "", *notes])


# Errors


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
    "park": Maker(("work", "item", "reason", "detail"), "item", mark("reason"), mark("detail")),
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


def reasons() -> frozenset[str]:
    """Gives every reason that the page of errors lists."""
    return frozenset(re.findall(r"^\| `([A-Z0-9_]+)` \|", errors_page(), re.MULTILINE))


def errors_page() -> str:
    """Lists every reason that a caller can meet."""
    from lienthong.edxml import Reason
    from lienthong.edxml.problems import problem
    from lienthong.workflow.domain.rules import RULES
    from lienthong.workflow.domain.tasks import REMEDIES, TaskProblem

    calls = [one for one in told() if one.code not in {"delivery", "item"}]
    codec = [(f"`{one.value}`", f"{problem(one, '').rule}. {problem(one, '').remedy}.") for one in Reason]
    tasks = [(f"`{one.value}`", _task_code(one.value), REMEDIES[one]) for one in TaskProblem]
    alerts = sorted((f"`{rule.alert}`", f"rule {rule.number}: {rule.meaning}") for rule in RULES if rule.alert)
    kept = [_short(one) for one in told() if one.code in {"delivery", "item"}]
    return page(
        "Reasons of errors",
        "the code that makes them",
        _ERRORS_INTRO,
        "## Calls\n\n" + table(("Reason", "Code", "What is said", "Made in"), _gathered(calls)),
        "## Tasks\n\n" + table(("Reason", "Code", "What is said"), tasks),
        "## edXML files that are refused\n\nCode INVALID_ARGUMENT, each with line and column.\n\n"
        + table(("Reason", "Rule and remedy"), codec),
        "## Deliveries that fail, items that are parked\n\n" + table(("Reason", "What is said", "Made in"), kept),
        "## Made by the client library itself\n\n" + table(("Reason", "Code", "When"), _CLIENT),
        "## Alerts on cases\n\n" + table(("Reason", "Lifecycle"), alerts),
    )


_ERRORS_INTRO = (
    "An error carries `google.rpc.Status` with one `ErrorInfo` (domain `lienthong.gov.vn`, the reason, facts), a\n"
    "`BadRequest` with every field that is wrong, and a `RetryInfo` when trying again helps. Programs look at the\n"
    "code and the reason; sentences are for people and may change. Words in braces are filled in.\n"
)


_CLIENT = (
    ("`AXIS_UNREACHABLE`", "UNAVAILABLE", "nothing answers at the address, or the other side is not who it should be"),
    ("`DEADLINE_EXCEEDED`", "DEADLINE_EXCEEDED", "no answer came in time; the call may have taken effect"),
    ("`CLIENT_ERROR`", "INTERNAL", "gRPC failed before a call was made"),
)


def _task_code(reason: str) -> str:
    return "INVALID_ARGUMENT" if reason == "ASSIGNEE_REQUIRED" else "FAILED_PRECONDITION"


def _gathered(found: Iterable[Told]) -> list[tuple[str, str, str, str]]:
    by_reason: dict[str, list[Told]] = {}
    for one in found:
        by_reason.setdefault(one.reason, []).append(one)
    return [
        (
            f"`{reason}`",
            _each(one.code for one in rows),
            _each(map(_sentence, rows)),
            _each(f"`{one.place}`" for one in rows),
        )
        for reason, rows in by_reason.items()
    ]


def _each(texts: Iterable[str]) -> str:
    return "<br>".join(dict.fromkeys(text for text in texts if text))


def _short(one: Told) -> tuple[str, str, str]:
    return f"`{one.reason}`", _sentence(one), f"`{one.place}`"


def _sentence(one: Told) -> str:
    text = re.sub("\0(.+?)\0", r"{\1}", one.message).strip()
    text = re.sub(r"\.( \.|\.)+", ".", text).removesuffix(" .")
    return text if not text or text.endswith((".", "}")) else f"{text}."


# Telemetry


def telemetry_page() -> str:
    """Lists the metrics of the registry.

    Raises:
        ContradictionError: An assembled platform exposes others.
    """
    registry = yaml.safe_load(REGISTRY.read_text("utf-8"))["metrics"]
    _compare({one["name"]: (one["kind"], frozenset(one["labels"])) for one in registry}, exposed())
    parts = [
        f"## {one['name']}\n\n{one['meaning']}\n\n"
        + table(("Kind", "Unit"), [(one["kind"], one["unit"])])
        + (
            "\n" + table(("Label", "Meaning"), [(f"`{k}`", v) for k, v in one["labels"].items()])
            if one["labels"]
            else ""
        )
        for one in registry
    ]
    intro = "Served for Prometheus at `server.metrics`, by default http://127.0.0.1:7464/metrics.\n"
    return page("Metrics", "`docs/reference/telemetry.yaml`, compared with an assembled platform", intro, *parts)


def exposed() -> dict[str, tuple[str, frozenset[str]]]:
    """Assembles a platform, without serving, and tells each metric with its kind and labels."""
    from lienthong.app import Platform
    from lienthong.chassis import logging
    from lienthong.settings import Settings

    logging.configure("ERROR", "text")
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Settings(data_dir=Path(folder)))
        try:
            return dict(_metrics(platform.metrics.registry))
        finally:
            platform._close()  # noqa: SLF001 -- never served, so nothing drains


def _metrics(registry: Any) -> Iterator[tuple[str, tuple[str, frozenset[str]]]]:
    labels = operator.attrgetter("_labelnames")
    for collector in operator.attrgetter("_collector_to_names")(registry):
        for one in collector.describe():
            owner = collector if hasattr(collector, "_labelnames") else one
            name = f"{one.name}_total" if one.type == "counter" else one.name
            yield name, (one.type, frozenset(labels(owner)))


def _compare(registry: Mapping[str, object], found: Mapping[str, object]) -> None:
    wrong = [f"{name} is exposed and not registered" for name in sorted(found.keys() - registry.keys())]
    wrong += [f"{name} is registered and not exposed" for name in sorted(registry.keys() - found.keys())]
    both = sorted(found.keys() & registry.keys())
    wrong += [
        f"{name} is {found[name]}, registered as {registry[name]}" for name in both if found[name] != registry[name]
    ]
    if wrong:
        raise ContradictionError(
            f"{REGISTRY.relative_to(ROOT)}: {'; '.join(wrong)}. Correct the registry, then {COMMAND}."
        )


# Writing and checking

MAKERS: Mapping[str, Callable[[], str]] = {
    "api.md": api_page,
    "cli.md": cli_page,
    "config.md": config_page,
    "errors.md": errors_page,
    "lifecycle.md": lifecycle_page,
    "policy.md": policy_page,
    "telemetry.md": telemetry_page,
}


def differing() -> list[str]:
    """Tells the pages that are not what would be written."""
    return [name for name, make in MAKERS.items() if not _same(PAGES / name, make())]


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text


def main(arguments: Sequence[str]) -> int:
    """Writes the pages, or checks them; gives the exit code."""
    try:
        old = differing()
    except ContradictionError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in arguments:
        for name in old:
            (PAGES / name).write_text(MAKERS[name](), "utf-8")
            print(f"wrote {(PAGES / name).relative_to(ROOT)}")
        return 0
    for name in old:
        print(f"{(PAGES / name).relative_to(ROOT)} is out of date: run `{COMMAND}` and commit it", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
