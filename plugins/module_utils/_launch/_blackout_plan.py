# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What has to be sent to have a blackout as a task wants it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import Blackout
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._recurrence import (
    RECURRENCES,
    nearest,
    next_from,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment

# The documented form of a date has whole minutes: two moments of one minute may be the same one.
_SAME = timedelta(seconds=60)


@dataclass(frozen=True)
class Wish:
    """What the task asks for. ``start`` and ``end`` are texts: ``end`` may be a duration counted from the start.

    ``occurrence`` says what of a recurring blackout is to be cancelled: one, series, or None.
    """

    present: bool
    id: str | None = None
    start: str | None = None
    end: str | None = None
    name: str | None = None
    recurrence: str | None = None
    occurrence: str | None = None

    @property
    def starts_now(self) -> bool:
        """Whether the blackout that is in effect is meant."""
        return (self.start or "").strip().lower() == "now"

    def period(self, now: datetime) -> tuple[datetime, datetime | None] | None:
        """Return the start and end that the task names, None without a start. Raises Invalid."""
        if self.start is None:
            if self.end is not None:
                self.read_end(now, now)
            return None
        start = _moment("start", self.start, now, now)
        return start, None if self.end is None else self.read_end(now, start)

    def read_end(self, now: datetime, start: datetime) -> datetime:
        """Return the end of a blackout that begins at ``start``. Raises Invalid."""
        return _moment("end", self.end or "", now, start)


@dataclass(frozen=True)
class Step:
    """One request: ``verb`` create, update, delete, cancel_event or cancel_series, ``query`` its parameters."""

    verb: str
    query: Mapping[str, str]


def plan_blackout(blackouts: tuple[Blackout, ...], wish: Wish, now: datetime, target: str) -> Plan[Step]:
    """Compare the server's blackouts with the wish. Raises Failure for a wish that the server would refuse."""
    return (_plan_present if wish.present else _plan_absent)(_Case(blackouts, wish, now, target))


def matching(blackouts: tuple[Blackout, ...], wish: Wish, now: datetime, target: str) -> Blackout | None:
    """Return the blackout that the wish is about, None if there is none. Raises Failure if it is not clear."""
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
        # One that is over cannot be changed, and is no longer what anybody means.
        there = [one for one in self.blackouts if one.end > self.now or (one.recurring and not one.synthetic)]
        real = [one for one in there if not one.synthetic]
        if self.wish.name:
            named = [one for one in real if one.name == self.wish.name]
            if self.wish.start and self.wish.occurrence == "one" and any(one.recurring for one in named):
                return next((one for one in there if one.name == self.wish.name and self._same_period(one)), None)
            if len(named) > 1 and self.wish.start:
                named = [one for one in named if self._same_period(one)]
            if len(named) > 1:
                raise self.refuse(
                    f"{len(named)} blackouts have this name: {'; '.join(map(str, named))}", "Say which by its id"
                )
            if named or not self.wish.start:
                return named[0] if named else None
            there = [one for one in there if one.name is None]
        # A synthetic event can only be cancelled.
        meant = [one for one in there if not (self.wish.present and one.synthetic)]
        return next((one for one in meant if self._same_period(one)), None)

    def period(self, there: Blackout | None = None) -> tuple[datetime, datetime]:
        """The wished start and end; what the wish leaves open is as ``there``."""
        named = self.wish.period(self.now)
        if named is None:
            if there is None:
                raise AssertionError("a wish without a start is about a blackout that exists")
            start = there.start
        else:
            start = self._start(named[0], there)
        if self.wish.end is None:
            if there is None:
                raise AssertionError("a wish without an end is about a blackout that exists")
            return start, there.end
        if named and named[1] and there and there.recurring and not self.wish.starts_now:
            # The task names the first event of the series, and with it how long each of them is.
            return start, start + (named[1] - named[0])
        return start, self.wish.read_end(self.now, start)

    def _start(self, named: datetime, there: Blackout | None) -> datetime:
        if there is None:
            return named
        # A blackout that is in effect has started already, whenever that was.
        if self.wish.starts_now and there.in_effect(self.now):
            return there.start
        if not there.recurrence:
            return named
        # The series may have moved on since its first event: what is real now is one of the later ones.
        event = nearest(named, there.recurrence, there.start)
        if same(event, there.start):
            return there.start
        return event if event >= self.now - _SAME else next_from(named, there.recurrence, self.now)

    def cancellation(self, there: Blackout) -> Step:
        """The request that cancels ``there``, or the series that it belongs to."""
        occurrence = self.wish.occurrence
        if not there.recurring:
            return Step("delete", {"id": there.id})
        if occurrence is None:
            raise self.refuse(
                f"the {there} is an event of a recurring blackout, and the task does not say what to cancel",
                "Use occurrence: one to cancel this event alone, or occurrence: series to cancel the whole series",
            )
        if occurrence == "one":
            if self.wish.start is None and self.wish.id != there.id:
                raise self.refuse(
                    f"the task does not say which event of the series to cancel; the next is the {there}",
                    "Give its start, or its id: otherwise each run would cancel one event more",
                )
            if not there.synthetic:
                return Step("delete", {"id": there.id})
        if there.series is None:
            raise self.refuse(
                f"the server's list does not say which series the {there} belongs to; its fields are "
                f"{', '.join(there.fields)}",
                "Name the field that holds the id of the series with series_key, or cancel it on the web page, "
                "Settings > Manage Maintenance Blackouts",
            )
        if occurrence == "series":
            return Step("cancel_series", {"series": there.series})
        query = {"series": there.series, "event": there.id, "scheduled": milliseconds(there.start)}
        return Step("cancel_event", query)

    def _by_id(self, identifier: str) -> Blackout | None:
        found = next((one for one in self.blackouts if one.id == identifier), None)
        if found is None:
            # The events of a series come and go, the id of the series stays.
            events = [one for one in self.blackouts if one.series == identifier]
            if self.wish.start and not self.wish.present and self.wish.occurrence == "one":
                return next((one for one in events if self._same_period(one)), None)
            found = next((one for one in events if not one.synthetic), None)
        if found and found.synthetic and self.wish.present:
            raise self.refuse(
                f"{identifier} is a later event of a recurring blackout, which cannot be changed by itself",
                "Give the id of the series' next event, or of the series",
            )
        return found

    def _same_period(self, one: Blackout) -> bool:
        if self.wish.starts_now:
            return one.in_effect(self.now)
        named = self.wish.period(self.now)
        if named is None:
            return False
        start, end = named
        series_is_meant = self.wish.occurrence == "series" or (self.wish.present and self.wish.recurrence)
        if series_is_meant and not one.synthetic and self.wish.recurrence in (None, one.recurrence):
            start = nearest(start, one.recurrence, one.start)
        return same(one.start, start) and (end is None or same(one.end, start + (end - named[0])))


def same(one: datetime, other: datetime) -> bool:
    """Whether two moments may be the same for a server that keeps whole minutes."""
    return abs(one - other) < _SAME


def milliseconds(moment: datetime) -> str:
    """A date as the interface takes it: the other documented form names no time zone."""
    return str(round(moment.timestamp() * 1000))


def _moment(option: str, text: str, now: datetime, base: datetime) -> datetime:
    try:
        return parse_moment(text, now=now, base=base)
    except ValueError as error:
        raise Invalid(option, str(error)) from None


def _plan_absent(case: _Case) -> Plan[Step]:
    there = case.match()
    if there is None:
        return Plan(before={"blackout": None}, after={"blackout": None})
    return Plan(before={"blackout": _shown(there)}, after={"blackout": None}, steps=(case.cancellation(there),))


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
    query = {"startDate": milliseconds(start), "endDate": milliseconds(end)}
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
                "A date that has passed cannot be changed; cancel the blackout (state: absent) and create another",
            )
        query[key] = milliseconds(wished)
        new = replace(new, start=wished) if key == "startDate" else replace(new, end=wished)
    if case.wish.name and case.wish.name != there.name:
        query["name"] = case.wish.name
        new = replace(new, name=case.wish.name)
    if case.wish.recurrence and case.wish.recurrence != there.recurrence:
        raise case.refuse(
            f"{there} recurs {there.recurrence or 'never'}",
            "The recurrence cannot be changed afterwards; cancel the blackout (state: absent, and occurrence: series "
            "if it recurs) and create another",
        )
    before, after = {"blackout": _shown(there)}, {"blackout": _shown(new)}
    if len(query) == 1:
        return Plan(before, after)
    _check(case, new, there)
    return Plan(before, after, steps=(Step("update", query),))


def _check(case: _Case, new: Blackout, old: Blackout | None = None) -> None:
    """Refuse what the server would refuse: an empty or past period, an overlap with another blackout than ``old``."""
    if new.end <= new.start:
        raise case.refuse(
            f"its end {iso(new.end)} is not after its start {iso(new.start)}", "Give a later end, or a duration"
        )
    if new.end <= case.now:
        raise case.refuse(f"its end {iso(new.end)} is in the past", "Give a later end, or a duration")
    for other in case.blackouts:
        if old and (other.id == old.id or other.same_series(old)):
            continue
        if new.start < other.end and other.start < new.end:
            raise case.refuse(
                f"it would overlap the {other}",
                "Choose another period; to change that blackout, give its id",
            )


def _shown(one: Blackout) -> dict[str, Any]:
    """The part of a blackout that a diff is about."""
    return {"start": iso(one.start), "end": iso(one.end), "name": one.name, "recurrence": one.recurrence}
