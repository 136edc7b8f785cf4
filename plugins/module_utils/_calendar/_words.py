# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The verdict as a sentence. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import Span
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question, Verdict

SEARCHED = timedelta(days=400)
"""How far into the future is looked, behind the time that a change needs."""


def why(question: Question, verdict: Verdict, zone: tzinfo | None) -> str:
    """Return the reason of a verdict. Times are in ``zone``; None: in that of the event which they are about."""
    say = _Clock(zone)
    by, then, until = verdict.by, verdict.then, verdict.until
    if verdict.kind == "freeze" and by:
        followed = f", followed by {_named(then)}," if then and then.event != by.event else ""
        return f"Closed by the freeze {_named(by)}{followed} {say.until(until, then)}"
    if verdict.kind == "closed":
        if until is None:
            return f"Closed: there is no allowed time {_WITHIN}"
        return f"Closed: the next allowed time is {_named(by)}, from {say(until, by)}"
    event = f"the allowed time {_named(by)}" if by else ""
    frozen = then is not None and then.start == until
    if verdict.kind == "cutoff" and then and until:
        what = f"the freeze {_named(then)} begins" if frozen else f"the allowed time {_named(then)} ends"
        return f"Closed by cutoff: the change would end at {say(question.end, then)}, but {what} at {say(until, then)}"
    head = f"Open in {event}" if event else "Open: no freeze is in effect"
    if until is None:
        return f"{head} {say.until(until, then)}" if event else f"{head}, and none begins {_WITHIN}"
    if frozen:
        return f"{head}, until the freeze {_named(then)} begins at {say(until, then)}"
    return f"{head} {say.until(until, then)}"


_WITHIN = f"within {SEARCHED.days} days"


def _named(span: Span | None) -> str:
    return f'"{span.event}"' if span and span.event else "without a title"


class _Clock:
    """Says moments in a zone."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    def __call__(self, moment: datetime, span: Span | None) -> str:
        local = moment.astimezone(self._zone or (span.zone if span else None) or moment.tzinfo)
        seconds = ":%S" if local.second else ""
        # A zone that a calendar defines by itself may have no name.
        return local.strftime(f"%Y-%m-%d %H:%M{seconds} %Z").strip() if local.tzname() else local.isoformat(" ")

    def until(self, moment: datetime | None, span: Span | None) -> str:
        return f"until {self(moment, span)}" if moment else f"for more than {SEARCHED.days} days"
