"""Texts of iCalendar files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

Event = Sequence[str]

_ids = count(1)


def event(*lines: str, title: str = "Night", uid: str = "") -> Event:
    """A VEVENT with these lines; without ``uid`` one of its own."""
    return ["BEGIN:VEVENT", f"UID:{uid or next(_ids)}", f"SUMMARY:{title}", *lines, "END:VEVENT"]


def calendar(*parts: Event, head: Sequence[str] = ()) -> str:
    """A whole calendar of events and other components; ``head`` are lines of its own."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *head, *(line for part in parts for line in part)]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])
