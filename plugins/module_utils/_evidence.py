# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The evidence of a window: one line of JSON for each thing that happened, each bound to the one before by its digest.

A line's ``previous`` is the SHA-256 of the line before it, with its line feed, so that ``sha256sum`` and ``jq`` are
enough to find what was changed, left out or put in later. Who keeps the digest of the last line, as the log of the run
does, notices a shortened file, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

_TRIES = 50
_PAUSE = 0.05


@dataclass(frozen=True)
class Entry:
    """Something that happened: ``event`` in a word, and what else is to be known of it."""

    event: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def digest(line: str) -> str:
    """Return by what the next line knows this one (without its line feed): what ``sha256sum`` says of the line."""
    return hashlib.sha256(f"{line}\n".encode()).hexdigest()


def lines_of(text: str | None) -> list[str]:
    """Return the lines of a file, without their line feeds. Only a line feed ends one: a reason may hold others."""
    return text.removesuffix("\n").split("\n") if text else []


def appended(text: str | None, entries: Iterable[Entry], now: datetime) -> str:
    """Return the text of a file with these entries after what it holds."""
    lines = lines_of(text)
    for entry in entries:
        previous = digest(lines[-1]) if lines else ""
        data = {"line": len(lines) + 1, "at": iso(now), "event": entry.event, **entry.facts, "previous": previous}
        lines.append(json.dumps(data, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


def first_broken(text: str | None) -> int | None:
    """Return the number of the first line that does not follow the one before it, None if all do."""
    previous = ""
    for number, line in enumerate(lines_of(text), 1):
        try:
            data = json.loads(line)
        except ValueError:
            return number
        if not isinstance(data, dict) or (data.get("line"), data.get("previous")) != (number, previous):
            return number
        previous = digest(line)
    return None


@dataclass
class Evidence:
    """The file of one window. Several runs may write to it; each entry is written once, whole, and on the disk."""

    store: FileStore
    sleep: Callable[[float], object]
    _text: str | None = None

    def add(self, *entries: Entry) -> None:
        """Append entries. Raises ``Failure`` for a file that cannot be written, or was changed by other hands."""
        stored = self.store.stored()
        for attempt in range(1, _TRIES + 1):
            if broken := first_broken(stored.text):
                raise Failure(
                    "add to the evidence",
                    self.store.where,
                    f"line {broken} does not follow the line before it: the file was changed by other hands",
                    "Keep it as it is, and name another folder for the evidence",
                )
            text = appended(stored.text, entries, stored.now)
            try:
                self.store.replace(stored.text, text)
            except Conflict:
                stored = self.store.stored()
                if (stored.text or "").startswith(text):
                    break  # it was written, and the answer was lost
                if attempt == _TRIES:
                    raise
                self.sleep(_PAUSE)
            else:
                break
        self._text = text

    @property
    def last_digest(self) -> str:
        """The digest of the last line that was written here, "" before."""
        lines = lines_of(self._text)
        return digest(lines[-1]) if lines else ""
