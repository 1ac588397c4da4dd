"""Calls that have one answer: each is served in a thread of a bounded pool, in its caller's turn."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from lienthong.chassis import failpoints
from lienthong.chassis.auth.policy import Row
from lienthong.chassis.errors import AxisError
from lienthong.chassis.logging import bound
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.races import again
from lienthong.chassis.rpc.admission import (
    Admission,
    Context,
    Metadata,
    abort,
    facts_of,
    guarded,
    system_of,
)
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.fairness import FairPool
from lienthong.chassis.tracing import HEADER, SERVER, trace_of, tracing

Action = Callable[[Any, Call], Message]


class Unaries:
    """All calls of a server that have one answer."""

    def __init__(self, pool: FairPool, metrics: Metrics) -> None:
        self._pool = pool
        self._metrics = metrics

    def handler(self, row: Row, action: Action, admission: Admission) -> Callable[[Any, Any], Awaitable[bytes]]:
        """Makes the handler of one rpc: admits, acts, counts, and tells what went wrong."""

        async def handle(request: bytes, context: Context) -> bytes:
            begun = time.perf_counter()
            outcome = "OK"
            certificate, metadata = facts_of(context)
            try:
                arguments = (row, action, admission, request, certificate, metadata)
                return await self._pool.run(system_of(certificate), self._serve, *arguments)
            except AxisError as error:
                outcome = error.code.name
                admission.tell_refusal(row.method, error, certificate, metadata)
                await abort(context, error)
                raise
            except asyncio.CancelledError:
                outcome = "CANCELLED"
                raise
            finally:
                self._metrics.called(row.method, outcome, time.perf_counter() - begun)

        return handle

    def _serve(
        self,
        row: Row,
        action: Action,
        admission: Admission,
        request: bytes,
        certificate: bytes | None,
        metadata: Metadata,
    ) -> bytes:
        begun = time.thread_time()

        def serve(traceparent: str) -> bytes:
            call = admission.admit(row, certificate, metadata, traceparent)
            with bound(agency=call.caller.scope, system=call.caller.system.id, trace=trace_of(traceparent)):
                answer = action(request, call).SerializeToString()
            failpoints.reach("rpc.before-answer")
            return answer

        try:
            with tracing.span(row.method, metadata.get(HEADER, ""), SERVER) as traceparent:
                return guarded(row.method, lambda: again(lambda: serve(traceparent)))
        finally:
            self._metrics.worked(row.method, time.thread_time() - begun)
