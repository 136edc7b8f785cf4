# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Where a record lives: in the system itself if it can carry one, else in a file. Product-free."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


class Conflict(Failure):
    """Somebody else wrote the record, or what it describes, since we read it. Nothing was written."""


@dataclass(frozen=True)
class Stored:
    """The record's text as it stands, None without one, and the store's own time: one clock for every controller."""

    text: str | None
    now: datetime


class Store(Protocol):
    """A place for one record."""

    def stored(self) -> Stored:
        """Read the record."""

    def replace(self, before: str | None, after: str | None) -> Stored:
        """Compare and set: write ``after`` (None removes the record) only where ``before`` still stands.

        Return what was read back. Raises ``Conflict`` where something else stands there.
        """


Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Has a request done by ``_store_file.serve``, on whichever host the files are."""

_LONGEST_NAME = 200
_OPTIONS = "O(store_path) and O(store_host) say where these files are"


def file_name(kind: str, url: str) -> str:
    """Return the name of the file of a server: "launch-launch.example.com%3A8443.json".

    Of its URL the host, the port and the path count, whatever case and slashes it is written with.
    """
    scheme, _colon, rest = url.partition("://")
    netloc, slash, path = rest.rstrip("/").partition("/")
    if not re.search(r":\d+$", netloc):
        netloc += {"http": ":80"}.get(scheme.lower(), ":443")
    name = quote(f"{kind}-{netloc.lower()}{slash}{path}", safe="")
    if len(name) > _LONGEST_NAME:
        name = f"{kind}-{sha256(name.encode()).hexdigest()}"
    return f"{name}.json"


class FileStore:
    """A record in a file of its own; ``place`` is the host of the files as messages call it, "" for the controller."""

    def __init__(self, name: str, folder: str = "", ask: Ask = _store_file.serve, place: str = "") -> None:
        self._name = name
        self._folder = folder
        self._ask = ask
        self._place = place
        self.where = self._called(f"{folder.rstrip('/')}/{name}" if folder else name)

    def stored(self) -> Stored:
        """Read the record (``Store``). Raises ``Failure`` for a file that cannot be read."""
        return self._answered({"name": self._name, "folder": self._folder}, "read the record")

    def replace(self, before: str | None, after: str | None) -> Stored:
        """Compare and set (``Store``). Raises ``Conflict``, or ``Failure`` for a file that cannot be written."""
        request = {"before": _store_file.digest(before), "after": after}
        return self._answered({"name": self._name, "folder": self._folder, **request}, "write the record")

    def _answered(self, request: dict[str, Any], attempted: str) -> Stored:
        answer = self._ask(request)
        if path := answer.get("path"):
            self.where = self._called(path)
        now = datetime.fromtimestamp(answer["now"], timezone.utc)
        error = answer.get("error")
        if error is None:
            return Stored(answer["text"], now)
        if error == "conflict":
            raise Conflict(attempted, self.where, "it was changed at the same time", "Run again")
        if error == "locked":
            raise Failure(
                attempted,
                self.where,
                f"another program held its lock for {_store_file.LOCK_LIMIT:.0f} s",
                "Look at what holds it (fuser), and run again",
            )
        if error == "text":
            raise unusable(self.where, "it is not UTF-8 text")
        raise Failure(
            attempted,
            self.where,
            error,
            f"This account must be able to read and write it, on a disk with room. {_OPTIONS}",
        )

    def _called(self, path: str) -> str:
        return f"the file {path}{f' on {self._place}' if self._place else ''}"


def unusable(where: str, why: str) -> Failure:
    """Return the failure for a file that holds no record that can be used."""
    return Failure(
        "read the record",
        where,
        why,
        "Use the version of the collection that wrote it, or move the file away: then nothing is known of the windows "
        f"in it, and a mode that is on counts as turned on by somebody else. {_OPTIONS}",
    )
