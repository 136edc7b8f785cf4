# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Maintenance blackouts: periods in which the server is announced to be down and starts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server, dotted
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment

RECURRENCES = {"daily": "D", "weekly": "W", "monthly": "M"}
_NAMED_SINCE = (8, 1, 1)

# How the answer may call the dates: the documentation shows no answer, so these are guesses.
START_KEYS = ("startDate", "start", "startTime")
END_KEYS = ("endDate", "end", "endTime")

# The documented form of a date has whole minutes: two moments of one minute may be the same one.
_SAME = timedelta(seconds=60)


@dataclass(frozen=True)
class Blackout:
    """A blackout as the server lists it. ``synthetic``: an occurrence of a recurring one, not a record of its own."""

    id: str
    start: datetime
    end: datetime
    name: str | None = None
    recurrence: str | None = None
    synthetic: bool = False

    def in_effect(self, now: datetime) -> bool:
        """Whether ``now`` lies in it."""
        return self.start <= now < self.end

    def row(self, now: datetime) -> dict[str, Any]:
        """The form in a result."""
        return {
            "id": self.id,
            "name": self.name,
            "start": iso(self.start),
            "end": iso(self.end),
            "recurrence": self.recurrence,
            "synthetic": self.synthetic,
            "in_effect": self.in_effect(now),
        }

    def __str__(self) -> str:
        name = f' "{self.name}"' if self.name else ""
        return f"blackout{name} {self.id} from {iso(self.start)} to {iso(self.end)}"


@dataclass(frozen=True)
class Wish:
    """What the task asks for. ``start`` and ``end`` are texts: ``end`` may be a duration counted from the start."""

    present: bool
    id: str | None = None
    start: str | None = None
    end: str | None = None
    name: str | None = None
    recurrence: str | None = None


@dataclass(frozen=True)
class Step:
    """One request: ``verb`` create, update or delete, ``query`` its parameters (``id`` among them but for create)."""

    verb: str
    query: Mapping[str, str]


def parse_blackout(
    entry: Mapping[str, Any], target: str, start_key: str | None = None, end_key: str | None = None
) -> Blackout:
    """Read an entry of the server's list. ``start_key`` and ``end_key`` name its dates where they are not found."""
    start = _date(entry, (start_key,) if start_key else START_KEYS)
    end = _date(entry, (end_key,) if end_key else END_KEYS)
    if start is None or end is None or "id" not in entry:
        raise Failure(
            "read a maintenance blackout",
            target,
            f"its id, start or end (epoch milliseconds) is not found among its fields {', '.join(sorted(entry))}",
            "Name the fields of this version with start_key and end_key",
        )
    code = entry.get("recurrence")
    return Blackout(
        str(entry["id"]),
        start,
        end,
        str(entry["name"]) if entry.get("name") else None,
        next((word for word, letter in RECURRENCES.items() if code in (letter, word, word.upper())), None),
        str(entry.get("synthetic")).lower() == "true",
    )


def plan_blackout(blackouts: tuple[Blackout, ...], wish: Wish, now: datetime, target: str) -> Plan[Step]:
    """Compare the server's blackouts with the wish. Pure. Raises Failure for a wish that the server would refuse."""
    return (_plan_present if wish.present else _plan_absent)(_Case(blackouts, wish, now, target))


@dataclass(frozen=True)
class MaintenanceBlackout:
    """The system that the verb drives; ``now`` is the moment that the wish counts from."""

    server: Server
    wish: Wish
    now: datetime
    start_key: str | None = None
    end_key: str | None = None

    def read(self) -> tuple[Blackout, ...]:
        """Return the blackouts of the server."""
        if self.wish.name or self.wish.recurrence:
            self._refuse_unnamed()
        return tuple(
            parse_blackout(entry, self.server.target, self.start_key, self.end_key) for entry in self.server.blackouts()
        )

    def plan(self, reading: tuple[Blackout, ...]) -> Plan[Step]:
        """See ``plan_blackout``."""
        return plan_blackout(reading, self.wish, self.now, self.server.target)

    def apply(self, plan: Plan[Step]) -> None:
        """Send what the plan says."""
        for step in plan.steps:
            if step.verb == "create":
                self.server.create_blackout(step.query)
            elif step.verb == "update":
                self.server.update_blackout(step.query)
            else:
                self.server.delete_blackout(step.query["id"])

    def describe(self) -> str:
        """Name the server."""
        return self.server.target

    def _refuse_unnamed(self) -> None:
        """Older versions ignore a name silently and would create a blackout once instead of each week."""
        version = self.server.version()
        if version and version < _NAMED_SINCE:
            raise Failure(
                "use a maintenance blackout's name or recurrence",
                self.server.target,
                f"{dotted(version)} knows neither",
                "Leave name and recurrence out; they came with version 8.1.1",
            )


