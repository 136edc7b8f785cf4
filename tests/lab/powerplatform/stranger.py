"""A host of somebody else. Nobody should send it a token."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from lab.rest.service import Service


class Stranger(Service):
    """Answers everything with an operation that succeeded; ``seen`` tells what it was sent."""

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.route("*", "/{rest:.*}", self._anything)]

    async def _anything(self, request: web.Request) -> web.Response:
        return web.json_response({"id": "stranger", "state": {"id": "Succeeded"}, "stages": [], "value": []})

    @property
    def tokens(self) -> list[str]:
        """The credentials that it was sent."""
        return [each.authorization for each in self.seen if each.authorization]
