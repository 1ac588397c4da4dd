"""The page of error reasons."""

import re
from collections.abc import Iterable

from tools.reference.common import page, table
from tools.reference.reasons import Told, told

from lienthong.client.errors import MESSAGE_BYTES_AT_MOST


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
    "code and the reason; sentences are for people and may change. Words in braces are filled in.\n\n"
    f"A message has at most {MESSAGE_BYTES_AT_MOST:,} bytes. gRPC itself refuses a longer one, before the axis sees\n"
    "it: RESOURCE_EXHAUSTED with the words `larger than max`, and no `ErrorInfo`. Trying again changes nothing.\n"
    "Content goes by an upload (`CreateUpload`, then `ByteStream.Write`), at any size; the client library says\n"
    "`MESSAGE_TOO_LARGE`.\n"
)


_CLIENT = (
    ("`AXIS_UNREACHABLE`", "UNAVAILABLE", "nothing answers at the address, or the other side is not who it should be"),
    ("`DEADLINE_EXCEEDED`", "DEADLINE_EXCEEDED", "no answer came in time; the call may have taken effect"),
    (
        "`MESSAGE_TOO_LARGE`",
        "INVALID_ARGUMENT",
        "a request or an answer is longer than gRPC carries; use an upload, ask for less",
    ),
    ("`CLIENT_ERROR`", "INTERNAL", "gRPC failed before a call was made"),
    (
        "`CONTEXT_NAME_INVALID`",
        "INVALID_ARGUMENT",
        "of the name of new credentials no file can be made; give one of letters, digits, dots, dashes and underscores",
    ),
    (
        "`CREDENTIALS_EXIST`",
        "ALREADY_EXISTS",
        "files of that name are there, and another system may use them; choose another name, or renew that system",
    ),
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


def reasons() -> frozenset[str]:
    """Gives every reason that the page of errors lists."""
    return frozenset(re.findall(r"^\| `([A-Z0-9_]+)` \|", errors_page(), re.MULTILINE))
