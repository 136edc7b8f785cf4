# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status for a spreadsheet: a line a system. Pure."""

from __future__ import annotations

import csv
import io

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, System

COLUMNS = (
    "system",
    "kind",
    "host",
    "mode",
    "verified",
    "attention",
    "since",
    "expires",
    "windows",
    "owner",
    "reason",
    "ticket",
    "usually_enabled_seconds",
    "usually_disabled_seconds",
    "notes",
)

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes a cell that begins with it for, also behind a quotation mark of the file's own."""


def write(picture: Picture) -> str:
    """Return the text of the file (RFC 4180). Its byte order mark tells Excel and PowerShell that it is UTF-8.

    A text that a spreadsheet would take for a formula begins with an apostrophe
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(COLUMNS)
    for system in picture.systems:
        lines.writerow([_harmless(cell) for cell in _cells(system)])
    return f"\ufeff{file.getvalue()}"


def _cells(system: System) -> list[str]:
    windows = system.windows
    verified = system.row["verified"]
    return [
        system.name,
        system.kind,
        system.place,
        system.mode,
        "" if verified is None else "yes" if verified else "no",
        " ".join(system.attention),
        iso(system.since) if system.since else "",
        iso(system.expires) if system.expires else "",
        *(
            "; ".join(dict.fromkeys(filter(None, (getattr(window, name) for window in windows))))
            for name in ("id", "owner", "reason", "ticket")
        ),
        *(f"{system.usually[state]:g}" if state in system.usually else "" for state in ("enabled", "disabled")),
        "; ".join(system.notes),
    ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
