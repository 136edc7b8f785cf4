"""The AOS alone: how it misbehaves on the wire, and what it answers without any network."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from lab.aos import Aos
from lab.clock import Clock, VirtualClock
from lab.windows.misbehaviour import GARBAGE
from lab.windows.processes import ProcessTable
from lab.windows.virtual import in_virtual_time


def on_the_network(test: Callable[[Aos], Coroutine[Any, Any, None]]) -> None:
    """Run ``test`` with an AOS that is up and listens."""

    async def go() -> None:
        aos = Aos("127.0.0.1", 0, None, Clock(1000), ProcessTable(), lambda: "0")
        await aos.start()
        aos.service_running()
        aos.finish_loading()
        await aos.settle()
        try:
            await asyncio.wait_for(test(aos), 20)
        finally:
            begin = time.monotonic()
            await aos.stop()
            assert time.monotonic() - begin < 2  # whatever clients still wait for

    asyncio.run(go())


async def ask(aos: Aos) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(aos.address, aos.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: ax\r\n\r\n")
    return reader, writer


def test_an_answer_that_drips_never_ends() -> None:
    async def test(aos: Aos) -> None:
        aos.faults.drip, aos.faults.drip_interval = True, 0.01
        reader, writer = await ask(aos)
        begin = time.monotonic()
        heard = b""
        while time.monotonic() - begin < 0.6:
            # a client with nothing but a limit for silence waits on
            heard += await asyncio.wait_for(reader.read(100), 0.3)
        assert heard.startswith(b"HTTP/1.1 200 OK\r\nX-Drip: .")
        assert b"\r\n\r\n" not in heard
        assert len(heard) > 30
        writer.close()
        aos.faults.drip = False
        reader, _writer = await ask(aos)
        assert (await reader.readline()).startswith(b"HTTP/1.1 302")

    on_the_network(test)


def test_an_aos_that_drips_can_be_switched_off() -> None:
    async def test(aos: Aos) -> None:
        aos.faults.drip = True
        reader, _writer = await ask(aos)
        assert await reader.readexactly(4) == b"HTTP"

    on_the_network(test)


def test_an_answer_that_is_no_http() -> None:
    async def test(aos: Aos) -> None:
        aos.faults.not_http = True
        reader, _writer = await ask(aos)
        assert await reader.read() == GARBAGE

    on_the_network(test)


def test_what_it_answers_without_network() -> None:
    async def work(clock: VirtualClock) -> None:
        aos = Aos("127.0.0.1", 0, None, clock, ProcessTable(), lambda: "1", warm_up=20.0)
        aos.start_without_network()
        assert aos.url == "http://127.0.0.1:80/"
        with pytest.raises(ConnectionRefusedError):
            await aos.get(aos.url)
        aos.service_running()
        assert await aos.get(aos.url) == (503, "Service Unavailable")
        await clock.sleep(20.5)
        assert (await aos.get(aos.url), aos.maintenance_mode) == ((302, "Found"), True)
        with pytest.raises(ConnectionRefusedError):
            await aos.get("http://127.0.0.1:81/")
        aos.faults.status = 500
        assert await aos.get(aos.url) == (500, "Internal Server Error")
        aos.faults.not_http = True
        with pytest.raises(http.client.BadStatusLine):
            await aos.get(aos.url)
        aos.faults.not_http = False
        aos.faults.drip = True
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aos.get(aos.url), 3600)
        aos.service_stopped()
        assert (aos.ready, aos.maintenance_mode) == (False, None)

    in_virtual_time(work)
