"""What doctor makes of a question that was refused."""

import pytest

from lienthong.chassis.engines.kafka.connection import forbidden
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.cli.findings import refused
from lienthong.client.errors import from_axis_error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (AxisError(Code.PERMISSION_DENIED, "ROLE_NEEDED", "Only operators may ask this."), "--as operator"),
        (forbidden(KafkaSection(), "group intake"), "lienthong topics rights"),
    ],
)
def test_who_may_not_is_told_apart(error: AxisError, remedy: str) -> None:
    """Where the brokers do not let a service, no other context helps."""
    assert remedy in refused("intake: lag", from_axis_error(error)).remedy
