"""The public API (``lcsapi.lcs.dynamics.com``): metadata and history of environments, for a person's bearer token.

The envelope, the fields and the limits are those of the vendor's reference. Nothing here switches anything.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Literal

from aiohttp import web

from lab.clock import Clock
from lab.lcs import api_shapes as shapes
from lab.lcs.answers import JsonObject
from lab.lcs.limits import Limit
from lab.lcs.projects import Projects
from lab.lcs.server import Server

VERSION = "2017-09-15"

_DETAIL = re.compile(r"/environmentinfo/v1/detail/project/(\d+)/?")
_HISTORY = re.compile(r"/environmentinfo/v1/history/project/(\d+)/environment/([0-9A-Fa-f-]+)/?")
_FILTERS: tuple[set[str], ...] = (set(), {"page"}, {"environmentId"}, {"environmentName"})


class LcsApi(Server):
    """The API. ``token`` is the one that is let in; test code reads and writes the attributes directly."""

    def __init__(
        self,
        projects: Projects,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: tuple[Path, Path],
        clock: Clock,
        token: str,
    ) -> None:
        super().__init__(address, port, tls)
        self.projects = projects

        # What a test may set.
        self.token = token
        self.page_size = 20  # the real one's is not published
        # The reference calls x-ms-version required, d365fo.tools does without.
        self.version_required = True
        self.ids: Literal["dashes", "plain"] = "dashes"  # the reference's examples show both
        self.retry_after = True  # whether an answer 429 says when

        self.throttled = 0
        self._detail_limit = Limit(clock, 6, 60)
        # The reference also allows an environment six calls in 30 seconds, which this limit is never above.
        self._history_limit = Limit(clock, 6, 60)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve one of the two reads."""
        detail, history = _DETAIL.fullmatch(request.path), _HISTORY.fullmatch(request.path)
        if not detail and not history:
            return web.Response(status=404)
        if request.method != "GET":
            return web.Response(status=405)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        if request.headers.get("x-ms-version", "" if self.version_required else VERSION) != VERSION:
            return _failure("The API version is missing or not supported.")
        if detail:
            return self._throttle(self._detail_limit, detail[1]) or self._detail(request, detail[1])
        assert history
        return self._throttle(self._history_limit, history[1]) or self._history(request, history[1], history[2])

    def _throttle(self, limit: Limit, project: str) -> web.Response | None:
        wait = limit.call(project)
        if not wait:
            return None
        self.throttled += 1
        return web.Response(status=429, headers={"Retry-After": str(wait)} if self.retry_after else {})

    def _detail(self, request: web.Request, number: str) -> web.Response:
        project = self.projects.find(number)
        names = set(request.query)
        if project is None:
            return _failure("The project could not be found.")
        if names not in _FILTERS:
            return _failure("Only one of page, environmentId and environmentName can be used.")
        found = project.environments
        if "environmentId" in names:
            one = project.find(request.query["environmentId"])
            found = [one] if one else []
        elif "environmentName" in names:
            found = [each for each in found if each.name == request.query["environmentName"]]
        looks = ((each, each.look("metadata")) for each in self._page(request, found))
        data = [shapes.metadata(project, each, look) for each, look in looks]
        return self._success(request, data, len(found))

    def _history(self, request: web.Request, number: str, id_: str) -> web.Response:
        project = self.projects.find(number)
        environment = project.find(id_) if project else None
        if project is None or environment is None:
            return _failure("The environment could not be found.")
        if set(request.query) - {"page"}:
            return _failure("Unknown parameter.")
        operations = list(reversed(environment.operations))
        data = [shapes.entry(project, environment, each) for each in self._page(request, operations)]
        return self._success(request, data, len(operations))

    def _page(self, request: web.Request, items: list[shapes.Item]) -> list[shapes.Item]:
        start = (_number(request) - 1) * self.page_size
        return items[start : start + self.page_size]

    def _success(self, request: web.Request, data: list[JsonObject], count: int) -> web.Response:
        page = _number(request)
        if self.ids == "plain":
            for entry in data:
                entry["EnvironmentId"] = entry["EnvironmentId"].replace("-", "")
        more = page * self.page_size < count
        return web.json_response({"ResultPageCurrent": page, "ResultHasMorePages": more, "Data": data} | _envelope())


def _number(request: web.Request) -> int:
    page = request.query.get("page", "1")
    return max(int(page), 1) if page.isdecimal() else 1


def _envelope(error: str | None = None) -> JsonObject:
    return {
        "IsSuccess": error is None,
        "OperationActivityId": str(uuid.uuid4()),
        "ErrorMessage": error,
        "VersionEOL": "9999-12-31T23:59:59.9999999",
    }


def _failure(message: str) -> web.Response:
    """Answer with an error: 200 all the same, as the reference says. The texts are chosen here."""
    return web.json_response({"ResultPageCurrent": 0, "ResultHasMorePages": False, "Data": None} | _envelope(message))
