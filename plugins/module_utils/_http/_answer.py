# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What an answer says: the JSON of a good one, the trouble that a bad one is."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._http._retry import retry_after
from ansible_collections.quiesce.maintenance.plugins.module_utils._http._trouble import Trouble

_REMEDIES = {
    401: "Check the credential",
    403: "Give the credential's role the rights for this",
    404: "Check the URL and the name",
    407: "Check the user name and password of the proxy",
    429: "Let fewer requests be sent in a minute, or raise the server's limit",
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
    """An HTTP answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


def judge(raw: Raw, again: Collection[int]) -> Answer:
    """Return the answer if it is a good one, else raise the trouble; the statuses ``again`` are worth another try."""
    try:
        data = json.loads(raw.body) if raw.body.strip() else None
        is_json = True
    except ValueError:
        data, is_json = None, False
    if 200 <= raw.status < 300:
        if is_json:
            return Answer(raw.status, raw.headers, data)
        raise Trouble(
            f"HTTP {raw.status} with {_not_json(raw)} in place of JSON",
            "Check the URL: a proxy, a login page or another program answered there",
            again=False,
            status=raw.status,
        )
    message = message_in(data) if is_json else _not_json(raw)
    if 300 <= raw.status < 400:
        where = urllib.parse.urlsplit(raw.headers.get("location", "")).netloc or "another path"
        raise Trouble(
            f"HTTP {raw.status}, it redirects to {where}",
            "Give the final address as URL; a redirect is not followed with a credential",
            again=False,
            status=raw.status,
        )
    raise Trouble(
        f"HTTP {raw.status}: {message}" if message else f"HTTP {raw.status}",
        _REMEDIES.get(raw.status, "Look at the server's own log for the reason"),
        again=raw.status in again,
        status=raw.status,
        pause=retry_after(raw.headers.get("retry-after")),
        message=message,
    )


def message_in(data: Any) -> str:
    """Find the server's words in the JSON of an error, whichever of the usual forms it has."""
    if isinstance(data, str):
        found = data
    elif isinstance(data, list):
        found = "; ".join(filter(None, map(message_in, data)))
    elif isinstance(data, Mapping):
        found = next((text for key in ("message", "error", "errors") if (text := message_in(data.get(key)))), "")
    else:
        found = ""
    return short(found)


def _not_json(raw: Raw) -> str:
    """Describe a body that is not JSON: the title of a page, or its beginning."""
    text = raw.body.decode("utf-8", "replace")
    if title := re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.IGNORECASE | re.DOTALL):
        return f'an HTML page "{short(title.group(2))}"'
    if "<html" in text.lower():
        return "an HTML page"
    if text.lstrip()[:1] in ("{", "["):
        return f"a damaged or cut off body ({len(raw.body)} bytes)"
    return f'"{short(text)}"'


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:300] + "..."
