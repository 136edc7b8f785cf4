# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What has to be written so that the windows of a system are as asked: each of them is one silence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import Matchers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._server import Alert, Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._silence import (
    ACTIVE,
    Silence,
    comment_for,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, Window, with_opened


@dataclass(frozen=True)
class Wish:
    """What a task asks for. ``duration`` is the end of a window that is opened without one, from its opening on."""

    enabled: bool
    system: str
    matchers: Matchers
    opening: Opening
    duration: str = ""
    all_windows: bool = False


@dataclass(frozen=True)
class Reading:
    """The server's time, its silences that have not expired and, if they were asked for, the alerts that fit."""

    now: datetime
    silences: tuple[Silence, ...] = ()
    alerts: tuple[Alert, ...] = ()

    def own(self, system: str) -> tuple[Silence, ...]:
        """Return the silences of the windows of a system, the longest first."""
        found = (silence for silence in self.silences if silence.window and silence.system == system)
        return tuple(sorted(found, key=lambda silence: silence.ends, reverse=True))

    def foreign(self, system: str) -> tuple[Silence, ...]:
        """Return all other silences."""
        return tuple(silence for silence in self.silences if not (silence.window and silence.system == system))


class Step(Protocol):
    """One request."""

    def carry_out(self, server: Server) -> None:
        """Send it. Raises ``Failure``."""


@dataclass(frozen=True)
class Write:
    """Create the silence of a window, or change ``former``: Alertmanager puts a new one in its place if it must."""

    system: str
    window: Window
    matchers: Matchers
    now: datetime
    former: Silence | None = None

    def carry_out(self, server: Server) -> None:
        """Send it. Raises ``Failure``."""
        if self.window.expires is None:
            raise ValueError("a silence needs an end")
        keeps = self.former and self.former.state == ACTIVE and same(self.former.matchers, self.matchers)
        server.write(
            {
                **({"id": self.former.id} if self.former else {}),
                "matchers": [matcher.body() for matcher in self.matchers],
                "startsAt": self.former.starts if self.former and keeps else iso(self.now),
                "endsAt": iso(self.window.expires),
                "createdBy": self.window.owner,
                "comment": comment_for(self.system, self.window),
            }
        )


@dataclass(frozen=True)
class Expire:
    """End a silence now."""

    silence: Silence

    def carry_out(self, server: Server) -> None:
        """Send it. Raises ``Failure``."""
        server.expire(self.silence.id)


def plan(wish: Wish, reading: Reading) -> Plan[Step]:
    """Compare a reading with what is asked for. Raises ``Invalid`` for a window that cannot be."""
    return _opened(wish, reading) if wish.enabled else _closed(wish, reading)


def windows(silences: Iterable[Silence]) -> tuple[Window, ...]:
    """Return the windows of silences, each once (by its silence that comes first), the oldest first."""
    found: dict[str, Window] = {}
    for silence in silences:
        if silence.window:
            found.setdefault(silence.window.id, silence.window)
    return tuple(sorted(found.values(), key=lambda window: window.opened))


def same(some: Matchers, others: Matchers) -> bool:
    """Whether two lists of matchers mean the same."""
    return set(some) == set(others)


def loud(reading: Reading, system: str) -> tuple[Alert, ...]:
    """Return the alerts that fit and that no silence of the system suppresses."""
    own = {silence.id for silence in reading.own(system)}
    return tuple(alert for alert in reading.alerts if not own & set(alert.silenced_by))


def _opened(wish: Wish, reading: Reading) -> Plan[Step]:
    own = reading.own(wish.system)
    name = wish.opening.id.strip()
    of_window = [silence for silence in own if silence.window and silence.window.id == name]
    opening = wish.opening if of_window or wish.opening.expires else replace(wish.opening, expires=wish.duration)
    window = next(each for each in with_opened(windows(own), opening, reading.now) if each.id == name)
    former = of_window[0] if of_window else None
    steps: list[Step] = []
    if not (former and former.window == window and former.state == ACTIVE and same(former.matchers, wish.matchers)):
        steps.append(Write(wish.system, window, wish.matchers, reading.now, former))
    # Two runs that created it at the same time.
    steps += [Expire(silence) for silence in of_window[1:]]
    others = [silence for silence in own if silence not in of_window]
    after = sorted([*map(_shown, others), _line(window, wish.matchers)])
    pending = () if steps else tuple(f"{alert} is not silenced yet" for alert in loud(reading, wish.system))
    return Plan(_diff(map(_shown, own)), _diff(after), tuple(steps), pending)


def _closed(wish: Wish, reading: Reading) -> Plan[Step]:
    own = reading.own(wish.system)
    name = wish.opening.id.strip()
    ends = [silence for silence in own if wish.all_windows or (silence.window and silence.window.id == name)]
    left = [silence for silence in own if silence not in ends]
    return Plan(_diff(map(_shown, own)), _diff(map(_shown, left)), tuple(Expire(silence) for silence in ends))


def _diff(lines: Iterable[str]) -> dict[str, Any]:
    return {"silences": sorted(lines)}


def _shown(silence: Silence) -> str:
    return _line(silence.window, silence.matchers) if silence.window else str(silence)


def _line(window: Window, matchers: Sequence[object]) -> str:
    end = iso(window.expires) if window.expires else "no end"
    return f"{window} until {end}: {', '.join(sorted(map(str, matchers)))}"
