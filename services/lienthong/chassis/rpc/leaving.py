"""Work that goes on when whoever waits for it leaves."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def outlasting(work: "asyncio.Future[Result] | Coroutine[Any, Any, Result]") -> Result:
    """Waits for work that is not cancelled with its caller; what it raises then is nobody's, and no defect."""
    future = asyncio.ensure_future(work)
    future.add_done_callback(_heard)
    return await asyncio.shield(future)


def _heard(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
