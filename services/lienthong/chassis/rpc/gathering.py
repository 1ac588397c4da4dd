"""Small messages of an upload, joined: each turn of a thread costs the same for a few bytes as for many."""

from collections.abc import Sequence

from google.bytestream import bytestream_pb2 as pb


class Gathering:
    """Joins messages that follow on; ask for the `rest` when a stream ends."""

    def __init__(self, most: int) -> None:
        """Holds back less than `most` bytes."""
        self._most = most
        self._begin = 0
        self._data = bytearray()

    def add(self, request: pb.WriteRequest) -> Sequence[pb.WriteRequest]:
        """Takes a message; gives those that are to be taken now, in order.

        Whatever does not follow on is given as it is, behind what was held back.
        """
        if request.write_offset != self._begin + len(self._data):
            held = self.rest()
            self._begin = request.write_offset + len(request.data)
            return [*held, request]
        self._data += request.data
        if request.finish_write or len(self._data) >= self._most:
            return self._give(finish=request.finish_write)
        return []

    def rest(self) -> Sequence[pb.WriteRequest]:
        """Gives what was held back, when no more comes."""
        return self._give(finish=False) if self._data else []

    def _give(self, *, finish: bool) -> list[pb.WriteRequest]:
        joined = pb.WriteRequest(write_offset=self._begin, data=bytes(self._data), finish_write=finish)
        self._begin += len(self._data)
        self._data.clear()
        return [joined]
