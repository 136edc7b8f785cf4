# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Why somebody should look at a system, and the words for that in options, files and metrics. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, MAINTENANCE, NORMAL, UNKNOWN

OVERDUE, FOREIGN, UNVERIFIED, FAULTY = "overdue", "foreign", "unverified", "faulty"
ATTENTION = (OVERDUE, UNKNOWN, FOREIGN, CHANGING, UNVERIFIED, FAULTY)
"""The gravest first."""

ANY = "attention"
WORDS = (*ATTENTION, ANY, MAINTENANCE, NORMAL)
"""What options may say of a system."""


def attention(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why somebody should look at the system of a row, the gravest first."""
    mode = row["mode"]
    found = {
        OVERDUE: bool(row["overdue"]),
        UNKNOWN: mode == UNKNOWN,
        # Also where the record cannot be read, so that nobody knows whose it is.
        FOREIGN: mode == MAINTENANCE and not row["windows"],
        CHANGING: mode == CHANGING,
        UNVERIFIED: mode in (NORMAL, MAINTENANCE) and row["verified"] is False,
        FAULTY: bool(row.get("faults")),
    }
    return tuple(word for word in ATTENTION if found[word])


def fits(row: Mapping[str, Any], word: str) -> bool:
    """Whether one of ``WORDS`` is true of a row."""
    words = attention(row)
    return bool(words) if word == ANY else word in words or word == row["mode"]


def listed(given: Sequence[str] | None) -> list[str]:
    """Return the items of a list; a text area of a survey has one a line, and what is blank is none.

    A text is split at its commas before, as Ansible does it; an item of a list may hold some: "Keller, Anna".
    """
    parts = (line.strip() for item in given or () for line in str(item).splitlines())
    return list(dict.fromkeys(filter(None, parts)))


def words(option: str, given: Sequence[str] | None) -> list[str]:
    """Return the words of an option. Raises ``Invalid`` for one that is none of ``WORDS``."""
    found = list(dict.fromkeys(word.lower() for word in listed(given)))
    for word in found:
        if word not in WORDS:
            close = difflib.get_close_matches(word, WORDS, 1)
            meant = f"Did you mean {close[0]}? " if close else ""
            raise Invalid(option, f'"{word}" is not a word for a system', f"{meant}Use {', '.join(WORDS)}")
    return found
