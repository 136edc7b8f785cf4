# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What one database remembers of its maintenance: windows, phase, services, whose it is, which run is at work.

It is an extended property of the AXDB database, JSON in ASCII. Without it a variable that is already 1 would hide a
restart that never happened, and nobody would know which services ran before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    Lease,
    Window,
    parse_lease,
    parse_windows,
)

PROPERTY = "quiesce.maintenance"
"""Name of the extended property."""

VERSION = 2

MAX_LENGTH = 3700
"""Longest record in characters: an extended property holds 3750, and it travels on a command line of at most 8191."""

LEASE_LENGTH = 620
"""Characters that are kept free for the lease of the run that takes the system out again, whoever runs it: its two
names have 40 characters at most (``Run.lease``), each of them up to 6 here, beside 130 of the rest."""

ENABLED, DISABLED = "enabled", "disabled"

PREPARED = "prepared"
"""The record is written, the variable is still as it was, and the AOS runs with it."""
UNSURE = "unsure"
"""A script of Microsoft's is about to set the variable and to restart every AOS: nothing is known meanwhile."""
SET = "set"
"""The variable is written, the AOS has not been seen to take it over."""
SETTLED = "settled"
"""The AOS has been restarted, or does not run: the value is in effect."""

PHASES = (PREPARED, UNSURE, SET, SETTLED)

# What JSON may write as it is; everything else is escaped (\u and four digits), so that a record can stand in a T-SQL
# string on a command line of cmd.exe (a backtick stands there for the quote, see ``_tsql``).
_NOT_PLAIN = re.compile(r"[^ \w{}\[\]\\:,.\"/+@#=;()*-]", re.ASCII)


@dataclass(frozen=True)
class ServiceBefore:
    """A service that ran when the first window opened. ``stopped`` says that we stopped it, or were about to."""

    name: str
    start_type: str = "unknown"
    stopped: bool = False

    def result(self) -> dict[str, Any]:
        """Return it as records keep it and results show it."""
        return {"name": self.name, "start_type": self.start_type, "stopped": self.stopped}


@dataclass(frozen=True)
class Record:
    """What is remembered. ``services`` stand in the order in which they are to start again.

    ``host`` names the machine, ``database`` the copy of the database for which this was written. ``verified`` says of
    a settled one that the AOS was seen to answer after its restart.
    """

    windows: tuple[Window, ...] = ()
    phase: str = PREPARED
    services: tuple[ServiceBefore, ...] = ()
    host: str = ""
    database: str = ""
    lease: Lease | None = None
    verified: bool = False

    @property
    def target(self) -> str:
        """Where it leads: the mode is on while a window lives."""
        return ENABLED if self.windows else DISABLED

    def with_services(self, services: Iterable[ServiceBefore]) -> Record:
        """Return the record with these services added to those that ran before.

        Added, not replaced: a run that was cut off may already have stopped some.
        """
        merged = {service.name: service for service in self.services}
        for service in services:
            known = merged.get(service.name)
            merged[service.name] = replace(known, stopped=known.stopped or service.stopped) if known else service
        return replace(self, services=tuple(merged.values()))

    def text(self) -> str:
        """Return the record as it is stored."""
        text = json.dumps({"version": VERSION} | self.result(), ensure_ascii=True, separators=(",", ":"))
        return _NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)

    def check_length(self) -> None:
        """Refuse what could not be stored, now or when the system is taken out again. Raises ``Failure``."""
        length = len(replace(self, lease=None).text()) + LEASE_LENGTH
        if length > MAX_LENGTH:
            raise Failure(
                "write the record",
                "the database",
                f"it would have {length} characters; the maximum is {MAX_LENGTH}",
                "Shorten O(reason), O(owner) or O(ticket), or close other windows",
            )

    def result(self) -> dict[str, Any]:
        """Return the record as a task's result shows it."""
        return {
            "windows": [window.result() for window in self.windows],
            "phase": self.phase,
            "services": [service.result() for service in self.services],
            "host": self.host,
            "database": self.database,
            "lease": self.lease.result() if self.lease else None,
            "verified": self.verified,
        }


def parse(text: str, where: str) -> Record:
    """Read a stored record; ``where`` names the database for a message.

    Raises ``Failure`` for text that this version of the collection did not write.
    """
    try:
        data = json.loads(text)
        if not isinstance(data, Mapping) or data.get("version") != VERSION:
            raise ValueError("it is not a record of this version of the collection")
        services = data.get("services")
        if not isinstance(services, list):
            raise ValueError("the services are not a list")
        record = Record(
            windows=parse_windows(data.get("windows")),
            phase=_text(data, "phase"),
            services=tuple(_service(item) for item in services),
            host=_text(data, "host"),
            database=_text(data, "database"),
            lease=parse_lease(data.get("lease")),
            verified=_flag(data, "verified"),
        )
        if record.phase not in PHASES:
            raise ValueError(f"{record.phase!r} is not a phase")
    except (ValueError, TypeError, RecursionError) as error:
        raise Failure(
            "read the record",
            where,
            f"the extended property {PROPERTY} cannot be read: {error}",
            f"Read it and drop it with EXEC sys.sp_dropextendedproperty N'{PROPERTY}', or use the version that "
            "wrote it. Then check by hand which services should be running",
        ) from None
    return record


def _service(data: object) -> ServiceBefore:
    if not isinstance(data, Mapping):
        raise ValueError("the description of a service is incomplete")
    return ServiceBefore(_text(data, "name"), _text(data, "start_type"), _flag(data, "stopped"))


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is neither true nor false")
    return value
