# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The picture of an estate at one moment: its systems, the windows that hold them, and what needs attention. Pure.

Every format is written from it. Texts of other people are on one line here, without what a terminal or a page obeys;
``System.row`` alone has them as they came.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._recent import Closed
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import FOREIGN as UNRECORDED
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MODES, NORMAL, UNKNOWN, first_end
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Times, usual
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT, Window, named, parse_windows
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import (
    ANY,
    ATTENTION,
    FOREIGN,
    OVERDUE,
    attention,
    fits,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._words import counted

_LONGEST = 1000
"""Characters of a text: a reason may be a whole mail."""

_FAR = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Selection:
    """What was left out: the ``limit`` of the run, and the filters by words, windows and owners."""

    limit: str = ""
    only: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing was."""
        return not (self.limit or self.only or self.windows or self.owners)

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is in the picture.

        One of which nothing is known may be of any window and owner. So may one that is not in normal operation and has
        no window: its record may be lost or broken, and who waits for a window to be closed would be told that it is.
        """
        if self.only and not any(fits(row, word) for word in self.only):
            return False
        if row["mode"] == UNKNOWN or (row["mode"] != NORMAL and not row["windows"]):
            return True
        owners = {owner.casefold() for owner in self.owners}
        return (not self.windows or any(window["id"] in self.windows for window in row["windows"])) and (
            not owners or any(window["owner"].casefold() in owners for window in row["windows"])
        )

    def __str__(self) -> str:
        parts = [
            f"limit {self.limit}" if self.limit else "",
            f"only {', '.join(self.only)}" if self.only else "",
            f"window {', '.join(self.windows)}" if self.windows else "",
            f"owner {', '.join(self.owners)}" if self.owners else "",
        ]
        return shortened("; ".join(filter(None, parts)), _LONGEST)


@dataclass(frozen=True)
class System:
    """A system as its row says it. ``host`` is the inventory's, ``place`` the manager or machine that it belongs to.

    ``usually`` has the seconds that its switches take, by direction. ``notes`` are without those that only name the
    windows.
    """

    row: Mapping[str, Any]
    host: str
    name: str
    kind: str
    place: str
    since: datetime | None
    expires: datetime | None
    windows: tuple[Window, ...]
    attention: tuple[str, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]
    usually: Mapping[str, float]

    @property
    def mode(self) -> str:
        """One of ``MODES``."""
        return str(self.row["mode"])

    @property
    def overdue(self) -> bool:
        """Whether one of its windows should be over."""
        return OVERDUE in self.attention

    @property
    def first_end(self) -> datetime | None:
        """When its first window was to be over, while ``expires`` is the end of its last."""
        return _moment(first_end(self.row))

    @property
    def full_name(self) -> str:
        """Its name, with its place if it has one."""
        return f"{self.name} ({self.place})" if self.place else self.name


@dataclass(frozen=True)
class OpenWindow:
    """A window over all systems that it holds, which may have opened and have to close it at different times.

    ``work`` says which run is at work for it, and ``held`` whether it still is; "" for a window of plain enable.
    """

    window: Window
    systems: tuple[System, ...]
    last: datetime | None
    overdue: bool
    work: str = ""
    held: bool = False

    @property
    def name(self) -> str:
        """Its id, "" for the one that nobody gave a name."""
        return "" if self.window.id == DEFAULT else self.window.id


@dataclass(frozen=True)
class Group:
    """Systems of which the same is to be said: the gravest ``word`` ("" if none), and the ``text``."""

    word: str
    text: str
    systems: tuple[System, ...]


@dataclass(frozen=True)
class Picture:
    """An estate ``at`` one moment. ``problems`` say what could not be read, ``open_ids`` which windows are open on any
    system that was asked, whatever the selection."""

    at: datetime
    systems: tuple[System, ...]
    windows: tuple[OpenWindow, ...]
    recent: tuple[Closed, ...] = ()
    problems: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    open_ids: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return how many systems there are, of each mode, and of each word for attention."""
        modes = Counter(system.mode for system in self.systems)
        words = Counter(word for system in self.systems for word in system.attention)
        return {
            "systems": len(self.systems),
            **{mode: modes[mode] for mode in MODES},
            **{word: words[word] for word in ATTENTION if word not in MODES},
            ANY: sum(bool(system.attention) for system in self.systems),
        }

    def overdue(self) -> list[OpenWindow]:
        """Return the windows that should be over."""
        return [window for window in self.windows if window.overdue]

    def groups(self) -> list[Group]:
        """Return what is to be said of systems beside their windows, the gravest first."""
        told = {id(system) for window in self.overdue() for system in window.systems}
        found: dict[tuple[str, str], list[System]] = {}
        for system in self.systems:
            words = [word for word in system.attention if not (word == OVERDUE and id(system) in told)]
            if words or system.notes:
                # That nobody knows who turned it on is what the word itself says.
                notes = [note for note in system.notes if not (FOREIGN in words and note == UNRECORDED)]
                found.setdefault((words[0] if words else "", " · ".join(notes)), []).append(system)
        order = (*ATTENTION, "")
        groups = [Group(word, text, tuple(systems)) for (word, text), systems in found.items()]
        return sorted(groups, key=lambda group: order.index(group.word))


def points(picture: Picture) -> list[str]:
    """Return what needs attention, the gravest first, each in a few words."""
    counts = Counter(group.word for group in picture.groups() for _system in group.systems)
    windows = len(picture.overdue())
    lost = sum(not window.systems for window in picture.windows)
    found = [
        f"{counted(windows, 'window')} {_are(windows)} overdue" if windows else "",
        *(
            f"{counted(number, 'system')} {text.format(are=_are(number))}"
            for word, text in _SAID.items()
            if (number := counts[word])
        ),
        f"{counted(lost, 'window')} {_are(lost)} on no system" if lost else "",
        f"{counted(len(picture.problems), 'record')} could not be read" if picture.problems else "",
    ]
    return list(filter(None, found))


def headline(picture: Picture) -> str:
    """Return what a person is to know first: the two gravest points."""
    if not picture.systems:
        return "No system is in this report"
    return " and ".join(points(picture)[:2]) or "Nothing needs attention"


_SAID = {
    OVERDUE: "{are} overdue",
    "unknown": "could not be asked",
    "foreign": "{are} in maintenance mode without a window",
    "changing": "{are} between two modes",
    "unverified": "{are} not yet in the mode that was set",
    "faulty": "{are} not as it should be",
}


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def picture(
    placed: Iterable[tuple[str, str, Mapping[str, Any]]],
    book: Mapping[str, Record],
    at: datetime,
    *,
    times: Times | None = None,
    recent: Sequence[Closed] = (),
    problems: Sequence[str] = (),
    selection: Selection | None = None,
) -> Picture:
    """Draw the picture of these rows, each with the host that asked and the name of its system, and of the book."""
    selection = selection or Selection()
    seen = list(placed)
    systems = sorted(
        (_system(host, name, row, times or {}) for host, name, row in seen if selection.takes(row)), key=_order
    )
    sure = selection.whole and all(row["mode"] != UNKNOWN for _host, _name, row in seen)
    return Picture(
        at,
        tuple(systems),
        tuple(_windows(systems, book, at, sure=sure)),
        tuple(_clean_closed(each) for each in sorted(recent, key=lambda each: each.closed, reverse=True)),
        tuple(shortened(problem, _LONGEST) for problem in problems),
        selection,
        tuple(sorted({_clean(window["id"]) for _host, _name, row in seen for window in row["windows"]}, key=natural)),
    )


def _system(host: str, name: str, row: Mapping[str, Any], times: Times) -> System:
    windows = parse_windows(row["windows"])
    redundant = {text for default in (False, True) for text in named(windows, default=default)}
    words = attention(row)
    usually = {
        state: seconds
        for state in ("enabled", "disabled")
        if (seconds := usual(times, f"{name} {host}", state)) is not None
    }
    return System(
        {**row, "attention": list(words), "usually": usually},
        host,
        _clean(row["system"]) or "?",
        _clean(row["kind"]),
        _clean(row["host"]),
        _moment(row["since"]),
        _moment(row["expires"]),
        tuple(map(_clean_window, windows)),
        words,
        tuple(_clean(note) for note in row["notes"] if note not in redundant),
        tuple(map(_clean, row.get("faults", ()))),
        usually,
    )


def _order(system: System) -> tuple[Any, ...]:
    """The gravest first, of these what is over the longest; then what is in maintenance mode, by its end; by name."""
    first = ATTENTION.index(system.attention[0]) if system.attention else len(ATTENTION)
    calm = 0 if system.windows else 1
    end = system.first_end if system.overdue else system.expires
    return (first, calm, end or _FAR, natural(system.name), system.kind, system.place)


def natural(text: str) -> list[tuple[int, int, str]]:
    """Return a key that puts dev2 before dev10."""
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part.casefold())
        for part in re.split(r"([0-9]{1,9})", text)
    ]


def _windows(systems: Sequence[System], book: Mapping[str, Record], at: datetime, *, sure: bool) -> list[OpenWindow]:
    held: dict[tuple[str, ...], list[tuple[System, Window]]] = {}
    for system in systems:
        for window in system.windows:
            # Many people have a window without a name, which are not one.
            about = (window.owner, window.reason, window.ticket) if window.id == DEFAULT else ()
            held.setdefault((window.id, *about), []).append((system, window))
    leases = {_clean(name): record.lease for name, record in book.items()}
    found = [_open(holds, leases.get(key[0]), at) for key, holds in held.items()]
    ids = {key[0] for key in held}
    for name, record in book.items():
        # A window that is just being opened or closed is on no system yet, or any more.
        lease = record.lease
        if sure and _clean(name) not in ids and record.windows and not (lease and lease.alive(at)):
            window = _clean_window(record.windows[0])
            found.append(OpenWindow(window, (), window.expires, False, str(lease or "")))
    return sorted(found, key=lambda each: (not each.overdue, each.last or _FAR, natural(each.window.id)))


def _open(holds: Sequence[tuple[System, Window]], lease: Any, at: datetime) -> OpenWindow:
    windows = [window for _system, window in holds]
    ends = [window.expires for window in windows]
    last = max((end for end in ends if end), default=None) if all(ends) else None
    together = replace(
        windows[0],
        opened=min(window.opened for window in windows),
        expires=min((end for end in ends if end), default=None),
        owner=_together(window.owner for window in windows),
        reason=_together(window.reason for window in windows),
        ticket=_together(window.ticket for window in windows),
    )
    over = any(system.overdue and _is_the_one(system, window, at) for system, window in holds)
    alive = bool(lease and lease.alive(at))
    work = _clean(str(lease)) if lease else ""
    return OpenWindow(together, tuple(system for system, _window in holds), last, over, work, alive)


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _is_the_one(system: System, window: Window, at: datetime) -> bool:
    """Whether a window is why a system is overdue. Its clock may be another one than that of the controller."""
    ends = [each.expires for each in system.windows if each.expires]
    return window.overdue(at) or (window.expires is not None and window.expires == min(ends))


def _clean(text: object) -> str:
    return shortened(str(text or ""), _LONGEST)


def _clean_window(window: Window) -> Window:
    return replace(
        window,
        id=_clean(window.id),
        owner=_clean(window.owner),
        reason=_clean(window.reason),
        ticket=_clean(window.ticket),
    )


def _clean_closed(each: Closed) -> Closed:
    return replace(each, window=_clean_window(each.window), result=_clean(each.result))


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 does not read it
        return moment.astimezone(timezone.utc) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
