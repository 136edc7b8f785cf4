# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the portal answers: an envelope around the data, its refusals, and how it says that the session is over. Pure.

The envelope is that of the published client milnet92/LcsApi; HTTP 498 that of codekaczmarek/3LCS.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

SESSION_OVER = 498
STALE_TOKEN = 403
_TOKEN_INPUT = re.compile(r"<input\b[^>]*\bname\s*=\s*[\"']?__RequestVerificationToken\b[^>]*>", re.IGNORECASE)
_VALUE = re.compile(r"\bvalue\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


class Over(Exception):
    """The session is over; the text says by which sign."""


class Strange(Exception):
    """The answer is none that the portal is known to give; the text says what came.

    ``refused`` says that by its status the request was certainly not carried out.
    """

    def __init__(self, what: str, *, refused: bool = False) -> None:
        super().__init__(what)
        self.refused = refused


@dataclass(frozen=True)
class Envelope:
    """The data, and whether the portal says that it did what was asked; ``message`` is its words if it did not."""

    data: Any
    success: bool = True
    message: str = ""
    activity_id: str = ""


def open_envelope(raw: Raw, redact: Callable[[str], str]) -> Envelope:
    """Return what an answer holds; ``redact`` masks secrets in it. Raises ``Over`` and ``Strange``.

    JSON comes with HTTP 200 and, where something went wrong, with 500, perhaps in parentheses. Data that stands there
    without an envelope is taken as it is.
    """
    if sign := sign_of_end(raw):
        raise Over(sign)
    text = redact(raw.body.decode("utf-8", "replace")).strip()
    data = _json(text)
    if isinstance(data, Mapping) and isinstance(data.get("Success"), bool):
        return _envelope(data)
    if not 200 <= raw.status < 300:
        raise Strange(f"HTTP {raw.status}", refused=400 <= raw.status < 500)
    if data is _NO_JSON:
        if "<" in text[:1] or "<html" in text[:2000].lower():
            raise Over("a web page in place of data")
        raise Strange(f"HTTP {raw.status} with {len(raw.body)} bytes that are not JSON")
    return Envelope(data)


def sign_of_end(raw: Raw) -> str:
    """Return by which sign the headers of an answer say that the session is over, "" if they don't."""
    if raw.status in (SESSION_OVER, 401):
        return f"HTTP {raw.status}"
    if 300 <= raw.status < 400:
        return f"HTTP {raw.status}, a redirect{_host_of(raw.headers.get('location', ''))}"
    return ""


def find_token(page: str) -> str:
    """Return the anti-forgery token of a page of the portal; "" on a page without one, such as that of the login."""
    tag = _TOKEN_INPUT.search(page)
    value = _VALUE.search(tag.group(0)) if tag else None
    token = next((part for part in value.groups() if part), "") if value else ""
    return token if token.isascii() and token.isprintable() else ""


def _envelope(data: Mapping[str, Any]) -> Envelope:
    inner = data.get("Data")
    success, told = bool(data["Success"]), data
    # A sibling of the call answers with a second verdict inside of the first.
    if success and isinstance(inner, Mapping) and inner.get("IsSuccessful") is False:
        success, told = False, inner
    activity = next((one["ActivityId"] for one in (told, data) if isinstance(one.get("ActivityId"), str)), "")
    return Envelope(inner, success, "" if success else _words(told), activity)


def _words(data: Mapping[str, Any]) -> str:
    errors = data.get("ErrorList")
    # Texts by names, as one client reads it; the others do not look.
    listed = errors if isinstance(errors, list) else [*errors.values()] if isinstance(errors, Mapping) else [errors]
    texts = [data.get("MessageTitle"), data.get("Message"), *listed]
    found = [" ".join(text.split()) for text in texts if isinstance(text, str) and text.strip()]
    code = data.get("ErrorCode")
    if isinstance(code, int) and code:
        found.append(f"error code {code}")
    return shortened(": ".join(dict.fromkeys(text.rstrip(".") for text in found))) or "it does not say why"


_NO_JSON = object()


def _json(text: str) -> Any:
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return _NO_JSON


def _host_of(location: str) -> str:
    try:
        host = urllib.parse.urlsplit(location).hostname
    except ValueError:
        host = None
    return f" to {shortened(host)}" if host else ""
