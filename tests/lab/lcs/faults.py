"""What can go wrong with one request, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from aiohttp import web

from lab.lcs.answers import error_page, login_page, refusal

LOGIN_URL = "https://login.microsoftonline.com/common/oauth2/authorize?client_id=lcs"

Fault = Literal[
    # nothing is carried out
    "session-over",  # 498
    "login-page",  # 200 and HTML
    "login-redirect",  # 302 to another host
    "forbidden",  # 403
    "refused-200",  # an envelope with Success: false
    "refused-500",
    "error-page",  # 500 and HTML
    "bad-gateway",
    "unavailable",
    "drop",
    "hang",
    # the request is carried out
    "drop-after",
    "bad-gateway-after",
    "truncated",  # the connection ends in the middle of the body
    "cut-json",  # half the body, announced as the whole
    "empty",
]
AFTERWARDS = frozenset({"drop-after", "bad-gateway-after", "truncated", "cut-json", "empty"})


async def befall(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer a request that is not carried out."""
    if fault == "hang":
        await asyncio.sleep(3600)
    answers: dict[Fault, Callable[[], web.Response]] = {
        "session-over": lambda: web.Response(status=498),
        "login-page": login_page,
        "login-redirect": redirect,
        "forbidden": lambda: error_page(403, "Forbidden"),
        "refused-200": lambda: refusal("An unexpected error occurred.", 500),
        "refused-500": lambda: refusal("An unexpected error occurred.", 500, status=500),
        "error-page": lambda: error_page(500, "Server Error in '/' Application."),
        "bad-gateway": lambda: error_page(502, "Bad Gateway"),
        "unavailable": lambda: error_page(503, "Service Unavailable"),
    }
    return answers[fault]() if fault in answers else _drop(request)


async def spoil(request: web.Request, fault: Fault, answer: web.StreamResponse) -> web.StreamResponse:
    """Spoil the answer to a request that was carried out."""
    if fault == "drop-after":
        return _drop(request)
    if fault == "bad-gateway-after":
        return error_page(502, "Bad Gateway")
    if fault == "empty":
        return web.Response(content_type=answer.content_type)
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    half = answer.body[: len(answer.body) // 2]
    if fault == "cut-json":
        return web.Response(body=half, content_type=answer.content_type)
    response = web.StreamResponse(headers={"Content-Length": str(len(answer.body))})
    await response.prepare(request)
    await response.write(half)
    if request.transport:
        request.transport.close()
    return response


def redirect() -> web.Response:
    """Send a browser to the login host. No client of the lab may follow it."""
    return web.Response(status=302, headers={"Location": LOGIN_URL})


def _drop(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)
