# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A silence, and the window for which it stands: its owner is who created it, the rest is in its comment. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import Matchers, matcher_from
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window

ACTIVE = "active"
EXPIRED = "expired"

_MARK = "quiesce.maintenance"
_MARKED = re.compile(re.escape(_MARK) + r" (?=\{)")


@dataclass(frozen=True)
class Silence:
    """A silence as the API shows it.

    ``starts`` is the server's own text, which an update has to repeat. ``system`` and ``window`` are those for which
    this collection created it, "" and None for a silence of somebody else.
    """

    id: str
    state: str
    matchers: Matchers
    starts: str
    ends: datetime
    created_by: str
    comment: str
    system: str = ""
    window: Window | None = None

    def result(self) -> dict[str, Any]:
        """Return the silence as a task's result."""
        return {
            "id": self.id,
            "state": self.state,
            "matchers": [str(matcher) for matcher in self.matchers],
            "starts": self.starts,
            "ends": iso(self.ends),
            "created_by": self.created_by,
            "comment": self.comment,
            "window": self.window.id if self.window else "",
        }

    def __str__(self) -> str:
        said = f"window {self.window.id} of {self.system}, {self.window.reason}" if self.window else self.comment
        about = ", ".join(filter(None, (self.created_by, said.removesuffix(", "))))
        return f"silence {self.id} until {iso(self.ends)}" + (f" ({about})" if about else "")


def parse_silence(data: Mapping[str, Any]) -> Silence:
    """Read a silence of the API. Raises ValueError, KeyError or TypeError for anything else."""
    ends = _moment(data["endsAt"])
    created_by, comment = str(data["createdBy"]), str(data["comment"])
    system, window = parse_comment(comment, created_by, ends) or ("", None)
    return Silence(
        id=str(data["id"]),
        state=str(data["status"]["state"]),
        matchers=tuple(matcher_from(matcher) for matcher in data["matchers"]),
        starts=str(data["startsAt"]),
        ends=ends,
        created_by=created_by,
        comment=comment,
        system=system,
        window=window,
    )


def comment_for(system: str, window: Window) -> str:
    """Return the comment of the silence of a window: for people first, then what the next run finds it by."""
    said = window.reason + (f" ({window.ticket})" if window.ticket else "")
    about = {"system": system, "window": window.id, "ticket": window.ticket, "opened": iso(window.opened)}
    return f"{said}\n{_MARK} {json.dumps(about, ensure_ascii=False)}".strip()


def parse_comment(comment: str, owner: str, ends: datetime) -> tuple[str, Window] | None:
    """Return system and window of a comment of ``comment_for``, None for any other."""
    for mark in _MARKED.finditer(comment):
        try:
            about = json.loads(comment[mark.end() :])
            opened, system, name, ticket = _moment(about["opened"]), about["system"], about["window"], about["ticket"]
        except (ValueError, KeyError, TypeError):
            continue
        reason = comment[: mark.start()].strip().removesuffix(f"({ticket})" if ticket else "").strip()
        return str(system), Window(str(name), opened, owner, reason, str(ticket), ends)
    return None


def _moment(text: str) -> datetime:
    """Return a moment in whole seconds."""
    moment = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return parse_moment(text, now=moment).replace(microsecond=0)
