# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Asks the calendars whether a change is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._ics import Calendar
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._source import Source
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question, Verdict, judge
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._words import SEARCHED, why
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

# Most questions are answered by the next days; events of the year are expanded only where they are not.
_LOOKS = (timedelta(days=2), timedelta(days=35), SEARCHED)
_READING_LIMIT = 30.0


def ask(
    params: Mapping[str, Any],
    directories: tuple[Path, ...],
    now: datetime,
    tell: Callable[[str], None],
    *,
    limit: float = _READING_LIMIT,
) -> dict[str, Any]:
    """Return the result of the task. Raises ``Failure``: a calendar that cannot be read never means "allowed".

    ``directories`` are where relative paths begin, ``limit`` the seconds for reading the calendars once they are here.
    """
    question, zone = _options.question(params, now), _options.zone(params)
    override = one_line(params["override"] or "")
    notes: list[str] = []
    try:
        texts = {
            option: [(source, source.read(params, tell)) for source in _sources(params, option, directories)]
            for option in (_options.WINDOWS, _options.FREEZES)
        }

        def judged() -> Verdict:
            asked = (question.at, question.end + SEARCHED)
            windows, freezes = (
                [Calendar(text, source.label, source.name, zone, asked) for source, text in texts[option]]
                for option in (_options.WINDOWS, _options.FREEZES)
            )
            verdict = look(question, windows, freezes)
            notes.extend(note for calendar in (*windows, *freezes) for note in calendar.notes)
            return verdict

        verdict = _in_time(judged, limit)
    except Failure as failure:
        if override and not isinstance(failure, Invalid):
            return _overridden(_unknown(question, str(failure)), override)
        failure.details.update(allowed=False, verdict="unknown")
        raise
    result = {
        **_unknown(question, sentence(why(question, verdict, zone))),
        "allowed": verdict.allowed,
        "verdict": verdict.kind,
        "until": iso(verdict.until) if verdict.until else "",
        "next_opening": iso(verdict.next_opening) if verdict.next_opening else "",
        "calendar": verdict.decides.calendar if verdict.decides else "",
        "event": verdict.decides.event if verdict.decides else "",
        "notes": notes,
    }
    return _overridden(result, override) if override and not verdict.allowed else result


def look(question: Question, windows: list[Calendar], freezes: list[Calendar]) -> Verdict:
    """Return the verdict, looking no further into the future than it takes to find one. Raises ``Failure``."""
    for further in _LOOKS:
        horizon = question.end + further
        allowed = [span for calendar in windows for span in calendar.spans(question.at, horizon)]
        frozen = [span for calendar in freezes for span in calendar.spans(question.at, horizon)]
        verdict = judge(question, allowed if windows else None, frozen, horizon)
        if verdict.settled:
            break
    return verdict


def _sources(params: Mapping[str, Any], option: str, directories: tuple[Path, ...]) -> list[Source]:
    return [
        Source(given, option, number, directories)
        for number, given in enumerate(_options.calendars(params, option), start=1)
    ]


def _in_time(judged: Callable[[], Verdict], limit: float) -> Verdict:
    try:
        return within(limit, judged)
    except TooLong as late:
        raise Failure(
            "read the calendars", "", str(late), "Look for rules (RRULE) that repeat very often or never come true"
        ) from None


def _unknown(question: Question, reason: str) -> dict[str, Any]:
    """Return the result where nobody could say anything."""
    return {
        "changed": False,
        "allowed": False,
        "verdict": "unknown",
        "why": reason,
        "at": iso(question.at),
        "until": "",
        "next_opening": "",
        "calendar": "",
        "event": "",
        "override": "",
        "notes": [],
    }


def _overridden(result: dict[str, Any], override: str) -> dict[str, Any]:
    said = f"{sentence(f'Allowed by override: {override}')} Without it: {result['why']}"
    return {**result, "allowed": True, "override": override, "why": said}
