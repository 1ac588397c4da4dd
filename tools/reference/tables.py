"""The pages of the lifecycle, of the policy, and of the command line."""

from collections.abc import Iterator
from typing import Any

from tools.reference.common import page, table


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
    rows = [(f"`{one.name.upper()}`", one.help) for one in arguments]
    rows += [(", ".join(f"`{name}`" for name in one.opts), _option_text(one)) for one in options]
    text = " ".join((command.help or "").split())
    return (
        f"`lienthong {full} {words}".strip()
        + f"`\n\n{text}\n\n"
        + (table(("Argument, option", "Meaning"), rows) if rows else "")
    )


def _word(one: Any) -> str:
    word = one.name.upper() + "..." * bool(one.nargs == -1)
    return word if one.required else f"[{word}]"


def _option_text(one: Any) -> str:
    notes = ["Required."] * bool(one.required)
    notes += [f"Default `{one.default}`."] * (isinstance(one.default, str | int | float) and one.default not in {"", 0})
    notes += [f"Environment `{one.envvar}`."] * bool(one.envvar)
    return " ".join([one.help or "", *notes])
