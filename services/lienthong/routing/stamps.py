"""Times set into messages."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from lienthong.chassis.times import to_micros

_SECOND = 1_000_000


def stamp(field: Timestamp, moment: datetime | int) -> None:
    """Sets a field to a time, or to microseconds since 1970."""
    micros = moment if isinstance(moment, int) else to_micros(moment)
    field.seconds, field.nanos = micros // _SECOND, micros % _SECOND * 1000
