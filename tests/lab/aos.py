"""An application object server (AOS): the web application of Dynamics 365 F&O on one host.

It lives in IIS: it starts with the service W3SVC, takes the maintenance flag over from the database when it starts,
and runs with that until it is started again, whatever the database says meanwhile.

What nobody here has seen of the real one, and how the lab does it [G]: while the application is loading, IIS answers
503; a missing row means normal operation; without its database the application fails to start, and each request
answers 503 until W3SVC is restarted.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from lab.clock import Clock
from lab.sql.errors import SqlError
from lab.windows.misbehaviour import answer_garbage, drip
from lab.windows.processes import ProcessTable

WORKER = "w3wp.exe"


@dataclass
class Faults:
    """What goes wrong with an AOS; a test sets it."""

    never_comes_up: bool = False  # it loads for ever
    extra_warm_up: float = 0.0  # seconds that it comes up later than usual
    status: int | None = None  # answers this HTTP status once it is up, for example 500
    drip: bool = False  # answers one byte of a header after the other, and never comes to their end
    drip_interval: float = 0.05  # real seconds between two such bytes
    not_http: bool = False  # answers something that is no HTTP


class Aos:
    """The AOS of one host.

    ``read_flag`` asks the database for CONFIGURATIONMODE's value: None where the row is missing, SqlError where the
    database can't be read. ``maintenance_mode`` is what it runs with, None while it does not run.
    ``answer`` is what a browser without a session gets when it is up: 302 to the sign-in page, or 200.
    """

    def __init__(
        self,
        address: str,
        port: int,
        tls: tuple[Path, Path] | None,
        clock: Clock,
        processes: ProcessTable,
        read_flag: Callable[[], str | None],
        *,
        warm_up: float = 20.0,
        answer: int = 302,
        log_event: Callable[[str, str], None] = lambda _source, _text: None,
    ) -> None:
        self.address = address
        self.port = port
        self.tls = tls
        self.clock = clock
        self.processes = processes
        self.read_flag = read_flag
        self.warm_up = warm_up
        self.answer = answer
        self.log_event = log_event
        self.faults = Faults()
        self.maintenance_mode: bool | None = None
        self.ready = False
        self.started_at: float | None = None
        self.starts = 0
        self.requests = 0
        self.pid = 0
        self._loading: asyncio.Task[None] | None = None
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None
        self._reserved: socket.socket | None = None
        self._wanted = False  # whether W3SVC runs
        self._listening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'http' if self.tls is None else 'https'}://{self.address}:{self.port}/"

    def start_without_network(self) -> None:
        """Instead of ``start``: nothing listens, only ``get`` answers. A port 0 is replaced by the usual one."""
        self.port = self.port or (80 if self.tls is None else 443)

    async def start(self) -> None:
        """Prepare to listen; the port answers only while W3SVC runs. A port 0 is replaced by the one that was free."""
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.05)
        await self._runner.setup()
        # bound but not listening: keeps the port for this AOS while it is stopped, and refuses connections
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind((self.address, self.port))
        self.port = self._reserved.getsockname()[1]

    async def stop(self) -> None:
        """End the simulation."""
        self.service_stopped()
        await self.settle()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._reserved is not None:
            self._reserved.close()

    async def settle(self) -> None:
        """Wait until the port is open or closed as W3SVC's last change wants it."""
        if self._listening is not None:
            await self._listening

    def service_running(self) -> None:
        """W3SVC runs: IIS listens and starts the worker process, which loads the application."""
        self._wanted = True
        self._follow_service()
        self._start_worker()

    def service_stopped(self) -> None:
        """W3SVC stopped: nobody listens, the worker process has gone."""
        self._wanted = False
        self._follow_service()
        self._stop_worker()

    def recycle(self) -> None:
        """Restart the application pool: a new worker process, as IIS does by itself now and then."""
        if self._wanted:
            self._stop_worker()
            self._start_worker()

    def finish_loading(self) -> None:
        """The machine was switched on some time ago: what loads is up at once."""
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
            self.ready = self._take_over() and not self.faults.never_comes_up

    def _start_worker(self) -> None:
        process = self.processes.start(WORKER, r"IIS APPPOOL\AosService", memory=1_845_332, on_kill=self.recycle)
        self.pid = process.pid
        self.starts += 1
        self.started_at = self.clock.time()
        self._loading = asyncio.get_running_loop().create_task(self._load())

    def _stop_worker(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
        if self.pid:
            self.processes.end(self.pid)
        self.pid = 0
        self.ready = False
        self.maintenance_mode = None

    async def _load(self) -> None:
        if not self._take_over():
            return
        if self.faults.never_comes_up:
            await asyncio.Event().wait()
        await self.clock.sleep(self.warm_up + self.faults.extra_warm_up)
        self.ready = True

    def _take_over(self) -> bool:
        try:
            value = self.read_flag()
        except SqlError as error:
            self.log_event("Dynamics Server", f"The AOS could not start: {error.message}")
            return False
        self.maintenance_mode = value is not None and value.strip() == "1"
        return True

    async def get(self, url: str) -> tuple[int, str]:
        """What a request gets, without any network: (status, reason). Raises what a client of HTTP would meet."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not self._wanted or port != self.port:
            raise ConnectionRefusedError
        self.requests += 1
        if self.faults.not_http:
            raise http.client.BadStatusLine("")
        while self.faults.drip:
            await self.clock.sleep(1.0)
        status = self._status()
        return status, http.client.responses.get(status, "")

    def _follow_service(self) -> None:
        """Bring the listening socket in line with ``_wanted``, one change after the other."""
        if self._runner is None:
            return  # there is no network
        before = self._listening
        self._listening = asyncio.get_running_loop().create_task(self._follow(before))

    async def _follow(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        if self._wanted:
            await self._open()
        else:
            await self._close()

    async def _open(self) -> None:
        if self._site is not None or self._runner is None:
            return
        context = None
        if self.tls is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.tls)
        site = web.TCPSite(self._runner, self.address, self.port, ssl_context=context, reuse_port=True)
        await site.start()
        self._site = site

    async def _close(self) -> None:
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        if not self._wanted and request.transport is not None:
            # a connection kept alive from before: http.sys drops it
            request.transport.abort()
        if self.faults.not_http:
            await answer_garbage(request)
        if self.faults.drip:
            await drip(request, self.faults.drip_interval)
        status = self._status()
        if status == 302:
            return web.Response(status=302, headers={"Location": "https://login.microsoftonline.com/common/wsfed"})
        if not self.ready:
            text = "<h2>Service Unavailable</h2><p>HTTP Error 503. The service is unavailable.</p>"
            return web.Response(status=status, text=text)
        if self.faults.status is not None:
            return web.Response(status=status, text="Server Error in '/' Application.")
        return web.Response(status=status, text="<title>Sign in to your account</title>", content_type="text/html")

    def _status(self) -> int:
        if not self.ready:
            return 503
        return self.answer if self.faults.status is None else self.faults.status
