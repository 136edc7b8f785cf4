# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What is sent: a path with its query, and nothing, JSON or a web form as its content. Pure."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What is sent. ``address`` is the path with the query."""

    method: str
    address: str
    content: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def compose(
    method: str,
    path: str,
    headers: Mapping[str, str],
    *,
    query: Iterable[tuple[str, str]] = (),
    body: Any = None,
    form: Mapping[str, str] | None = None,
) -> Request:
    """Return a request: ``query`` may name a key several times, ``body`` is sent as JSON, ``form`` as a web form."""
    if pairs := list(query):
        # A blank as %20: a plus sign is a blank in forms, and not every server reads a query as one.
        encoded = urllib.parse.urlencode(pairs, errors="surrogatepass", quote_via=urllib.parse.quote)
        path += ("&" if "?" in path else "?") + encoded
    if form is not None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method, path, urllib.parse.urlencode(form).encode(), {**headers, **kind})
    if body is not None:
        return Request(method, path, json.dumps(body).encode(), {**headers, "Content-Type": "application/json"})
    return Request(method, path, None, headers)
