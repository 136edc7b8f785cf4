# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status rows of several systems as one table for a terminal or a job log. Pure; knows no product."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import first_end
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line

_COLUMNS = ("SYSTEM", "KIND", "MODE", "VERIFIED", "SINCE", "OWNER", "EXPIRES", "REASON")
_WIDTH = 120
_LEAST = {"REASON": 26, "OWNER": 10}
"""What is cut, in this order, if a row is wider than a terminal: the reason first, never the name of a system."""
_WAYS = {"enabled": "into maintenance mode", "disabled": "out of it"}
_RECENT = timedelta(days=150)


@dataclass(frozen=True)
class Line:
    """A line of the table; ``attention``: somebody should look at what it says."""

    text: str
    attention: bool = False


def render(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[Line]:
    """Return the lines of the table, a row a system, its notes below it. Moments are in UTC; ``now`` is aware."""
    if not rows:
        return [Line("No system was asked.")]
    cells = [_COLUMNS, *(_cells(row, now) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    for title, least in _LEAST.items():
        column = _COLUMNS.index(title)
        excess = max(0, sum(widths) + 2 * (len(widths) - 1) - _WIDTH)
        widths[column] = max(widths[column] - excess, min(least, widths[column]))
    lines = [Line(_line(cells[0], widths)), Line(_line(tuple("-" * width for width in widths), widths))]
    for row, texts in zip(rows, cells[1:], strict=True):
        attention = bool(row.get("overdue")) or row.get("mode") not in ("normal", "maintenance")
        lines.append(Line(_line(texts, widths), attention or row.get("verified") is False))
        for note in [*_overdue(row), *(row.get("notes") or [])]:
            wrapped = textwrap.wrap(
                f"! {one_line(str(note))}", _WIDTH - 4, subsequent_indent="  ", break_on_hyphens=False
            )
            lines += [Line(f"    {part}", attention=True) for part in wrapped]
        if usually := _usually(row.get("usually") or {}):
            lines.append(Line(f"    {usually}"))
    return lines


def _usually(seconds: Mapping[str, float]) -> str:
    """Say how long the switches of a system take, as far as it is known: "usually 6 minutes into maintenance mode"."""
    ways = [f"{spoken(seconds[state])} {way}" for state, way in _WAYS.items() if state in seconds]
    return f"usually {', '.join(ways)}" if ways else ""


def _overdue(row: Mapping[str, Any]) -> list[str]:
    if not row.get("overdue"):
        return []
    if row.get("mode") == "changing" and not row.get("windows"):
        return ["overdue: it was to be out of maintenance mode by now"]
    return [f"overdue since {first_end(row) or 'the end of one of its windows'}"]


def _cells(row: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    host = one_line(str(row.get("host") or ""))
    return (
        one_line(str(row.get("system", "?"))) + (f" ({host})" if host else ""),
        one_line(str(row.get("kind") or "")),
        one_line(str(row.get("mode", "unknown"))),
        _yes_no(row.get("verified")),
        _moment(row.get("since"), now),
        one_line(str(row.get("owner") or ("somebody else" if row.get("managed") is False else ""))),
        "OVERDUE" if row.get("overdue") else _moment(row.get("expires"), now),
        one_line(str(row.get("reason") or "")),
    )


def _yes_no(value: bool | None) -> str:
    return "?" if value is None else "yes" if value else "no"


def _moment(text: str | None, now: datetime) -> str:
    """Shorten ISO 8601 to what a person reads; UTC throughout, since a team sits in many zones."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return one_line(text)
    return moment.strftime("%m-%d %H:%MZ" if abs(moment - now) < _RECENT else "%Y-%m-%d")


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    cut = (text if len(text) <= width else f"{text[: width - 3]}..." for text, width in zip(texts, widths, strict=True))
    return "  ".join(text.ljust(width) for text, width in zip(cut, widths, strict=True)).rstrip()
