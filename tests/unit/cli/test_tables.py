"""Lists fit into any terminal: what matters most stays readable, nothing wraps, nothing is read as a mark."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lienthong.cli.tables import GAP, fit, table_of
from lienthong.common.v1 import lifecycle_pb2
from lienthong.terminal import progress_table
from lienthong.workflow.v1 import workflow_pb2 as pb

NAME = "documents/01a219b5-d093-7104-9660-c63393ee8629"
TITLES = ("document", "code", "subject", "to")
ROW = (NAME, "7816/VPCP-TTĐT", "V/v kết nối, liên thông phần mềm quản lý văn bản và điều hành", "H29")


def printed(thing: object, width: int) -> list[str]:
    """What a terminal of some width shows."""
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(thing)
    return stream.getvalue().splitlines()


def test_a_wide_terminal_shows_everything() -> None:
    """Names are whole and texts uncut where there is room."""
    found = fit(TITLES, [ROW], 200)
    assert found.rows == [list(ROW)]
    assert found.left_out == []


def test_names_become_short_first() -> None:
    """At 80 columns a name is its end, and the number of a document is whole."""
    found = fit(TITLES, [ROW], 80)
    assert found.rows[0][:2] == ["93ee8629", "7816/VPCP-TTĐT"]
    assert found.left_out == []


def test_the_last_columns_give_way() -> None:
    """Where even cutting does not help, the least important columns are left out and named."""
    found = fit(TITLES, [ROW], 40)
    assert found.titles == ["document", "code", "subject"]
    assert found.left_out == ["to"]


def test_columns_without_texts_are_left_away() -> None:
    """An empty column takes no room and is not missed."""
    found = fit(("a", "b", "c"), [("1", "", "3"), ("4", "", "")], 80)
    assert (found.titles, found.left_out) == (["a", "c"], [])


@given(
    st.lists(st.lists(st.text(max_size=60), min_size=4, max_size=4), min_size=1, max_size=4),
    st.integers(20, 200),
)
def test_no_line_is_longer_than_the_terminal(rows: list[list[str]], width: int) -> None:
    """Whatever stands in the cells, each row is one line that fits."""
    found = fit(TITLES, rows, width)
    if len(found.titles) > 1:
        assert sum(found.widths) + GAP * (len(found.widths) - 1) <= width
    assert all(len(row) == len(found.titles) for row in found.rows)
    assert not any("\n" in text for row in found.rows for text in row)


@pytest.mark.parametrize("text", ["[red]khẩn[/red]", "[/]", "[HỎA TỐC]", "\\[x"])
def test_texts_of_others_are_no_marks(text: str) -> None:
    """A subject or a note with brackets is shown as it was written, and breaks nothing."""
    assert text in "\n".join(printed(table_of(fit(("subject", "x"), [(text, "y")], 80)), 80))
    row = pb.RecipientProgress(display_name=text, note=text, state=lifecycle_pb2.DELIVERY_STATE_DONE)
    lines = printed(progress_table(pb.Progress(code="1", subject=text, recipients=[row])), 80)
    assert "\n".join(lines).count(text) >= 3


def test_progress_fits_into_eighty_columns() -> None:
    """The four steps of a recipient with a long name and a long wait stand on a terminal of 80 columns."""
    steps = [pb.StepProgress(step=number) for number in range(1, 5)]
    for step in steps:
        step.start_time.seconds = 1_800_000_000
        step.end_time.seconds = 1_800_300_000
        step.duration.seconds, step.working_duration.seconds = 300_000, 57_600
    row = pb.RecipientProgress(
        display_name="Ủy ban nhân dân Thành phố Hồ Chí Minh",
        state=lifecycle_pb2.DELIVERY_STATE_PROCESSING,
        steps=steps,
        overdue=True,
    )
    lines = printed(progress_table(pb.Progress(code="7816/VPCP-TTĐT", subject="V/v liên thông", recipients=[row])), 80)
    assert max(map(len, lines)) <= 80
    joined = "\n".join(lines)
    for words in ("Tiếp nhận", "Phân công", "Đang xử lý", "Hoàn thành", "83h20", "16h00 giờ HC", "quá hạn"):
        assert words in joined
