# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Where the text of a calendar comes from: a file on the controller, or a URL."""

from __future__ import annotations

import re
import string
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._connection import open_client
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Raw

LARGEST = 16 << 20
"""Bytes of a calendar, in a file as by HTTP."""

_URL = re.compile(r"(https?|webcals?)://", re.IGNORECASE)
_PUBLIC = "Publish the calendar, or download it with a task that logs in and give the file"
_REMEDIES = {401: _PUBLIC, 403: _PUBLIC, 404: "Check the URL; the calendar may no longer be published"}


@dataclass(frozen=True)
class Source:
    """One calendar: ``given`` stands at place ``number`` of ``option``.

    A relative path begins at the first of ``directories`` in which there is such a file.
    """

    given: str
    option: str
    number: int
    directories: tuple[Path, ...]

    @property
    def label(self) -> str:
        """What messages call it: the rest of a URL is often all that keeps a calendar private."""
        if not self._is_url:
            return str(self._path)
        return f"no. {self.number} of O({self.option}) ({self._host})"

    @property
    def name(self) -> str:
        """What the calendar is called if it does not say so itself."""
        return self._host if self._is_url else self._path.name

    def read(self, params: Mapping[str, Any], tell: Callable[[str], None]) -> str:
        """Return its text. Raises ``Failure``."""
        content = self._download(params, tell) if self._is_url else self._file()
        if len(content) > LARGEST:
            raise self._failure(f"it is larger than {LARGEST >> 20} MiB", "Export a smaller part of it")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self._failure("it is not UTF-8 text", "Export it as iCalendar (.ics) in UTF-8") from None

    def _file(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return file.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise self._failure(reason, "Give a file that exists on the controller, or a URL") from None

    def _download(self, params: Mapping[str, Any], tell: Callable[[str], None]) -> bytes:
        parts = self._parts
        if "@" in parts.netloc:
            # The client would speak of an option for the login.
            raise self._invalid("it contains a user name or password", _PUBLIC)
        secure = parts.scheme.lower() != "http"
        if not secure and params["validate_certs"]:
            raise self._invalid(
                "it begins with http://, so anybody on the way could change the calendar",
                "Use the https:// address; O(validate_certs=false) allows http:// if that risk is accepted",
            )
        client = open_client(
            {**params, "url": f"{'https' if secure else 'http'}://{parts.netloc}"}, url_option=self.option, tell=tell
        )
        path = urllib.parse.quote(parts.path or "/", safe=string.punctuation)
        if parts.query:
            path += "?" + urllib.parse.quote(parts.query, safe=string.punctuation)
        try:
            raw = client.exchange(
                "GET",
                path,
                attempted=f"read the calendar no. {self.number} of O({self.option})",
                headers={"Accept": "text/calendar, */*"},
            )
        finally:
            client.close()
        if raw.status != 200:
            raise self._refusal(raw)
        return raw.body

    def _refusal(self, raw: Raw) -> Failure:
        if 300 <= raw.status < 400:
            target = urllib.parse.urlsplit(raw.headers.get("location", "")).netloc
            where = f" to {target}" if target and target.isprintable() and "@" not in target else ""
            return self._failure(
                f"HTTP {raw.status}, it redirects{where}", "Give the final address; a redirect is not followed"
            )
        return self._failure(f"HTTP {raw.status}", _REMEDIES.get(raw.status, "Look at the server's log for the reason"))

    @property
    def _is_url(self) -> bool:
        return _URL.match(self.given) is not None

    @property
    def _parts(self) -> urllib.parse.SplitResult:
        try:
            return urllib.parse.urlsplit(self.given)
        except ValueError:
            raise self._invalid(
                "it is not a valid URL", "Use one like https://calendar.example.com/freezes.ics"
            ) from None

    @property
    def _host(self) -> str:
        return self._parts.netloc.rpartition("@")[2]

    @property
    def _path(self) -> Path:
        paths = [directory / _expanded(self.given) for directory in self.directories]
        return next((path for path in paths if _is_there(path)), paths[0])

    def _failure(self, answer: str, remedy: str) -> Failure:
        return Failure(f"read the calendar {self.label}", "", answer, remedy)

    def _invalid(self, answer: str, remedy: str) -> Invalid:
        return Invalid(self.option, f"no. {self.number}: {answer}", remedy)


def _expanded(given: str) -> Path:
    try:
        return Path(given).expanduser()
    except RuntimeError:  # the home of somebody who is not here
        return Path(given)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
