# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One computer as the manager describes it, and what can be read off it.

Field names and values are those of the vendor's OpenAPI description (and of its Python SDK, deep-security-api).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

OFF = "off"
STARTING = "start-requested"
ON = "on"
STOPPING = "stop-requested"
RESETTING = "reset-duration-requested"
STATUSES = (OFF, STARTING, ON, STOPPING, RESETTING)

# How messages say it: "web01 is on" would be read as a machine that is powered on.
IN = "in maintenance mode"
OUT = "out of maintenance mode"

# An agent without contact is "Offline" or "Managed (Offline)" in the manager's console; other messages hold the word
# too ("Anti-Malware Engine Offline") and say something else.
_OFFLINE = re.compile(r"(managed \()?offline\)?", re.IGNORECASE)


@dataclass(frozen=True)
class Computer:
    """A computer's names and the state of its maintenance mode. Times are seconds since the epoch, in UTC.

    ``status`` is one of ``STATUSES``, or None where the manager shows no Application Control for it; another text is a
    status that only a newer manager knows.
    ``ends`` is the scheduled end, None where there is none or where it is not known yet.
    ``duration`` is the running or requested one in minutes, None for a mode without an end.
    """

    id: int
    host_name: str
    display_name: str = ""
    guid: str = ""
    status: str | None = OFF
    control: str = "on"
    module: str = "active"
    module_message: str = ""
    agent: str = "active"
    agent_messages: tuple[str, ...] = ()
    duration: int | None = None
    started: float | None = None
    ends: float | None = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.host_name or self.display_name or str(self.id)

    @property
    def running(self) -> bool:
        """Whether it is in maintenance mode, as far as the manager knows."""
        return self.status in (ON, RESETTING)

    @property
    def endless(self) -> bool:
        """Whether it is in maintenance mode, or about to be, until somebody takes it out."""
        return self.status in (STARTING, ON, RESETTING) and self.ends is None and self.duration is None

    @property
    def state(self) -> str:
        """How messages say its status; what is only requested is said in the manager's words."""
        return {None: "not shown", OFF: OUT, ON: IN}.get(self.status, self.status or "")

    def minutes_left(self, now: float) -> int | None:
        """Return the whole minutes until the scheduled end, None where none is known."""
        return None if self.ends is None else max(0, int((self.ends - now) // 60))

    def unavailable(self) -> str | None:
        """Say why a change could not reach this computer's agent; None where nothing stands against it."""
        if self.status is None:
            return "the manager shows no Application Control for it (not licensed, hidden, or no right to see it)"
        if self.status not in STATUSES:
            return f"the manager gives it the status {self.status!r}, which is not known here"
        if self.control == "off":
            return "Application Control is off"
        said = f" ({', '.join(self.agent_messages)})" if self.agent_messages else ""
        if self.agent in ("inactive", "not-supported"):
            return f"its agent is {self.agent}{said}"
        if any(_OFFLINE.fullmatch(message.strip()) for message in self.agent_messages):
            return f"its agent is offline{said}"
        if self.module in ("inactive", "error", "not-supported"):
            why = f": {self.module_message}" if self.module_message else ""
            return f"its Application Control module is not active ({self.module}{why})"
        return None

    def report(self, now: float) -> dict[str, Any]:
        """Return what a module's result says of it."""
        return {
            "id": self.id,
            "host_name": self.host_name,
            "display_name": self.display_name,
            "guid": self.guid,
            "status": self.status,
            "since": _iso(self.started) if self.running else None,
            "scheduled_end": _iso(self.ends),
            "minutes_left": self.minutes_left(now),
            "duration": self.duration if self.status not in (None, OFF, STOPPING) else None,
            "application_control": self.control,
            "module_status": self.module,
            "module_message": self.module_message,
            "agent_status": self.agent,
            "agent_messages": list(self.agent_messages),
            "unavailable": self.unavailable(),
        }


def whole(value: object) -> int | None:
    """Return ``value`` if it is a whole number; true and false of JSON, which Python takes for 1 and 0, are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def parse(data: Any) -> Computer:
    """Read a Computer object of the API. Raises ValueError, saying what is wrong, if it is none."""
    if not isinstance(data, Mapping) or whole(data.get("ID")) is None:
        raise ValueError("a computer without a numeric ID")
    control = _object(data, "applicationControl")
    module = _object(control, "moduleStatus")
    agent = _object(data, "computerStatus")
    status = control.get("maintenanceModeStatus") if control else None
    messages = agent.get("agentStatusMessages")
    duration = _minutes(control, "maintenanceModeDuration")
    started = _number(control, "maintenanceModeStartTime")
    return Computer(
        id=data["ID"],
        host_name=_text(data, "hostName"),
        display_name=_text(data, "displayName"),
        guid=_text(data, "hostGUID"),
        status=None if status is None else str(status),
        control=_text(control, "state") if control else "hidden",
        module=_text(module, "agentStatus"),
        module_message=_text(module, "agentStatusMessage"),
        agent=_text(agent, "agentStatus"),
        agent_messages=tuple(map(str, messages)) if isinstance(messages, list) else (),
        duration=duration or None,
        started=None if started is None else started / 1000,
        ends=_scheduled_end(status, started, _number(control, "maintenanceModeEndTime"), duration),
    )


def _scheduled_end(status: object, started: int | None, end: int | None, duration: int | None) -> float | None:
    """Work out when maintenance mode ends by itself.

    The vendor calls maintenanceModeEndTime the time at which the mode "was ended", so that during it the field
    may hold the scheduled end, nothing, or the end of the period before. An end after the start is taken for the
    scheduled one; otherwise start and duration give it.
    """
    if status not in (ON, RESETTING) or started is None:
        return None
    if end is not None and end > started:
        return end / 1000
    return started / 1000 + duration * 60 if duration and status == ON else None


def _object(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value)


def _number(data: Mapping[str, Any], key: str) -> int | None:
    """Return a number of milliseconds; None, too, for one that is no moment in this age."""
    value = whole(data.get(key))
    return value if value is not None and 0 <= value < 1 << 45 else None


def _minutes(data: Mapping[str, Any], key: str) -> int | None:
    """Return a number of minutes as the vendor's interface has it, of 32 bits: their end is a moment in any case."""
    value = whole(data.get(key))
    return value if value is not None and 0 <= value < 1 << 31 else None


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else iso(datetime.fromtimestamp(seconds, timezone.utc))
