"""What a failure speaks of."""

from lienthong.notification.domain import Kind, NoticeFacts, render
from lienthong.notification.domain.notices import Channel, endpoint_of


def test_an_endpoint_is_a_host_as_one_agency_sees_it() -> None:
    """Paths of one host share an endpoint, agencies do not; mail is counted by the recipient's domain."""
    first = endpoint_of("a", Channel.WEBHOOK, "https://DMS.gov.vn:8443/hook?x=1")
    assert first == endpoint_of("a", Channel.WEBHOOK, "https://dms.gov.vn:8443/other") == "a dms.gov.vn:8443"
    assert first != endpoint_of("b", Channel.WEBHOOK, "https://dms.gov.vn:8443/hook")
    assert endpoint_of("a", Channel.EMAIL, "vanthu@HCMC.gov.vn") == "a hcmc.gov.vn"
    assert endpoint_of("a", Channel.IN_APP, "") == ""


def test_a_completed_task_tells_its_result() -> None:
    """The result of a task stands in the notice under a name of its own, in both languages."""
    facts = NoticeFacts(Kind.TASK_COMPLETED, code="12/VPCP", result="Đã trình ký")
    assert "Kết quả: Đã trình ký" in render(facts).text
    assert "Result: Đã trình ký" in render(facts, "en").text
