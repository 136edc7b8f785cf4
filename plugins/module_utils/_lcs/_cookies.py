# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The cookies of a browser session, kept as a browser keeps them: what the server sets anew replaces the old. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

# Shorter values (a language, a flag) are no secrets, and to mask them would garble what people read.
_SHORTEST_SECRET = 12

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Jar:
    """Cookies by name. Its repr shows none of their values."""

    def __init__(self, cookies: Mapping[str, str]) -> None:
        self._cookies = dict(cookies)

    def __repr__(self) -> str:
        return f"Jar({', '.join(self._cookies)})"

    @property
    def header(self) -> str:
        """The value of the header ``Cookie``."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    @property
    def secrets(self) -> list[str]:
        """The values that must not be shown."""
        return [value for value in self._cookies.values() if len(value) >= _SHORTEST_SECRET]

    def take(self, set_cookies: Iterable[str]) -> bool:
        """Take what an answer sets (values of ``Set-Cookie``); return whether anything is another than before.

        An empty value ends a cookie. Attributes are of no matter: all requests go to the one host that set them.
        """
        before = dict(self._cookies)
        for text in set_cookies:
            name, equals, value = text.partition(";")[0].partition("=")
            name, value = name.strip(), value.strip()
            if not (equals and _NAME.fullmatch(name) and _can_be_sent(value)):
                continue
            if value:
                self._cookies[name] = value
            else:
                self._cookies.pop(name, None)
        return self._cookies != before


def parse_cookies(text: str, project: str) -> Jar:
    """Read the header ``Cookie`` as a browser shows it, with its name in front or without; add the project's cookie.

    Raises ``Failure``, without quoting it, for a text that is none.
    """
    cookies: dict[str, str] = {}
    for part in re.sub(r"^\s*cookie:", "", text, flags=re.IGNORECASE).split(";"):
        name, equals, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if not part.strip():
            continue
        if not (equals and _NAME.fullmatch(name) and _can_be_sent(value)):
            raise Failure(
                "use the cookies",
                "",
                "they are not the value of a Cookie header",
                "Copy the whole value of the request header Cookie from the browser's developer tools, on one line: "
                "name=value; name=value",
            )
        cookies[name] = value
    return Jar({**cookies, "lcspid": project})


def _can_be_sent(value: str) -> bool:
    return value.isascii() and (value.isprintable() or not value)
