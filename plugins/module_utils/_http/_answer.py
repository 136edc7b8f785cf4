# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What an answer says: the JSON of a good one, the trouble that a bad one is."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import retry_after
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import Trouble
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened

DEEPEST = 100
"""Levels of JSON that are read: who walks through them deeper would end with Python's own limit."""

_LOOKED_AT = 8192
"""Characters of a body that is not JSON, among which a title is looked for."""

_REMEDIES = {
    401: "Check the credential",
    403: "Grant the rights for this to the credential's role",
    404: "Check the URL and the name",
    407: "Check the user name and password of the proxy",
    429: "Send fewer requests per minute, or raise the server's limit",
    500: "Look at the server's own log for the reason",
}


@dataclass(frozen=True)
class Answer:
    """A successful answer: its status, its headers (names in lower case) and the JSON in it (None: no body)."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass
class Raw:
    """An HTTP answer as it came. ``cookies`` are the values of its Set-Cookie headers, of which there may be many."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)


def judge(raw: Raw, again: Collection[int], redact: Callable[[str], str], *, tls: bool) -> Answer:
    """Return the answer if it is a good one, else raise the trouble.

    The statuses ``again`` are worth another try. ``redact`` masks secrets in a text; ``tls`` says whether the answer
    came over TLS.
    """
    content = _Content(raw.body, redact)
    if 200 <= raw.status < 300:
        if content.is_json:
            return Answer(raw.status, raw.headers, content.data)
        raise Trouble(
            f"HTTP {raw.status} with {content.described} instead of JSON",
            "Check the URL: a proxy, a login page or another program answered there",
            again=False,
            status=raw.status,
        )
    if 300 <= raw.status < 400:
        raise _redirect(raw, redact, tls=tls)
    message = content.described
    raise Trouble(
        f"HTTP {raw.status}: {message}" if message else f"HTTP {raw.status}",
        _REMEDIES.get(raw.status, "Look at the server's own log for the reason"),
        again=raw.status in again,
        status=raw.status,
        pause=retry_after(raw.headers.get("retry-after")),
        message=message,
        headers=raw.headers,
        data=content.data,
    )


def _redirect(raw: Raw, redact: Callable[[str], str], *, tls: bool) -> Trouble:
    """A redirect is not followed: whoever it leads to would get the credential."""
    remedy = "Use the final address as URL; a redirect is not followed, because the credential would be sent there too"
    location = raw.headers.get("location", "")
    try:
        if not location.isprintable():
            raise ValueError
        parts = urllib.parse.urlsplit(location, scheme="https" if tls else "http")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        where = "to a malformed address"
    else:
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        if not location:
            where = "without naming a target"
        elif parts.scheme not in ("https", "http"):
            where = "to a malformed address"
        elif not host:
            where = "to another path"
        else:
            where = f"to {shortened(redact(f'{parts.scheme}://{host}{port}'))}"
            if tls and parts.scheme == "http":
                remedy = (
                    "Check the URL and what answers there: at that address the credential would be sent unencrypted"
                )
    return Trouble(f"HTTP {raw.status}, it redirects {where}", remedy, again=False, status=raw.status)


class _Content:
    """A body: the JSON in it (None: there is no body), and how a message describes it."""

    def __init__(self, body: bytes, redact: Callable[[str], str]) -> None:
        self._body = body
        self._redact = redact
        self._too_deep = False
        self.data: Any = None
        self.is_json = True
        try:
            self.data = json.loads(body) if body.strip() else None
        except ValueError:
            self.is_json = False
        except RecursionError:
            self.is_json, self._too_deep = False, True
        else:
            if _deeper_than(DEEPEST, self.data):
                self.data, self.is_json, self._too_deep = None, False, True

    @property
    def described(self) -> str:
        """The server's words in the JSON; else what the body is: the title of a page, or its beginning."""
        if self.is_json:
            return self._short(_words(self.data))
        if self._too_deep:
            return f"JSON of more than {DEEPEST} levels"
        try:
            text = self._body.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            return f"{len(self._body)} bytes that are not text"
        # Only the beginning, since what looks for a title takes a time that grows with the square of the length.
        text = self._redact(text)[:_LOOKED_AT]
        if title := re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL):
            return f'an HTML page "{shortened(title.group(2))}"'
        if "<html" in text.lower():
            return "an HTML page"
        if text.lstrip()[:1] in ("{", "["):
            return f"a damaged or cut off body ({len(self._body)} bytes)"
        return f'"{shortened(text)}"'

    def _short(self, text: str) -> str:
        return shortened(self._redact(text))


def _deeper_than(levels: int, data: Any) -> bool:
    level = [data]
    for _unused in range(levels + 1):
        level = [one for one in level if isinstance(one, (dict, list))]
        if not level:
            return False
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one)]
    return True


def _words(data: Any) -> str:
    """Find the server's words in the JSON of an error, whichever of the usual forms it has."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, map(_words, data)))
    if isinstance(data, Mapping):
        return next((text for key in ("message", "error", "errors") if (text := _words(data.get(key)))), "")
    return ""
