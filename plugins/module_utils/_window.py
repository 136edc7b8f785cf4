# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What holds a mode: the set of windows, and the lease of the run that works on the system. Pure; knows no product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import in_utc, iso, parse_moment

DEFAULT = "default"
"""What a window is called that nobody gave a name, so that plain enable and disable stay plain."""

MAX_ID = 64


@dataclass(frozen=True)
class Window:
    """Why a mode is on. Moments are aware and in whole seconds; ``expires`` is None where nobody said an end.

    A window lives until it is closed; past ``expires`` it is overdue.
    """

    id: str
    opened: datetime
    owner: str = ""
    reason: str = ""
    ticket: str = ""
    expires: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Whether it should be over by ``now``."""
        return self.expires is not None and self.expires < now

    def result(self) -> dict[str, Any]:
        """Return the window as records keep it and results show it."""
        return {
            "id": self.id,
            "owner": self.owner,
            "reason": self.reason,
            "ticket": self.ticket,
            "opened": iso(self.opened),
            "expires": iso(self.expires) if self.expires else "",
        }

    def __str__(self) -> str:
        about = ", ".join(filter(None, (self.owner, self.reason, self.ticket)))
        return f"{self.id} ({about})" if about else self.id


@dataclass(frozen=True)
class Lease:
    """The run that works on a system right now, and until when at the latest."""

    run: str
    owner: str
    controller: str
    since: datetime
    until: datetime

    def alive(self, now: datetime) -> bool:
        """Whether the run may still be at work."""
        return now < self.until

    def result(self) -> dict[str, Any]:
        """Return the lease as records keep it and results show it."""
        return {
            "run": self.run,
            "owner": self.owner,
            "controller": self.controller,
            "since": iso(self.since),
            "until": iso(self.until),
        }

    def told(self, now: datetime) -> str:
        """Say to a person whether it is at work or was cut off."""
        return f"{self}" if self.alive(now) else f"{self}, did not finish: run again to complete it"

    def __str__(self) -> str:
        return f"run {self.run} of {self.owner or 'somebody'} on {self.controller}, at work since {iso(self.since)}"


@dataclass(frozen=True)
class Opening:
    """What a task says of a window; an empty text says nothing. ``expires`` is a moment or a duration as text."""

    id: str = DEFAULT
    owner: str = ""
    reason: str = ""
    ticket: str = ""
    expires: str = ""


def with_opened(windows: Sequence[Window], opening: Opening, now: datetime) -> tuple[Window, ...]:
    """Return the windows with this one opened; a window of that id that is open already is changed, never doubled.

    It keeps its owner and when it was opened. A duration counts from the opening, so that the same task run again
    asks for the same end. Raises ``Invalid`` for an id or end that cannot be.
    """
    now = now.replace(microsecond=0)
    name = opening.id.strip()
    if not name or len(name) > MAX_ID or not name.isprintable():
        raise Invalid("window", f'"{opening.id}" is not a valid id', f"Use 1 to {MAX_ID} printable characters")
    found = next((window for window in windows if window.id == name), None)
    window = found or Window(name, now, opening.owner)
    window = replace(
        window,
        reason=opening.reason or window.reason,
        ticket=opening.ticket or window.ticket,
        expires=_end(opening.expires, window, now),
    )
    if found:
        return tuple(window if each is found else each for each in windows)
    return (*windows, window)


def _end(text: str, window: Window, now: datetime) -> datetime | None:
    if not text:
        return window.expires
    try:
        end = parse_moment(text, now=now, base=window.opened).replace(microsecond=0)
    except ValueError as error:
        raise Invalid("expires", str(error)) from None
    if end == window.opened:
        raise Invalid("expires", f'"{text}" ends the window when it begins', 'Use a later end, like "2h"')
    # An end that has passed meanwhile is what the same task asked for when it ran first.
    if end <= now and end != window.expires:
        raise Invalid(
            "expires",
            f'"{text}" is {iso(end)}, which is in the past: it is {iso(now)}',
            "Use a later end; a duration counts from the opening",
        )
    return end


def with_closed(windows: Sequence[Window], name: str | None) -> tuple[Window, ...]:
    """Return the windows without the one called ``name``, or none at all where ``name`` is None."""
    return () if name is None else tuple(window for window in windows if window.id != name.strip())


def named(windows: Sequence[Window], *, default: bool = False) -> list[str]:
    """Say which windows are open, where that is worth a note: of one, only if it has a name, or ``default`` is set."""
    if len(windows) > 1 or (windows and (default or windows[0].id != DEFAULT)):
        return [f"open window{'s' * (len(windows) > 1)}: {'; '.join(map(str, windows))}"]
    return []


def parse_windows(data: object) -> tuple[Window, ...]:
    """Read what ``Window.result`` wrote, a list of them. Raises ValueError for anything else."""
    if not isinstance(data, list):
        raise ValueError("the windows are no list")
    windows = tuple(_parse_window(item) for item in data)
    if len({window.id for window in windows}) != len(windows):
        raise ValueError("two windows have the same id")
    return windows


def _parse_window(data: object) -> Window:
    texts = _texts(data, "id", "owner", "reason", "ticket", "opened", "expires")
    name, owner, reason, ticket, opened, expires = texts
    if not name:
        raise ValueError("a window has no id")
    return Window(name, _moment(opened), owner, reason, ticket, _moment(expires) if expires else None)


def parse_lease(data: object) -> Lease | None:
    """Read what ``Lease.result`` wrote, or None. Raises ValueError for anything else."""
    if data is None:
        return None
    run, owner, controller, since, until = _texts(data, "run", "owner", "controller", "since", "until")
    return Lease(run, owner, controller, _moment(since), _moment(until))


def _texts(data: object, *names: str) -> list[str]:
    if not isinstance(data, Mapping):
        raise ValueError("it holds something that is no object")
    values = [data.get(name, "") for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"one of {', '.join(names)} is no text")
    return values


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f'"{text}" has no time zone')
    return in_utc(moment)
