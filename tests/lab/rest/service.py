"""What the cloud services of the lab have in common: a listener, faults on demand, a log of what arrived."""

from __future__ import annotations

import asyncio
import email.utils
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from lab.clock import Clock

JsonObject = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that is answered with an error. ``body`` is JSON, a text, or nothing at all."""

    def __init__(self, status: int, body: JsonObject | str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass
class Fault:
    """What befalls the next ``times`` requests that it fits, after ``skip`` of them went well.

    It fits where ``method`` and ``path`` (a part of the path with its query) do; empty fits all. ``answer`` sends
    ``status``, ``body`` and ``headers``; ``drop`` breaks the connection off, ``hang`` keeps it and says nothing,
    ``half`` sends half of the answer. With ``after`` the request is carried out first, so only its answer is lost.
    """

    status: int = 503
    body: JsonObject | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = ""
    path: str = ""
    times: float = 1
    skip: int = 0
    after: bool = False
    kind: Literal["answer", "drop", "hang", "half"] = "answer"

    def befalls(self, method: str, path: str) -> bool:
        """Whether a request meets it now; counts."""
        if self.times < 1 or self.method not in ("", method) or self.path not in path:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def authorization(self) -> str:
        """The credentials that it brought."""
        return self.headers.get("Authorization", "")


class Service(ABC):
    """A service on an address of its own. ``start`` and ``stop`` it on an event loop; tests read its attributes.

    ``seen`` has each request that arrived. ``faults`` is what befalls the next ones, ``latency`` how many real
    seconds each answer takes. Without ``tls`` it speaks plain HTTP.
    """

    def __init__(self, address: str, port: int = 0, *, tls: tuple[Path, Path] | None, clock: Clock) -> None:
        self.address = address
        self.port = port
        self.clock = clock
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.latency = 0.0
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if tls else None
        if self._tls and tls:
            self._tls.load_cert_chain(*tls)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{self.address}:{self.port}"

    def asked(self, method: str, part: str = "") -> int:
        """Count the requests of a method whose path holds ``part``."""
        return sum(each.method == method and part in each.path for each in self.seen)

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        application = web.Application(middlewares=[self._front])
        application.add_routes(self.routes())
        application.on_response_prepare.append(self._stamp)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    # --- what a service says itself ---

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """What it knows."""

    def unknown(self, request: web.Request, error: web.HTTPException) -> web.Response:
        """Answer a request for which there is no route, or not with this method."""
        return web.json_response({"error": {"code": str(error.status), "message": error.reason}}, status=error.status)

    def headers(self, request: web.Request) -> dict[str, str]:
        """What every answer carries."""
        return {}

    # --- every request ---

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.path, dict(request.query), request.headers.copy()))
        fault = next((each for each in self.faults if each.befalls(request.method, request.path_qs)), None)
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault is None:
            return await self._answer(request, handler)
        answer = await self._answer(request, handler) if fault.after or fault.kind == "half" else None
        return await _misbehave(request, fault, answer)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            return written(refused.status, refused.body, refused.headers)
        except web.HTTPException as error:  # no such path or method
            return self.unknown(request, error)

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = email.utils.formatdate(self.clock.time(), usegmt=True)
        for name, value in self.headers(request).items():
            response.headers.setdefault(name, value)


def written(status: int, body: JsonObject | str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with JSON, with a text, or without a body."""
    if isinstance(body, str):
        return web.Response(status=status, text=body or None, headers=headers)
    return web.json_response(body, status=status, headers=headers)


async def json_body(request: web.Request) -> JsonObject | None:
    """The JSON object of a request, None where it is something else."""
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


async def _misbehave(request: web.Request, fault: Fault, answer: web.StreamResponse | None) -> web.StreamResponse:
    if fault.kind == "answer":
        return written(fault.status, fault.body, fault.headers)
    if fault.kind == "hang":
        await asyncio.sleep(3600)
    if fault.kind == "half" and isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        return web.Response(
            status=answer.status, body=answer.body[: len(answer.body) // 2], content_type="application/json"
        )
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)