def matching(blackouts: tuple[Blackout, ...], wish: Wish, now: datetime, target: str) -> Blackout | None:
    """Return the blackout that the wish is about, None where there is none. Raises Failure where it is not clear."""
    return _Case(blackouts, wish, now, target).match()


@dataclass(frozen=True)
class _Case:
    """A wish beside what is there."""

    blackouts: tuple[Blackout, ...]
    wish: Wish
    now: datetime
    target: str

    def refuse(self, answer: str, remedy: str) -> Failure:
        attempted = "plan the maintenance blackout" if self.wish.present else "cancel the maintenance blackout"
        return Failure(attempted, self.target, answer, remedy)

    def match(self) -> Blackout | None:
        """By id; else by name; else by period, where "now" means the one in effect."""
        if self.wish.id:
            return self._by_id(self.wish.id)
        # One that is over can't be changed, and is no longer what anybody means.
        real = [one for one in self.blackouts if not one.synthetic and (one.recurrence or one.end > self.now)]
        if self.wish.name:
            named = [one for one in real if one.name == self.wish.name]
            if len(named) > 1 and self.wish.start:
                named = [one for one in named if self._same_period(one)]
            if len(named) > 1:
                raise self.refuse(
                    f"{len(named)} blackouts have this name: {'; '.join(map(str, named))}", "Say which by its id"
                )
            if named or not self.wish.start:
                return named[0] if named else None
            real = [one for one in real if one.name is None]
        return next((one for one in real if self._same_period(one)), None)

    def period(self, there: Blackout | None = None) -> tuple[datetime, datetime]:
        """The wished start and end; what the wish leaves open is as ``there``."""
        start = self._start(there)
        if self.wish.end is None:
            if there is None:
                raise AssertionError("a wish without an end is about a blackout that exists")
            return start, there.end
        return start, self._read("end", self.wish.end, start)

    def _start(self, there: Blackout | None) -> datetime:
        if self.wish.start is None:
            if there is None:
                raise AssertionError("a wish without a start is about a blackout that exists")
            return there.start
        # A blackout that is in effect has started already, whenever that was.
        if there and self._is_now and there.in_effect(self.now):
            return there.start
        return self._read("start", self.wish.start, self.now)

    @property
    def _is_now(self) -> bool:
        return (self.wish.start or "").strip().lower() == "now"

    def _by_id(self, identifier: str) -> Blackout | None:
        found = next((one for one in self.blackouts if one.id == identifier), None)
        if found and found.synthetic:
            raise self.refuse(
                f"{identifier} is one occurrence of a recurring blackout",
                "Give the id of the recurring blackout itself",
            )
        return found

    def _same_period(self, one: Blackout) -> bool:
        if self._is_now:
            return one.in_effect(self.now)
        start, end = self._start(one), self.wish.end
        return same(one.start, start) and (end is None or same(one.end, self._read("end", end, start)))

    def _read(self, what: str, text: str, base: datetime) -> datetime:
        try:
            return parse_moment(text, now=self.now, base=base)
        except ValueError as error:
            raise self.refuse(f"{what} is not usable: {error}", f"Correct {what}") from None


def same(one: datetime, other: datetime) -> bool:
    """Whether two moments may be the same for a server that keeps whole minutes."""
    return abs(one - other) < _SAME


