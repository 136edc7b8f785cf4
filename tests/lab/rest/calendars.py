"""A web server that publishes iCalendar files, as Outlook, Google and others do: whoever knows the address may read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from lab.clock import Clock
from lab.rest.service import Service


class Calendars(Service):
    """``published`` are the texts by path, like "/freezes.ics"."""

    def __init__(self, address: str, port: int = 0, *, tls: tuple[Path, Path] | None, clock: Clock) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.published: dict[str, str] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        """Every path."""
        return [web.get("/{path:.*}", self._read)]

    async def _read(self, request: web.Request) -> web.Response:
        if request.path not in self.published:
            raise web.HTTPNotFound
        return web.Response(text=self.published[request.path], content_type="text/calendar", charset="utf-8")
