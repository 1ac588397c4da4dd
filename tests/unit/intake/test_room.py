"""How much the uploads of one agency may hold while their bytes come in."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.intake.test_submit import file_of
from tests.unit.intake.test_uploads import DATA, dropped, handed_in, listed, opened, reason_of, uploaded

from lienthong.intake.component import build
from lienthong.intake.config import IntakeSection
from lienthong.testing.service import ServiceBench, service_bench


@pytest.fixture
def small(tmp_path: Path) -> ServiceBench:
    """Intake that holds a thousand bytes of uploads for each agency."""
    return service_bench(tmp_path, "intake", build, IntakeSection(upload_bytes_per_agency=1000))


@pytest.mark.parametrize("finish", [False, True], ids=["under way", "last"])
def test_bytes_that_were_not_announced_are_bounded(small: ServiceBench, *, finish: bool) -> None:
    """An upload without an announced length finds room for its bytes as they come; what was durable stays."""
    other = uploaded(small, DATA[:300], "other")
    sink = opened(small)
    sink.write(0, DATA[:700])
    assert sink.flush(finish=False) == 700
    sink.write(700, DATA[700:701])
    assert reason_of(lambda: sink.flush(finish=finish)) == "UPLOADS_TOO_LARGE"
    sink.close()
    assert (listed(small)[0].committed_size, listed(small)[0].complete) == (700, False)
    name = listed(small)[0].name
    dropped(small, other, "drop")
    with closing(opened(small)) as again:
        assert again.committed == 700
        again.write(700, DATA[700:1000])
        assert again.flush(finish=True) == 1000
    assert [(one.name, one.complete) for one in listed(small)] == [(name, True)]


def test_bytes_that_were_announced_have_their_room(tmp_path: Path) -> None:
    """What was announced fits once it was opened, and a document makes room for the next without an announcement."""
    content = file_of()
    bench = service_bench(tmp_path, "intake", build, IntakeSection(upload_bytes_per_agency=len(content)))
    handed_in(bench, uploaded(bench, content, "announced"), typed=False)
    with closing(opened(bench)) as sink:
        sink.write(0, content, last=True)
        assert sink.flush(finish=True) == len(content)
