"""Lists of what was sent are read along an index, and find what they found without one."""

from datetime import date
from typing import Any

import pytest
from google.type.date_pb2 import Date
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.plans import plans_of

from lienthong.chassis.text import words
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import VPCP, ServiceBench

from .test_submit import submission

FILTERS = (
    "",
    'number = "7816"',
    'notation = "VPCP-TTĐT"',
    'notation = "TB-TƯ"',
    'document_id = "x"',
    'promulgation_date = "2026-11-22"',
    'subject : "ket noi"',
    'subject : "ket noi" AND number = "7816"',
)
SUBJECTS = ("Kế hoạch", "Kế hoạch đào tạo", "Báo cáo kết quả", "Đào tạo", "")
NUMBERS = ("1", "2")
DAYS = (date(2025, 1, 1), date(2026, 1, 1), date(2026, 6, 1))


def listed(intake: ServiceBench, condition: str, **more: Any) -> Any:
    """Lists what VPCP sent."""
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/ListDocuments")
    return intake.api("Intake").list_documents(pb.ListDocumentsRequest(filter=condition, **more), call)


def send(intake: ServiceBench, place: int, **more: Any) -> None:
    """Sends a document."""
    request = submission(f"key-{place}", document_id=f"doc-{place}", **more)
    intake.api("Intake").submit_document(request, intake.call(VPCP, "lienthong.intake.v1.Intake/SubmitDocument"))


@pytest.mark.parametrize("condition", FILTERS)
def test_lists_are_read_along_an_index(intake: ServiceBench, condition: str) -> None:
    """Whatever is asked for, no table is read as a whole, and nothing but the documents of one page is sorted."""
    send(intake, 1)
    plans = plans_of(intake.context.database, lambda: listed(intake, condition))
    assert plans.lines
    assert not plans.scans
    assert len(plans.sorts) <= (condition == 'subject : "ket noi"')


@pytest.fixture
def shelf(intake: ServiceBench) -> list[dict[str, Any]]:
    """Documents of every subject, number and day."""
    sent: list[dict[str, Any]] = []
    for subject in SUBJECTS:
        for number in NUMBERS:
            for day in DAYS:
                send(
                    intake,
                    len(sent),
                    subject=subject,
                    number=number,
                    promulgation_date=Date(year=day.year, month=day.month, day=day.day),
                )
                sent.append({"subject": set(words(subject)), "number": number, "day": day.isoformat()})
    return sent


CONDITIONS = st.lists(
    st.one_of(
        st.tuples(st.just("subject"), st.just(":"), st.sampled_from(["ke hoach", "dao tao", "bao cao", "tao"])),
        st.tuples(st.just("number"), st.sampled_from(["=", "!="]), st.sampled_from(NUMBERS)),
        st.tuples(st.just("day"), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(DAYS)),
    ),
    max_size=3,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONDITIONS, st.integers(1, 7))
def test_lists_find_what_holds(
    intake: ServiceBench, shelf: list[dict[str, Any]], conditions: list[tuple[str, str, Any]], size: int
) -> None:
    """Whatever way an index leads, a list holds what its filter says, newest first, page by page, each once."""
    text = " AND ".join(
        f'{"promulgation_date" if name == "day" else name} {operator} "{value}"' for name, operator, value in conditions
    )
    wanted = [f"doc-{place}" for place, one in enumerate(shelf) if all(_holds(one, *each) for each in conditions)]
    found: list[str] = []
    token = ""
    while True:
        answer = listed(intake, text, page_size=size, page_token=token)
        found += [one.header.document_id for one in answer.documents]
        token = answer.next_page_token
        if not token:
            break
    assert found == wanted[::-1]


def _holds(one: dict[str, Any], name: str, operator: str, value: Any) -> bool:
    if name == "subject":
        return bool(set(words(value)) <= one["subject"])
    held, asked = str(one[name]), str(value)
    return {
        "=": held == asked,
        "!=": held != asked,
        "<": held < asked,
        "<=": held <= asked,
        ">": held > asked,
        ">=": held >= asked,
    }[operator]
