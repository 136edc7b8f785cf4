# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Spans of time, each with the event that it comes from, and what they are together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo

Period = tuple[datetime, datetime]
"""From a moment to another, which is not in it."""


@dataclass(frozen=True)
class Span:
    """One occurrence of an event: ``start`` and ``end`` are in UTC, ``end`` is not in it. ``zone`` is the event's."""

    start: datetime
    end: datetime
    event: str = ""
    calendar: str = ""
    zone: tzinfo = timezone.utc

    def holds(self, moment: datetime) -> bool:
        """Whether ``moment`` is in it."""
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Run:
    """Spans that overlap or touch, as one; there is a gap before it and after it."""

    start: datetime
    end: datetime
    spans: tuple[Span, ...]

    def longest_at(self, moment: datetime) -> Span:
        """Return the span with the latest end of those that hold ``moment``, which is in the run."""
        return max((span for span in self.spans if span.holds(moment)), key=lambda span: span.end)

    @property
    def first(self) -> Span:
        """The span with which it begins; of several, the longest."""
        return max((span for span in self.spans if span.start == self.start), key=lambda span: span.end)

    @property
    def last(self) -> Span:
        """The span with which it ends; of several, the longest."""
        return min((span for span in self.spans if span.end == self.end), key=lambda span: span.start)


def runs(spans: Iterable[Span]) -> list[Run]:
    """Return the union of the spans in order; those without length are in none."""
    found: list[Run] = []
    group: list[Span] = []
    end = None
    for span in sorted((span for span in spans if span.start < span.end), key=lambda span: span.start):
        if end is not None and span.start > end:
            found.append(Run(group[0].start, end, tuple(group)))
            group, end = [], None
        group.append(span)
        end = span.end if end is None else max(end, span.end)
    if end is not None:
        found.append(Run(group[0].start, end, tuple(group)))
    return found


def minus(periods: Sequence[Period], others: Sequence[Period]) -> list[Period]:
    """Return what is left of ``periods`` without ``others``. Each of the two is in order, with gaps between."""
    left: list[Period] = []
    position = 0
    for start, end in periods:
        while position < len(others) and others[position][1] <= start:
            position += 1
        here = position
        while start < end:
            if here == len(others) or others[here][0] >= end:
                left.append((start, end))
                break
            if others[here][0] > start:
                left.append((start, others[here][0]))
            start = others[here][1]
            here += 1
    return left
