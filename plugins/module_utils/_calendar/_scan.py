# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A quick look through the text of a calendar: which events can matter for a time at all, without reading the others.

The library takes a third of a second for a thousand events, most of which are over. So only the days at which an event
begins and ends are looked for here, and what is not certain counts as any time. No date is judged here: what can matter
is read by the library, from the lines that say when it is. Pure, without the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_FOLDED = re.compile(r"\n[ \t]")
_FRAME = re.compile(r"^(begin|end):([\w-]+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_HEAD = re.compile(r"^(X-WR-CALNAME|NAME|X-WR-TIMEZONE)(?:;[^:\n]*)?:(.*)$", re.IGNORECASE | re.MULTILINE)
_KEPT = re.compile(
    r"^((DTSTART|DTEND|DURATION|RRULE|RDATE|EXRULE|EXDATE|RECURRENCE-ID|SEQUENCE|STATUS|SUMMARY|UID)[;:].*)$",
    re.IGNORECASE | re.MULTILINE,
)
_DAY = re.compile(r":(\d{8})(?:T\d{6}Z?)?[ \t]*$")
_UNTIL = re.compile(r"[;:]UNTIL=(\d{8})", re.IGNORECASE)
_TZID = re.compile(r"^TZID(?:;[^:\n]*)?:(.*)$", re.IGNORECASE | re.MULTILINE)

# No time zone is further from UTC than a day, nor a day longer; one more for good measure.
_MARGIN = timedelta(days=3)
_ANY = (date.min, date.max)


class Unreadable(ValueError):
    """The text is no whole calendar; says what it is instead."""


@dataclass(frozen=True)
class Block:
    """One VEVENT: the lines that say when it is, and between which days it lies at the most."""

    uid: str
    lines: tuple[str, ...]
    first: date
    last: date
    overrides: bool


@dataclass(frozen=True)
class Series:
    """The events with one UID: a series and what was changed in it, or a single event."""

    blocks: tuple[Block, ...]

    def can_matter(self, first: date, last: date) -> bool:
        """Whether it can reach into the time between two days in UTC."""
        begins, ends = min(block.first for block in self.blocks), max(block.last for block in self.blocks)
        return begins <= _shifted(last, _MARGIN) and _shifted(first, -_MARGIN) <= ends

    @property
    def doubled(self) -> bool:
        """Whether two events claim to be the series itself; the library would see only one of them."""
        return sum(not block.overrides for block in self.blocks) > 1


@dataclass(frozen=True)
class Scan:
    """A calendar. ``zones`` are its VTIMEZONE components by TZID, as text; ``zone`` is the name of its own zone."""

    name: str
    zone: str
    zones: dict[str, str]
    series: tuple[Series, ...]


def scan(text: str) -> Scan:
    """Look through the text of a calendar. Raises ``Unreadable``."""
    text = text.replace("\r\n", "\n").strip() + "\n"
    text = _FRAME.sub(lambda frame: frame[0].strip().upper(), _FOLDED.sub("", text))
    if not text.strip():
        raise Unreadable("it is empty")
    if not text.startswith("BEGIN:VCALENDAR\n"):
        raise Unreadable("it is an HTML page" if "<html" in text[:4096].lower() else "it is not in iCalendar format")
    if not text.endswith("END:VCALENDAR\n") or any(
        text.count(f"\nBEGIN:{kind}\n") != text.count(f"\nEND:{kind}\n") for kind in ("VEVENT", "VTIMEZONE")
    ):
        raise Unreadable("it is cut off or damaged: a component in it has no end")
    head = {name.upper(): value for name, value in _HEAD.findall(_without(text, "VEVENT"))}
    series: dict[str, list[Block]] = {}
    for number, content in enumerate(_components(text, "VEVENT")):
        block = _block(content, number)
        series.setdefault(block.uid, []).append(block)
    return Scan(
        _plain(head.get("X-WR-CALNAME") or head.get("NAME") or ""),
        head.get("X-WR-TIMEZONE", "").strip(),
        {
            tzid[1].strip(): f"BEGIN:VTIMEZONE\n{content}END:VTIMEZONE\n"
            for content in _components(text, "VTIMEZONE")
            if (tzid := _TZID.search(content))
        },
        tuple(Series(tuple(blocks)) for blocks in series.values()),
    )


def text_of(chosen: Iterable[tuple[str, Series]], zones: Iterable[str]) -> str:
    """Return a calendar with these series alone, each under the name that is given with it as its UID."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:quiesce.maintenance"]
    lines += [zone.rstrip("\n") for zone in zones]
    for name, series in chosen:
        for block in series.blocks:
            lines += ["BEGIN:VEVENT", f"UID:{name}", *block.lines, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _components(text: str, kind: str) -> Iterator[str]:
    for piece in text.split(f"\nBEGIN:{kind}\n")[1:]:
        yield piece.partition(f"END:{kind}\n")[0]


def _without(text: str, kind: str) -> str:
    head, *pieces = text.split(f"\nBEGIN:{kind}\n")
    return "\n".join([head, *(piece.partition(f"END:{kind}\n")[2] for piece in pieces)])


def _block(content: str, number: int) -> Block:
    if "BEGIN:" in content:
        content = _outermost(content)  # an alarm has a duration, too
    found = _KEPT.findall(content)
    values = {name.upper(): line for line, name in found}
    uid = values.pop("UID", "").partition(":")[2].strip()
    kept = tuple(line for line, _name in found if line[:3].upper() != "UID")
    once = sum(not line.upper().startswith("EXDATE") for line in kept)
    reach = _reach(values, repeats=once > len(values.keys() - {"EXDATE"}))
    # One without an id is nobody's series; no id can look like this one.
    return Block(uid or f"\n{number}", kept, *reach, "RECURRENCE-ID" in values)


def _outermost(content: str) -> str:
    """Return the lines of a component without those of the components in it."""
    lines, depth = [], 0
    for line in content.split("\n"):
        if line.startswith("BEGIN:"):
            depth += 1
        elif line.startswith("END:"):
            depth -= 1
        elif depth <= 0:
            lines.append(line)
    return "\n".join(lines)


def _reach(values: dict[str, str], *, repeats: bool) -> tuple[date, date]:
    """Return between which days an event lies with all that repeats of it, as far as that is certain."""
    start = _day(values.get("DTSTART", ""))
    end = _day(values["DTEND"]) if "DTEND" in values else start
    if start is None or end is None or "DURATION" in values or "RDATE" in values or repeats:
        return _ANY
    if "RECURRENCE-ID" in values and "RANGE" in values["RECURRENCE-ID"].upper():
        return _ANY
    if end < start:
        return end, start  # what the library is to judge where one of the two can matter
    if "RRULE" in values:
        until = _UNTIL.search(values["RRULE"])
        last = _day(f":{until[1]}") if until else None
        return start, _shifted(max(last, start), end - start) if last else date.max
    return start, end


def _day(line: str) -> date | None:
    found = _DAY.search(line)
    try:
        return date(int(found[1][:4]), int(found[1][4:6]), int(found[1][6:])) if found else None
    except ValueError:
        return None


def _shifted(day: date, by: timedelta) -> date:
    try:
        return day + by
    except OverflowError:
        return date.max if by > timedelta(0) else date.min


def _plain(text: str) -> str:
    r"""Return a text without the backslashes that iCalendar puts before commas and the like."""
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], text).strip()
