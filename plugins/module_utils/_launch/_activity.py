# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What runs on the server: process requests, who started them, and which of them wait for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import ACTIVITY, TOKEN_USER, Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

_MANUAL = ("applicationManualTask", "componentManualTask")
_TRACES = ("rootTrace", "trace", "children")

# Where the list does not tell the steps, so many processes are asked for theirs, the oldest first: those are the
# ones that hang.
_ASKED = 10


@dataclass(frozen=True)
class Activity:
    """A process request that is under way. ``waits_for`` names the manual task that a person has to answer."""

    id: str
    kind: str
    process: str
    application: str | None
    environment: str | None
    component: str | None
    resource: str | None
    user: str | None
    since: str | None
    state: str | None
    paused: bool
    parent: str | None
    waits_for: str | None

    @property
    def row(self) -> dict[str, Any]:
        """The form in a result."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [self.process, f"({self._place})" if self._place else "", f"by {self.user}" if self.user else ""]
        parts.append(f"since {self.since}" if self.since else "")
        text = " ".join(filter(None, parts))
        if self.waits_for:
            text += f', waits for a person: manual task "{self.waits_for}"'
        elif self.paused:
            text += ", paused"
        return text

    @property
    def _place(self) -> str:
        """Where it works: the application and environment; before them, for another process, what it works on."""
        deployment = " to ".join(filter(None, (self.application, self.environment)))
        if self.kind == "application":
            return deployment
        component = f"component {self.component}" if self.component else ""
        resource = f"on {self.resource}" if self.resource else ""
        return ", ".join(filter(None, (" ".join(filter(None, (component, resource))), deployment)))


def read_activity(server: Server, interface: str = "auto") -> list[Activity]:
    """Return what runs, the oldest first. ``interface``: a key of ACTIVITY, or auto for the first that is there.

    Raises Failure where the server refuses, or knows none of the interfaces.
    """
    interfaces = tuple(ACTIVITY) if interface == "auto" else (interface,)
    for name in interfaces:
        entries = server.activity(name)
        if entries is not None:
            break
    else:
        raise Failure(
            "list the running processes",
            server.target,
            f"it does not know {' nor '.join(ACTIVITY[name] for name in interfaces)} (HTTP 404)",
            "Check the URL; without this list nobody can tell whether the server is idle",
        )
    entries = sorted(entries, key=lambda entry: _moment(entry) or 0)
    found = []
    for number, entry in enumerate(entries):
        ask = number < _ASKED and not _has_steps(entry)
        steps = server.process(str(entry.get("processRequestType")), str(entry.get("id"))) if ask else entry
        found.append(parse_activity(entry, steps))
    return found


def summary(activities: list[Activity], most: int = 5) -> str:
    """Say how many processes run and which, in one line."""
    if not activities:
        return "no process runs"
    number = len(activities)
    text = f"{number} process{'es run' if number > 1 else ' runs'}: " + "; ".join(map(str, activities[:most]))
    return text + (f"; and {number - most} more" if number > most else "")


def empty_is_doubtful(login: str, users: Iterable[str | None]) -> bool:
    """Whether an empty list may come from an account that can't see other people's processes.

    ``users`` are those whose processes the account was seen to see. Whoever saw somebody else's sees more than its
    own; of a token the owner is not known, so it takes two different users. (That an account with few rights gets an
    empty list in place of an error is a guess; nobody here has seen it.)
    """
    seen = {user for user in users if user}
    return len(seen) < 2 if login == TOKEN_USER else not seen - {login}


DOUBT = (
    "The server lists no running process, but an account that may not see every application gets an empty list, too, "
    "while processes of others run. Use an account that sees everything and say so with sees_all_activity: true"
)


def parse_activity(entry: Mapping[str, Any], steps: Mapping[str, Any]) -> Activity:
    """Read an entry of the list; ``steps`` is what holds its steps, the entry itself or the process's own page."""
    kind = str(entry.get("processRequestType") or "unknown")
    moment = _moment(entry)
    names = (_name(entry, key) for key in ("applicationProcess", "componentProcess", "process"))
    return Activity(
        id=str(entry.get("id") or ""),
        kind=kind,
        process=next(filter(None, names), None) or str(entry.get("name") or f"a {kind} process"),
        application=_name(entry, "application"),
        environment=_name(entry, "environment"),
        component=_name(entry, "component"),
        # Published clients know a resource of generic processes and an agent of component processes.
        resource=_name(entry, "resource") or _name(entry, "agent"),
        user=_text(entry.get("userName") or entry.get("loginName")),
        since=iso(datetime.fromtimestamp(moment / 1000, timezone.utc)) if moment else None,
        state=_text(entry.get("state")),
        paused=str(entry.get("paused")).lower() == "true",
        parent=_text(entry.get("parentRequestId")),
        waits_for=next(_open_tasks(steps), None),
    )


def _open_tasks(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the manual tasks in a trace that nobody has answered."""
    for key in _TRACES:
        below = node.get(key)
        for child in below if isinstance(below, list) else [below]:
            if isinstance(child, Mapping):
                yield from _open_tasks(child)
    task = node.get("task")
    status = task.get("status") if isinstance(task, Mapping) else None
    manual = node.get("type") in _MANUAL or isinstance(task, Mapping)
    if manual and (status == "OPEN" if status else node.get("state") == "EXECUTING"):
        yield str((task.get("name") if isinstance(task, Mapping) else None) or node.get("name") or "?")


def _has_steps(entry: Mapping[str, Any]) -> bool:
    return any(entry.get(key) is not None for key in _TRACES)


def _moment(entry: Mapping[str, Any]) -> int | None:
    """The beginning of a process in epoch milliseconds."""
    for key in ("startTime", "submittedTime", "startDate"):
        value = str(entry.get(key) or "")
        if value.isdecimal() and len(value) < 15:
            return int(value)
    return None


def _name(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return _text(value.get("name")) if isinstance(value, Mapping) else None


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None
