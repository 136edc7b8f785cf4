# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status rows of several systems as one table for a terminal or a job log. Pure; knows no product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

_COLUMNS = ("SYSTEM", "KIND", "MODE", "VERIFIED", "SINCE", "OWNER", "EXPIRES", "REASON")
_WIDEST = 40


def render(rows: Sequence[Mapping[str, Any]], silent: Sequence[str] = ()) -> list[str]:
    """Return the lines of the table, a row a system, its notes below it.

    ``silent`` names systems that were asked and left no row.
    """
    rows = [*rows, *({"system": name, "notes": ["the run failed on it, see above"]} for name in silent)]
    if not rows:
        return ["No system was asked."]
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    lines = [_line(cells[0], widths), _line(tuple("-" * width for width in widths), widths)]
    for row, texts in zip(rows, cells[1:], strict=True):
        lines.append(_line(texts, widths))
        lines += [f"    ! {_plain(note)}" for note in row.get("notes") or []]
    return lines


def _plain(text: Any) -> str:
    """Put a text on one line, without what a terminal takes for commands: people write into it what they like."""
    return "".join(character for character in " ".join(str(text).split()) if character.isprintable())


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    expires = _moment(row.get("expires"))
    return (
        _plain(row.get("system", "?")),
        _plain(row.get("kind") or ""),
        str(row.get("mode", "unknown")),
        _yes_no(row.get("verified")),
        _moment(row.get("since")),
        _short(row.get("owner") or ("somebody else" if row.get("managed") is False else "")),
        f"{expires} OVERDUE" if row.get("overdue") else expires,
        _short(row.get("reason") or ""),
    )


def _yes_no(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"


def _short(text: str) -> str:
    text = _plain(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _moment(text: str | None) -> str:
    """Shorten ISO 8601 to what a person reads; UTC throughout, since a team sits in many zones."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except ValueError:
        return text
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip()
