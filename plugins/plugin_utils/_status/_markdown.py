# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status for the summary of a pipeline, in Markdown (GitHub's, GitLab's, Azure's). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import ANY
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import (
    Group,
    OpenWindow,
    Picture,
    headline,
    points,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._words import (
    clock,
    counted,
    day,
    length,
    listing,
)

_MOST = 20
"""Names in a cell, and windows in the list of those that were closed."""

# CommonMark takes a backslash before any of these. No text stands at the beginning of a line, where more is special.
_SPECIAL = re.compile(r"([\\`*_\[\]#!|~$]|:(?=//))")


def write(picture: Picture) -> str:
    """Return the text of the file."""
    counts = picture.counts()
    modes = f"{counts['maintenance']} in maintenance mode, {counts['normal']} in normal operation"
    parts = [
        "## Maintenance status",
        f"**{escaped(', '.join(points(picture)) or headline(picture))}**",
        f"{counted(counts['systems'], 'system')}, {modes}; {escaped(day(picture.at))}"
        + ("" if picture.selection.whole else f"; {escaped(str(picture.selection))}"),
    ]
    if groups := [group for group in picture.groups() if group.word]:
        parts += ["### Needs attention", _table(("Systems", "Why", "Notes"), map(_group, groups))]
    if picture.windows:
        titles = ("Window", "Owner", "Reason", "Systems", "Ends (UTC)")
        parts += ["### Open windows", _table(titles, (_window(window, picture) for window in picture.windows))]
    if picture.recent:
        rows = (
            (_named(each.window.id), each.window.owner, each.window.reason, clock(each.closed, picture.at), each.result)
            for each in picture.recent[:_MOST]
        )
        parts += ["### Closed windows", _table(("Window", "Owner", "Reason", "Closed (UTC)", "Result"), rows)]
    if picture.problems:
        parts += [f"**Could not be read:** {escaped(problem)}" for problem in picture.problems]
    if picture.systems and not counts[ANY] and not picture.windows:
        parts.append("Every system is in normal operation.")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return a text that reads as it is: no markup, no HTML, no link, no mention."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # What "www." and "@" begin is found after the backslashes are gone; an entity keeps them apart.
    return _SPECIAL.sub(r"\\\1", plain).replace("@", "&#64;").replace("www", "w&#119;w")


def _group(group: Group) -> Sequence[str]:
    kinds = ", ".join(dict.fromkeys(filter(None, (system.kind for system in group.systems))))
    names = listing([system.full_name for system in group.systems], _MOST)
    return f"{names} [{kinds}]" if kinds else names, group.word, group.text


def _window(window: OpenWindow, picture: Picture) -> Sequence[str]:
    if window.last is None:
        ends = "no end"
    elif window.overdue or window.last < picture.at:
        ends = f"{clock(window.last, picture.at)}, over for {length(picture.at - window.last)}"
    else:
        ends = f"{clock(window.last, picture.at)}, in {length(window.last - picture.at)}"
    names = listing([system.full_name for system in window.systems], _MOST) or "on no system"
    return _named(window.name), window.window.owner, window.window.reason, names, ends


def _named(name: str) -> str:
    return name or "(no name)"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
