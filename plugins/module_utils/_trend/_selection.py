# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which computers are meant by what a playbook says. Pure: it looks at a list of computers that was read before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer


@dataclass(frozen=True)
class Problem:
    """Why something that was asked for cannot be done: which computer, as the playbook or the manager calls it."""

    name: str
    reason: str
    id: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def select(wanted: Sequence[str], computers: Iterable[Computer]) -> tuple[tuple[Computer, ...], tuple[Problem, ...]]:
    """Return the computers that ``wanted`` names, each once and in that order, and a problem for each other name.

    A name is an ID, else a host name, else a display name, else a GUID; upper and lower case are the same. Neither
    host names nor display names are promised to be unique: a name that several computers have is a problem.
    """
    by_id: dict[str, list[Computer]] = defaultdict(list)
    by_host: dict[str, list[Computer]] = defaultdict(list)
    by_display: dict[str, list[Computer]] = defaultdict(list)
    by_guid: dict[str, list[Computer]] = defaultdict(list)
    for computer in computers:
        by_id[str(computer.id)].append(computer)
        by_host[computer.host_name.casefold()].append(computer)
        by_display[computer.display_name.casefold()].append(computer)
        by_guid[computer.guid.casefold()].append(computer)

    chosen: dict[int, Computer] = {}
    problems: list[Problem] = []
    for name in wanted:
        key = name.strip().casefold()
        found = by_id[key] or by_host[key] or by_display[key] or by_guid[key]
        if len(found) == 1:
            chosen.setdefault(found[0].id, found[0])
        elif found:
            ids = ", ".join(str(computer.id) for computer in found)
            problems.append(Problem(name, f"{len(found)} computers have that name (IDs {ids}); name the ID"))
        else:
            problems.append(Problem(name, "no computer with that ID, host name, display name or GUID is visible"))
    return tuple(chosen.values()), tuple(problems)
