"""Lists in pages: each page names the next one by a URL."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from lab.rest.service import JsonObject

TOKEN = "$skiptoken"


@dataclass
class Pages:
    """How a service cuts its lists: ``link`` is the name of the field, ``size`` how many items a page has.

    ``host`` is named in the links in place of the service's own.
    """

    link: str
    size: int = 100
    host: str = ""

    def cut(self, request: web.Request, url: str, items: list[JsonObject]) -> JsonObject:
        """Return the page that a request asks for, as JSON."""
        first = int(request.query.get(TOKEN, "0"))
        page: JsonObject = {"value": items[first : first + self.size]}
        if len(items) > first + self.size:
            following = request.rel_url.update_query({TOKEN: str(first + self.size)})
            page[self.link] = f"{self.host or url}{following}"
        return page
