# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Whether a change is allowed at a moment, by the spans of allowed times and of freezes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import (
    Period,
    Run,
    Span,
    minus,
    runs,
)

Kind = Literal["open", "cutoff", "closed", "freeze"]

_BEGINNING = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Question:
    """Whether a change may begin ``at`` a moment in UTC, if it needs so much time (zero: nobody said)."""

    at: datetime
    needs: timedelta = timedelta(0)

    @property
    def end(self) -> datetime:
        """When the change would end."""
        return self.at + self.needs


@dataclass(frozen=True)
class Verdict:
    """The answer.

    ``kind``: "open", "cutoff" (open, but it ends before the change would), "closed" (no allowed time) or "freeze".
    ``until`` is when that ends, ``next_opening`` the first moment from the asked one on at which a change that needs as
    much may begin; None: not before the horizon. ``by`` is the span that decides: the freeze, the allowed time that is
    open, the next one where all is closed. ``then`` is the span with which it ends: the freeze that begins, the last
    one of a row of freezes or allowed times.
    """

    kind: Kind
    until: datetime | None
    next_opening: datetime | None
    by: Span | None = None
    then: Span | None = None

    @property
    def allowed(self) -> bool:
        """Whether the change may begin."""
        return self.kind == "open"

    @property
    def decides(self) -> Span | None:
        """The span that the answer is about: for a cutoff, the one that is in the way."""
        return self.then if self.kind == "cutoff" else self.by

    @property
    def settled(self) -> bool:
        """Whether a later horizon would change nothing."""
        return self.until is not None and self.next_opening is not None


def judge(question: Question, windows: Iterable[Span] | None, freezes: Iterable[Span], horizon: datetime) -> Verdict:
    """Return the verdict. ``windows`` None: allowed at any time but in a freeze.

    The spans are all those that reach into the time from the question to ``horizon``, which lies behind the end of the
    change. What they say of a later time counts for nothing: other spans may be there.
    """
    at = question.at
    freeze_runs = runs(freezes)
    window_runs = None if windows is None else runs(windows)
    allowed = [(_BEGINNING, horizon)] if window_runs is None else _periods(window_runs)
    periods = minus(allowed, _periods(freeze_runs))
    opening = _opening(question, periods, horizon)
    freeze = _at(freeze_runs, at)
    if freeze:
        return Verdict("freeze", _before(freeze.end, horizon), opening, freeze.longest_at(at), freeze.last)
    window = None if window_runs is None else _at(window_runs, at)
    if window_runs is not None and window is None:
        follower = next((run for run in window_runs if run.start > at), None)
        if follower is None or follower.start >= horizon:
            return Verdict("closed", None, opening)
        return Verdict("closed", follower.start, opening, follower.first)
    end = next(end for start, end in periods if start <= at < end)
    by = window.longest_at(at) if window else None
    until = _before(end, horizon)
    if until is None:
        return Verdict("open", None, opening, by)
    begins = next((run.first for run in freeze_runs if run.start == until), None)
    then = begins or (window.last if window else None)
    return Verdict("cutoff" if question.end > until else "open", until, opening, by, then)


def _periods(found: list[Run]) -> list[Period]:
    return [(run.start, run.end) for run in found]


def _at(found: list[Run], moment: datetime) -> Run | None:
    return next((run for run in found if run.start <= moment < run.end), None)


def _before(moment: datetime, horizon: datetime) -> datetime | None:
    return moment if moment < horizon else None


def _opening(question: Question, periods: list[Period], horizon: datetime) -> datetime | None:
    for start, end in periods:
        begin = max(start, question.at)
        if begin < min(end, horizon) and begin + question.needs <= min(end, horizon):
            return begin
    return None
