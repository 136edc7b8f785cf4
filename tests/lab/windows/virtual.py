"""Simulations in virtual time: a loop of their own, on which waiting costs nothing and there is no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lab.clock import VirtualClock, VirtualLoop
from lab.windows.host import WindowsHost

T = TypeVar("T")


def in_virtual_time(work: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run ``work`` on a virtual loop of its own, with that loop's clock; what still runs at its end is ended."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work(VirtualClock(loop)))
    finally:
        loop.run_until_complete(_end_the_rest())
        loop.close()


async def _end_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def on_host(make: Callable[[VirtualClock], WindowsHost], test: Callable[[WindowsHost], Coroutine[Any, Any, T]]) -> T:
    """Boot the host that ``make`` gives, run ``test`` on it in virtual time, and switch it off."""

    async def work(clock: VirtualClock) -> T:
        host = make(clock)
        await host.boot_without_network()
        try:
            return await test(host)
        finally:
            await host.stop()

    return in_virtual_time(work)
