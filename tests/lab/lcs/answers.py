"""The portal's bodies: the envelope around every answer, its pages, and what is refused."""

from __future__ import annotations

import json
import uuid
from typing import Any

from aiohttp import web

from lab.lcs.sessions import TOKEN_NAME

JsonObject = dict[str, Any]


class Refused(Exception):
    """Becomes an envelope with ``Success: false``. That it has status 200 here, and its texts, are chosen here."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message, self.code = message, code


class NotServed(Exception):
    """Becomes an error page: no such path, no such method, not the request of one of the clients."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def envelope(data: Any, *, wrapped: bool = False) -> web.Response:
    """Answer with ``data``; ``wrapped``: in the parentheses around it that two clients take away."""
    return _json({"ActivityId": str(uuid.uuid4()), "Data": data, "Success": True} | _NO_ERROR, 200, wrapped)


def refusal(message: str, code: int = 1, status: int = 200) -> web.Response:
    """Answer with an error, on 200 or on 500. LcsApi reads ``ErrorList`` as texts by names, the others do not look."""
    errors = {f"Error{code}": message}
    error = {"ErrorCode": code, "ErrorList": errors, "Message": message, "MessageTitle": "Error"}
    return _json({"ActivityId": str(uuid.uuid4()), "Data": None, "Success": False} | error, status, False)


def result(done: bool, activity: str) -> JsonObject:
    """What RestartService, the sibling of the switch, puts into ``Data``."""
    return {
        "ActivityId": activity,
        "ErrorCode": None if done else "70002",
        "ErrorList": None,
        "IsSuccessful": done,
        "Message": None if done else "The service request could not be submitted.",
        "MessageTitle": None if done else "Error",
    }


def portal_page(token: str) -> web.Response:
    """``/V2`` of a signed-in person: the token stands directly in the body, beside other fields."""
    return _html(
        "<!DOCTYPE html>\n<html><head><title>Microsoft Dynamics Lifecycle Services</title></head>\n<body>"
        '<input name="search" type="text" value="" />'
        f'<input name="{TOKEN_NAME}" type="hidden" value="{token}" />'
        '<div id="app"></div></body></html>'
    )


def login_page() -> web.Response:
    """The login page as a 200, as a client sees it that follows redirects."""
    return _html(
        "<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head>\n<body>"
        '<form method="post"><input name="loginfmt" type="email" /><input id="idSIButton9" type="submit" /></form>'
        "</body></html>"
    )


def error_page(status: int, why: str) -> web.Response:
    """An error page of the web server."""
    return _html(f"<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{why}</p></body></html>", status)


_NO_ERROR = {"ErrorCode": 0, "ErrorList": None, "Message": None, "MessageTitle": None}


def _json(body: JsonObject, status: int, wrapped: bool) -> web.Response:
    text = json.dumps(body)
    return web.Response(text=f"({text})" if wrapped else text, status=status, content_type="application/json")


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")
