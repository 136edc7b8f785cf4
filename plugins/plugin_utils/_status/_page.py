# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status as one page for people, in itself complete: no script, nothing from elsewhere. Pure.

The page is a template beside this file, which escapes every text, and its style.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _recent
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, MAINTENANCE, NORMAL, UNKNOWN
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import (
    ANY,
    FAULTY,
    FOREIGN,
    OVERDUE,
    UNVERIFIED,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import (
    Group,
    OpenWindow,
    Picture,
    System,
    headline,
    points,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._words import (
    clock,
    counted,
    day,
    length,
    seconds,
)
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

_HERE = Path(__file__).parent
_FOLD = 40
"""Names of a window or of one text that are shown; more are folded away."""
_MANY = 120
"""Systems of a page whose names in normal operation are shown; of a larger estate they are folded away."""
_MOST = 12
"""Texts of a group, and windows that were closed, that are shown."""

BAD, LOOK, ON, CALM, DIM = "bad", "look", "on", "calm", "dim"
_ICONS = {BAD: "c62828", LOOK: "e08e0b", CALM: "2e8b57"}

_ABOUT = {
    OVERDUE: (
        "Overdue",
        "Should be out of maintenance mode by now. If the work is done, run disable; otherwise give it a later end.",
    ),
    UNKNOWN: ("Could not be asked", "Whether they are in maintenance mode is not known. This is why:"),
    FOREIGN: (
        "In maintenance mode without a window",
        "Somebody turned it on by other means, or its record is lost or broken. Plain disable ends it without one.",
    ),
    CHANGING: (
        "Between two modes",
        "A run is at work, or was cut off. If it was cut off, run enable or disable again to finish what it began.",
    ),
    UNVERIFIED: ("Not in effect yet", "The mode is set, but the running system does not have it. Run again to finish."),
    FAULTY: ("Not as it should be", "The mode is as recorded, but something else is not right."),
}
_TAGS = {
    FOREIGN: "no window",
    CHANGING: "between two modes",
    UNVERIFIED: "not in effect yet",
    FAULTY: "not as it should be",
}
_TONES = {OVERDUE: BAD, UNKNOWN: DIM}
_RESULTS = {
    _recent.OK: ("closed", CALM),
    _recent.FAILED: ("something failed", LOOK),
    _recent.SWEPT: ("closed by the sweep", LOOK),
}


def write(picture: Picture) -> str:
    """Return the page."""
    groups = picture.groups()
    overdue = picture.overdue()
    counts = picture.counts()
    lost = [window for window in picture.windows if not window.systems and not window.overdue]
    tone = BAD if counts[OVERDUE] or overdue else LOOK if counts[ANY] or picture.problems or lost else CALM
    return _template().render(
        style=_style(),
        headline=_together(headline(picture)),
        also=_together(_also(picture)),
        tone=tone,
        icon=_ICONS[tone],
        at=iso(picture.at),
        day=day(picture.at),
        selection=str(picture.selection),
        segments=[(key, share) for key, share in _segments(picture) if share],
        tiles=_tiles(picture),
        overdue=[_window(window, picture) for window in [*overdue, *lost]],
        groups=list(_grouped(groups)),
        noted=[_item(group) for group in groups if not group.word],
        windows=[_window(each, picture) for each in picture.windows if each.systems and not each.overdue],
        normal=_by_kind(picture.systems),
        recent=[_closed(each, picture) for each in picture.recent[:_MOST]],
        problems=picture.problems,
        many=len(picture.systems) > _MANY,
        fold=_FOLD,
        most=_MOST,
        timed=any(system.mode == NORMAL and "enabled" in system.usually for system in picture.systems),
        counted=counted,
    )


def _also(picture: Picture) -> str:
    """Return the points that are not in the headline, as a sentence."""
    more = points(picture)[2:]
    return f"Also, {', '.join(more)}." if more else ""


def _together(text: str) -> str:
    """Return a sentence in which no line ends between a number and what it counts."""
    return re.sub(r"(?<=\d) ", "\u00a0", text)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("page.html.j2")


@cache
def _style() -> Markup:
    """Return the style without comments and indentation. It is our own text, and a page would not unescape it."""
    css = re.sub(r"/\*.*?\*/", "", (_HERE / "page.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    return Markup(re.sub(r"\s*\n\s*", "\n", re.sub(r" *([{}:;]) +", r"\1", css)).strip())


def _segments(picture: Picture) -> list[tuple[str, int]]:
    """Return the shares of the bar, each system in one of them."""
    overdue = sum(system.overdue for system in picture.systems)
    of_mode = {
        mode: sum(system.mode == mode and not system.overdue for system in picture.systems)
        for mode in (MAINTENANCE, CHANGING, UNKNOWN, NORMAL)
    }
    return [
        (BAD, overdue),
        (ON, of_mode[MAINTENANCE]),
        (LOOK, of_mode[CHANGING]),
        (DIM, of_mode[UNKNOWN]),
        (CALM, of_mode[NORMAL]),
    ]


def _tiles(picture: Picture) -> list[dict[str, Any]]:
    """Return the numbers below the headline: those of the bar, with the place where more is said of them."""
    windows = any(window.systems and not window.overdue for window in picture.windows)
    places = {BAD: "attention", ON: "windows" if windows else "attention", LOOK: CHANGING, DIM: UNKNOWN, CALM: "normal"}
    labels = {
        BAD: "overdue",
        ON: "in maintenance",
        LOOK: "between two modes",
        DIM: "could not be asked",
        CALM: "in normal operation",
    }
    return [
        {"tone": tone, "number": f"{number:,}", "label": labels[tone], "href": places[tone] if number else ""}
        for tone, number in _segments(picture)
        if number or tone in (ON, CALM)
    ]


def _grouped(groups: Sequence[Group]) -> Iterable[dict[str, Any]]:
    for word, (title, says) in _ABOUT.items():
        those = [group for group in groups if group.word == word]
        if those:
            yield {
                "id": word,
                "title": title,
                "says": says,
                "tone": _TONES.get(word, LOOK),
                "number": sum(len(group.systems) for group in those),
                "items": [_item(group) for group in those],
            }


def _item(group: Group) -> dict[str, Any]:
    return {"text": group.text, "systems": [_named(system, group.word) for system in group.systems]}


def _named(system: System, said: str = "") -> dict[str, Any]:
    """Return a system as a name with what is special about it, but for the word that was ``said``."""
    tags = [{"says": _TAGS[word], "tone": LOOK} for word in system.attention if word in _TAGS and word != said]
    return {"name": system.name, "kind": system.kind, "place": system.place, "tags": tags}


def _window(each: OpenWindow, picture: Picture) -> dict[str, Any]:
    window, at = each.window, picture.at
    out = max((system.usually.get("disabled", 0.0) for system in each.systems), default=0.0)
    facts = [
        ("Owner", window.owner, ""),
        ("Ticket", window.ticket, ""),
        ("Opened", clock(window.opened, at), iso(window.opened)),
        (
            "Was to end" if each.overdue else "Ends",
            clock(each.last, at) if each.last else "",
            iso(each.last) if each.last else "",
        ),
        ("Systems", f"{len(each.systems):,}", ""),
        ("Out again in", f"usually {seconds(out)}" if out else "", ""),
        ("Work", ("goes on" if each.held else "its run has ended") if each.work else "", ""),
    ]
    if each.last is None:
        left, spent = "no end", None
    else:
        over = each.overdue or each.last < at
        left = f"over for {length(at - each.last)}" if over else f"{length(each.last - at)} left"
        total = (each.last - window.opened).total_seconds()
        passed = (at - window.opened).total_seconds()
        spent = 100 if over or total <= 0 else max(0, min(100, round(100 * passed / total)))
    return {
        "name": each.name,
        "reason": window.reason,
        "tone": BAD if each.overdue else LOOK if not each.systems else ON,
        "left": left,
        "spent": spent,
        "facts": [fact for fact in facts if fact[1]],
        "systems": [_named(system) for system in each.systems],
    }


def _by_kind(systems: Iterable[System]) -> list[tuple[str, list[dict[str, Any]]]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for system in systems:
        if system.mode == NORMAL:
            entry = _named(system)
            usual = system.usually.get("enabled")
            entry["place"] = ", ".join(filter(None, (entry["place"], seconds(usual) if usual else "")))
            kinds.setdefault(system.kind, []).append(entry)
    return sorted(kinds.items())


def _closed(each: _recent.Closed, picture: Picture) -> Mapping[str, Any]:
    window = each.window
    result, tone = _RESULTS.get(each.result, (each.result, DIM))
    late = window.expires is not None and each.closed > window.expires
    return {
        "name": window.id,
        "owner": window.owner,
        "reason": window.reason,
        "at": iso(each.closed),
        "closed": clock(each.closed, picture.at),
        "lasted": length(each.closed - window.opened),
        "late": length(each.closed - window.expires) if late and window.expires else "",
        "result": result,
        "tone": tone,
    }
