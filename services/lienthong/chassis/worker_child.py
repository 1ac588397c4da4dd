"""The child's side of :mod:`lienthong.chassis.workers`: one process, one job at a time.

Started as ``python -m lienthong.chassis.worker_child``. Before anything of the job's code is imported the
child

* asks the kernel to kill it when its parent dies (PR_SET_PDEATHSIG), and checks that this has not happened
already;
* ignores SIGINT, SIGTERM and SIGHUP: a Ctrl-C, a container's stop or the end of a terminal reaches the whole process
  group, and the parent decides when its children end;
* limits its own memory (RLIMIT_AS) and writes no core file, which would hold the content of documents;
* moves the pipes of the protocol away from descriptors 0 and 1, so that a library that prints cannot
disturb them.

Frames on both pipes: length (4 bytes, big-endian), then JSON in UTF-8. JSON and not pickle, because the
child reads hostile files: whoever takes it over must not be able to run code in the parent.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LENGTH = struct.Struct(">I")
LARGEST_FRAME = 64 * 1024 * 1024
"""Bytes. A report has some KiB; configurations carry certificates and revocation lists."""
_PR_SET_PDEATHSIG = 1
_CANNOT_START = 3


_OUT_OF_MEMORY = {"out_of_memory": True}


def write_frame(stream: BinaryIO, message: object) -> None:
    """Write one JSON message; raises OSError when the other side has gone."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> Any:
    """Read one JSON message; None when the other side closed the pipe between two messages or inside one."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return json.loads(body) if len(body) == length else None


def main() -> int:
    """Run jobs until the parent closes the pipe; return the exit status."""
    incoming, outgoing = _take_pipes()
    settings = read_frame(incoming)
    if settings is None or not _tie_to_parent(settings["parent"]):
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        job = _prepare(settings)
    # Whatever the job's own code raises while it starts is the parent's to report.
    except Exception as error:  # noqa: BLE001
        write_frame(outgoing, {"cannot_start": f"{type(error).__name__}: {error}"})
        return _CANNOT_START
    write_frame(outgoing, {"ready": os.getpid()})
    _serve(job, incoming, outgoing)
    return 0


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return incoming, outgoing


def _tie_to_parent(parent: int) -> bool:
    """Die with the parent; return False when it is dead already and another process took its place."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    return os.getppid() == parent


def _prepare(settings: Mapping[str, Any]) -> Callable[[Any], Any]:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = settings["factory"].partition(":")
    job: Callable[[Any], Any] = getattr(importlib.import_module(module), name)(settings["config"])
    limit = settings["memory_limit_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return job


def _serve(job: Callable[[Any], Any], incoming: BinaryIO, outgoing: BinaryIO) -> None:
    try:
        while (request := read_frame(incoming)) is not None:
            write_frame(outgoing, _answer(job, request["job"]))
    except MemoryError:
        # Not even the message had room. What is left of it makes no sense any more.
        write_frame(outgoing, _OUT_OF_MEMORY)


def _answer(job: Callable[[Any], Any], payload: object) -> dict[str, Any]:
    try:
        return {"result": job(payload)}
    except MemoryError:
        # The interpreter may be short of memory for good now; the parent replaces this child.
        return _OUT_OF_MEMORY
    # The caller's exception must reach the caller, whatever it is.
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.exit(main())
