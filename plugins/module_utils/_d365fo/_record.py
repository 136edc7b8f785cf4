# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The record beside the variable: who turned maintenance mode on, why, until when, how far the work got.

It is an extended property of the AXDB database, JSON in ASCII. Without it a variable that is already 1 would hide a
restart that never happened, and nobody would know which services ran before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

PROPERTY = "quiesce.maintenance"
"""Name of the extended property."""

MAX_LENGTH = 2500
"""Longest record in characters: it travels as hexadecimal digits on a command line of at most 8191 characters."""

ENABLED, DISABLED = "enabled", "disabled"

PREPARED = "prepared"
"""The record is written, the variable is still as it was."""
SET = "set"
"""The variable is written, the AOS has not been seen to take it over."""
SETTLED = "settled"
"""The AOS has been restarted and answered: the value is in effect."""


@dataclass(frozen=True)
class Record:
    """One maintenance window of one database. Times are ISO 8601 in UTC; ``services`` names what ran before."""

    target: str
    phase: str
    since: str
    owner: str = ""
    reason: str = ""
    expires: str = ""
    services: tuple[str, ...] = ()

    def at(self, target: str, phase: str) -> Record:
        """Return the record moved on to another target and phase."""
        return replace(self, target=target, phase=phase)

    def with_services(self, names: Iterable[str]) -> Record:
        """Return the record with these services added to those that ran before.

        Added, not replaced: a run that was cut off may already have stopped some.
        """
        return replace(self, services=tuple(dict.fromkeys((*self.services, *names))))

    def text(self) -> str:
        """Return the record as it is stored. Raises ``Failure`` where it would be too long."""
        text = json.dumps({"version": 1, **asdict(self)}, ensure_ascii=True, separators=(",", ":"))
        if len(text) > MAX_LENGTH:
            raise Failure(
                "write the record",
                "the database",
                f"it would have {len(text)} characters, {MAX_LENGTH} is the most",
                "Shorten reason or owner",
            )
        return text

    def result(self) -> dict[str, Any]:
        """Return the record as a task's result shows it."""
        return {**asdict(self), "services": list(self.services)}


def parse(text: str, target: str) -> Record:
    """Read a stored record; ``target`` names the database for a message.

    Raises ``Failure`` for text that this collection did not write.
    """
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, Mapping) or data.get("version") != 1:
        raise _unreadable(target)
    services = data.get("services", [])
    strings = [data.get(name, "") for name in ("target", "phase", "since", "owner", "reason", "expires")]
    if (
        not isinstance(services, list)
        or not all(isinstance(item, str) for item in (*strings, *services))
        or data.get("target") not in (ENABLED, DISABLED)
        or data.get("phase") not in (PREPARED, SET, SETTLED)
    ):
        raise _unreadable(target)
    target_mode, phase, since, owner, reason, expires = strings
    return Record(target_mode, phase, since, owner, reason, expires, tuple(services))


def _unreadable(target: str) -> Failure:
    return Failure(
        "read the record",
        target,
        f"the extended property {PROPERTY} does not hold a record of this version of the collection",
        f"Look at it and drop it with EXEC sys.sp_dropextendedproperty N'{PROPERTY}', or use the version that wrote it",
    )
