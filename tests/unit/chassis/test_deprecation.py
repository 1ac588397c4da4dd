"""Uses of what is deprecated are counted, whichever contract or setting says so; contracts made up here say it."""

from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from pydantic import Field

from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.checks import of_deprecated
from lienthong.chassis.config import Section, deprecated_keys
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.deprecation import noting

TEXT, MESSAGE, ENUM = (
    FieldDescriptorProto.TYPE_STRING,
    FieldDescriptorProto.TYPE_MESSAGE,
    FieldDescriptorProto.TYPE_ENUM,
)
MANY = FieldDescriptorProto.LABEL_REPEATED


@pytest.fixture
def service() -> Any:
    """A service with an old call, a call whose request has an old field, an old value within, and one with nothing."""
    file = FileDescriptorProto(name="made_up.proto", package="made.up", syntax="proto3")
    kind = file.enum_type.add(name="Kind")
    kind.value.add(name="KIND_UNSPECIFIED", number=0)
    kind.value.add(name="KIND_OLD", number=1).options.deprecated = True
    kind.value.add(name="KIND_NEW", number=2)
    part = file.message_type.add(name="Part")
    part.field.add(name="kind", number=1, type=ENUM, type_name=".made.up.Kind", label=MANY)
    part.field.add(name="parts", number=2, type=MESSAGE, type_name=".made.up.Part", label=MANY)
    request = file.message_type.add(name="Request")
    request.field.add(name="name", number=1, type=TEXT)
    request.field.add(name="title", number=2, type=TEXT).options.deprecated = True
    request.field.add(name="parts", number=3, type=MESSAGE, type_name=".made.up.Part", label=MANY)
    file.message_type.add(name="Plain").field.add(name="name", number=1, type=TEXT)
    service = file.service.add(name="Service")
    service.method.add(name="Do", input_type=".made.up.Request", output_type=".made.up.Plain")
    service.method.add(name="Undo", input_type=".made.up.Plain", output_type=".made.up.Plain").options.deprecated = True
    service.method.add(name="Look", input_type=".made.up.Plain", output_type=".made.up.Plain")
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("made.up.Service")


def used(service: Any, method: str, **fields: Any) -> dict[str, int]:
    """What is counted for two calls with a request."""
    metrics, descriptor = Metrics(), service.methods_by_name[method]
    request = GetMessageClass(descriptor.input_type)(**fields)
    note = noting(descriptor, metrics)
    for _ in range(2):
        note(request, Call(Caller(System("systems/one", "one", Role.OPERATOR)), "made.up.Service/Do"))
    return metrics.deprecated_uses()


def test_a_field_counts_when_it_is_given(service: Any) -> None:
    """A deprecated field counts once for each call that holds it, and not where it is empty."""
    assert used(service, "Do", name="new", title="old") == {"made.up.Request.title": 2}
    assert used(service, "Do", name="new") == {}


def test_a_value_counts_wherever_it_stands(service: Any) -> None:
    """A deprecated value counts once for each call, however deep and often it stands there; unknown numbers do not."""
    inner = {"kind": [1, 2, 1]}
    assert used(service, "Do", parts=[{"parts": [inner, inner]}]) == {"made.up.Kind.KIND_OLD": 2}
    assert used(service, "Do", parts=[{"kind": [2, 77]}]) == {}


def test_a_call_counts_by_itself(service: Any) -> None:
    """A deprecated call counts whatever it holds; one that is not, never."""
    assert used(service, "Undo") == {"made.up.Service.Undo": 2}
    assert used(service, "Look", name="x") == {}


class Inner(Section):
    """A part."""

    old: int = Field(1, deprecated="Give `new`.")
    new: int = Field(1)


class Whole(Section):
    """A configuration."""

    inner: Inner = Field(default_factory=Inner)
    gone: str = Field("", deprecated="Leave it out.")


def test_settings_count_when_they_are_given() -> None:
    """A deprecated setting is named by its path when somebody gives it, also with its default; else not."""
    assert deprecated_keys(Whole.model_validate({"inner": {"old": 1, "new": 2}, "gone": ""})) == ["gone", "inner.old"]
    assert deprecated_keys(Whole.model_validate({"inner": {"new": 2}})) == []


def test_doctor_is_told() -> None:
    """What is used is told with its number and where to read on; it is not wrong."""
    check = of_deprecated({"made.up.Request.title": 3})
    assert check.well
    assert "made.up.Request.title 3 times" in check.text
    assert check.advice
    assert not of_deprecated({}).advice
