"""What the portal and the public API have in common: an HTTPS listener, its log, faults for chosen requests."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from lab.lcs.faults import AFTERWARDS, Fault, befall, spoil


class Server(ABC):
    """``start`` and ``stop`` it on an event loop; its state is kept meanwhile.

    ``faults`` befall the next requests, one each (None: no fault), ``faults_at`` the next requests of one action, by
    the last word of its path before the project. ``at`` has what happens before the request of that number is served,
    counted from 1. ``log`` has (method, path) of each request: no query, no header.
    """

    def __init__(self, address: str, port: int, tls: tuple[Path, Path]) -> None:
        self.address = address
        self.port = port
        self.faults: deque[Fault | None] = deque()
        self.faults_at: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self.at: dict[int, Callable[[], object]] = {}
        self.log: list[tuple[str, str]] = []
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*tls)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return f"https://{self.address}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and break all connections off."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.log.append((request.method, request.path))
        if happens := self.at.pop(len(self.log), None):
            happens()
        fault = self._fault_of(request)
        if fault and fault not in AFTERWARDS:
            return await befall(request, fault)
        answer = await self.answer(request)
        return await spoil(request, fault, answer) if fault else answer

    def _fault_of(self, request: web.Request) -> Fault | None:
        for word in request.path.split("/"):
            if self.faults_at.get(word):
                return self.faults_at[word].popleft()
        return self.faults.popleft() if self.faults else None

    @abstractmethod
    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request that no fault befalls."""