def _plan_absent(case: _Case) -> Plan[Step]:
    there = case.match()
    if there is None:
        return Plan(before={"blackout": None}, after={"blackout": None})
    return Plan(before={"blackout": _shown(there)}, after={"blackout": None}, steps=(Step("delete", {"id": there.id}),))


def _plan_present(case: _Case) -> Plan[Step]:
    there = case.match()
    if there is None:
        if case.wish.id:
            raise case.refuse(
                f"there is no blackout with the id {case.wish.id}",
                "Look the id up with launch_blackout_info, or leave it out to create a blackout",
            )
        if case.wish.start is None or case.wish.end is None:
            raise case.refuse(
                f'there is no blackout named "{case.wish.name}" and no period to create one',
                "Give start and end",
            )
        return _plan_create(case)
    return _plan_update(case, there)


def _plan_create(case: _Case) -> Plan[Step]:
    start, end = case.period()
    new = Blackout("", start, end, case.wish.name, case.wish.recurrence)
    if start < case.now - _SAME:
        raise case.refuse(f"its start {iso(start)} is in the past", 'Give a later start, or "now"')
    _check(case, new)
    query = {"startDate": _milliseconds(start), "endDate": _milliseconds(end)}
    if new.name:
        query["name"] = new.name
    if new.recurrence:
        query["recurrence"] = RECURRENCES[new.recurrence]
    return Plan(before={"blackout": None}, after={"blackout": _shown(new)}, steps=(Step("create", query),))


def _plan_update(case: _Case, there: Blackout) -> Plan[Step]:
    start, end = case.period(there)
    query = {"id": there.id}
    new = there
    for key, old, wished in (("startDate", there.start, start), ("endDate", there.end, end)):
        if same(old, wished):
            continue
        if old <= case.now or wished < case.now - _SAME:
            past = "it" if old <= case.now else f"the new one, {iso(wished)},"
            raise case.refuse(
                f"the {key[:-4]} of {there} would have to change, but {past} is in the past",
                "A date that has passed can't be changed; cancel the blackout (state: absent) and create another",
            )
        query[key] = _milliseconds(wished)
        new = replace(new, start=wished) if key == "startDate" else replace(new, end=wished)
    if case.wish.name and case.wish.name != there.name:
        query["name"] = case.wish.name
        new = replace(new, name=case.wish.name)
    if case.wish.recurrence and case.wish.recurrence != there.recurrence:
        raise case.refuse(
            f"{there} recurs {there.recurrence or 'never'}",
            "The recurrence can't be changed afterwards; cancel the blackout (state: absent) and create another",
        )
    before, after = {"blackout": _shown(there)}, {"blackout": _shown(new)}
    if len(query) == 1:
        return Plan(before, after)
    _check(case, new)
    return Plan(before, after, steps=(Step("update", query),))


def _check(case: _Case, new: Blackout) -> None:
    """Refuse what the server would refuse: an empty or past period, an overlap with another blackout."""
    if new.end <= new.start:
        raise case.refuse(
            f"its end {iso(new.end)} is not after its start {iso(new.start)}", "Give a later end, or a duration"
        )
    if new.end <= case.now:
        raise case.refuse(f"its end {iso(new.end)} is in the past", "Give a later end, or a duration")
    for other in case.blackouts:
        if other.id != new.id and new.start < other.end and other.start < new.end:
            raise case.refuse(
                f"it would overlap the {other}",
                "Choose another period; to change that blackout, give its id",
            )


def _shown(one: Blackout) -> dict[str, Any]:
    """The part of a blackout that a diff is about."""
    return {"start": iso(one.start), "end": iso(one.end), "name": one.name, "recurrence": one.recurrence}


def _milliseconds(moment: datetime) -> str:
    """A date as the interface takes it: the other documented form names no time zone."""
    return str(round(moment.timestamp() * 1000))


def _date(entry: Mapping[str, Any], keys: tuple[str, ...]) -> datetime | None:
    for key in keys:
        value = str(entry.get(key))
        if value.isdecimal() and len(value) < 15:
            return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    return None
