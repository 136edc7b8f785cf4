# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Finds the computers that a playbook means with few searches, and without reading a whole estate.

All criteria of a search must hold, so one search cannot ask for several names. It can ask for what many names have in
common ("web%.example.com"); where many more computers have it, each name is asked for by itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import PAGE, Manager
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem, select

# Up to so many names are asked for one by one, a request each.
_FEW = 20
# How many computers may be read for each name before more names than that are asked for one by one, too.
_PER_NAME = 10

_GUID = re.compile(r"[0-9a-f]+(-[0-9a-f]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """The computers that are meant: by name, or all that fulfil a search (texts as the playbook gives them)."""

    names: tuple[str, ...] = ()
    group: str | None = None
    policy: str | None = None
    platform: str | None = None


def find(manager: Manager, target: Target) -> Reading:
    """Read the computers of ``target``; what is not found, or not unique, is a problem of the reading."""
    if target.names:
        computers, now = _named(manager, target.names)
        chosen, problems = select(target.names, computers)
        return Reading(chosen, now, problems)
    computers, now = manager.search(*_criteria(manager, target))
    if computers:
        return Reading(tuple(computers), now)
    return Reading((), now, (Problem("search", "no computer fulfils it, or the key's role cannot see any"),))


def _criteria(manager: Manager, target: Target) -> list[dict[str, Any]]:
    criteria: list[dict[str, Any]] = []
    for wanted, field, kind in (
        (target.group, "groupID", "computergroups"),
        (target.policy, "policyID", "policies"),
    ):
        if wanted is not None:
            number = int(wanted) if wanted.isdecimal() else manager.id_of(kind, wanted)
            criteria.append({"fieldName": field, "numericTest": "equal", "numericValue": number})
    if target.platform is not None:
        criteria.append(_equal("platform", target.platform, wildcards=True))
    return criteria


def _named(manager: Manager, names: Sequence[str]) -> tuple[list[Computer], float]:
    """Return every computer that could be meant by one of ``names`` (and some others), and the time of the reading.

    In the order in which ``select`` takes a name for something: once it is a host name, the rest is not asked for.
    """
    found: dict[int, Computer] = {}
    moments: list[float] = []

    def take(answer: tuple[list[Computer], float]) -> None:
        found.update((computer.id, computer) for computer in answer[0])
        moments.append(answer[1])

    numbers = {name for name in names if _is_id(name)}
    if numbers:
        take(manager.by_id(map(int, numbers)))
    rest = {name for name in names if not (name in numbers and int(name) in found)}
    asked: set[tuple[str, str]] = set()
    for field, value, spell in _ROUNDS:
        wanted = {spelled for name in rest if (spelled := spell(name)) and (field, spelled) not in asked}
        asked.update((field, spelled) for spelled in wanted)
        for answer in _having(manager, field, wanted):
            take(answer)
        known = {value(computer).casefold() for computer in found.values()}
        rest = {name for name in rest if name.casefold() not in known}
    return list(found.values()), min(moments, default=time.time())


def _is_id(name: str) -> bool:
    return name.isdecimal() and len(name) < 10 and str(int(name)) == name


def _guid(name: str) -> str:
    return name.upper() if _GUID.fullmatch(name) else ""


# What a name is looked up as, one after the other; how it is spelled then ("" where it cannot be that). Whether a
# manager's search tells upper from lower case is not documented: host names are asked for in either.
_ROUNDS: tuple[tuple[str, Callable[[Computer], str], Callable[[str], str]], ...] = (
    ("hostName", lambda computer: computer.host_name, str),
    ("hostName", lambda computer: computer.host_name, str.lower),
    ("hostName", lambda computer: computer.host_name, str.upper),
    ("displayName", lambda computer: computer.display_name, str),
    ("hostGUID", lambda computer: computer.guid, _guid),
)


def _having(manager: Manager, field: str, values: set[str]) -> Iterator[tuple[list[Computer], float]]:
    """Search for the computers whose ``field`` has one of ``values``: many by what they have in common, else each."""
    shared = pattern(values)
    if len(values) > _FEW and shared != "%":
        most = _PER_NAME * len(values)
        found, now = manager.search(_equal(field, shared, wildcards=True), most=most)
        if len(found) <= most:
            yield found, now
            return
    yield from manager.each(lambda value: manager.first(PAGE, _equal(field, value, wildcards=False)), sorted(values))


def _equal(field: str, value: str, *, wildcards: bool) -> dict[str, Any]:
    return {"fieldName": field, "stringTest": "equal", "stringValue": value, "stringWildcards": wildcards}


def pattern(values: Collection[str]) -> str:
    """Return what all of ``values`` fit, with the search's wildcard ``%`` for where they differ.

    A ``%`` or ``_`` in a value is a wildcard there, too, and fits itself among others.
    """
    start = _common_start(values)
    ends = [value[len(start) :][::-1] for value in values]
    return f"{start}%{_common_start(ends)[::-1]}"


def _common_start(values: Collection[str]) -> str:
    same = takewhile(lambda characters: len(set(characters)) == 1, zip(*values, strict=False))
    return "".join(characters[0] for characters in same)
