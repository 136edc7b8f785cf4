# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The change windows that were closed last, for people. Pure; knows no product.

The book holds only windows that are open, so this is a file of its own beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window, parse_windows

FILE = "recent-windows.json"
"""The name of the file in the store."""

VERSION = 1
KEPT = 50

OK, FAILED, SWEPT = "ok", "failed", "swept"


@dataclass(frozen=True)
class Closed:
    """A window that was closed, and how it ended: all went well, something failed, or the sweep closed it."""

    window: Window
    closed: datetime
    result: str

    def data(self) -> dict[str, Any]:
        """Return it as the file keeps it and reports show it."""
        return {**self.window.result(), "closed": iso(self.closed), "result": self.result}


def closed(window: Mapping[str, Any], moment: datetime, result: str) -> Closed:
    """Return a window, as results show it, as closed. Raises ValueError for one that is none."""
    (parsed,) = parse_windows([window])
    return Closed(parsed, moment, result)


def with_closed(recent: Sequence[Closed], new: Closed) -> list[Closed]:
    """Return the windows with this one added, the newest last, so many as are kept."""
    return [*recent, new][-KEPT:]


def text_of(recent: Sequence[Closed]) -> str:
    """Return the text of the file."""
    return json.dumps({"version": VERSION, "windows": [each.data() for each in recent]}, indent=1) + "\n"


def parse_recent(text: str | None) -> list[Closed]:
    """Read the file. Raises ValueError for one that is not as ``text_of`` writes it."""
    if text is None:
        return []
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ValueError("another version")
        return [closed(each, _moment(each["closed"]), str(each["result"])) for each in data["windows"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"these are no recent windows of this version ({error})") from error


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not read it
    if moment.tzinfo is None:
        raise ValueError(f'"{text}" has no time zone')
    return moment
