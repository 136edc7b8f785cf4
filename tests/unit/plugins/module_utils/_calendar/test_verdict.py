"""What is allowed at a moment, case by case and against a search minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import Span
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._verdict import Question, judge
from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._words import why
from hypothesis import given
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
HORIZON = datetime(2027, 3, 1, tzinfo=timezone.utc)


def utc(text: str) -> datetime:
    """A local time of Berlin, "12-05 22:00" in 2026 and "1-04 06:00" in 2027."""
    month, rest = text.split("-", 1)
    moment = datetime.fromisoformat(f"{2027 if len(month) == 1 else 2026}-{month:0>2}-{rest}")
    return moment.replace(tzinfo=BERLIN).astimezone(timezone.utc)


def span(start: str, end: str, event: str) -> Span:
    return Span(utc(start), utc(end), event, f"calendar of {event}", BERLIN)


FIRST = span("12-05 22:00", "12-06 06:00", "Saturday night")
SECOND = span("12-12 22:00", "12-13 06:00", "Saturday night")
MORNING = span("12-06 06:00", "12-06 08:00", "Sunday morning")
JANUARY = span("1-09 22:00", "1-10 06:00", "Saturday night")
YEAR_END = span("12-12 23:00", "1-04 06:00", "Year-end")
CLOSING = span("12-30 00:00", "1-06 00:00", "Annual closing")
FOREVER = span("12-06 04:00", "1-01 00:00", "Strike")
WINDOWS = [FIRST, SECOND, JANUARY]

CUTOFF_BY_END = (
    "Closed by cutoff: the change would end at 2026-12-06 07:00 CET, but the allowed time "
    '"Saturday night" ends at 2026-12-06 06:00 CET'
)
CUTOFF_BY_FREEZE = (
    "Closed by cutoff: the change would end at 2026-12-13 00:30 CET, but the freeze "
    '"Year-end" begins at 2026-12-12 23:00 CET'
)

CASES = {
    "in the middle": (
        ("12-05 23:00", 0, WINDOWS, [YEAR_END]),
        ("open", "12-06 06:00", "12-05 23:00"),
        'Open in the allowed time "Saturday night" until 2026-12-06 06:00 CET',
    ),
    "the first moment counts": (
        ("12-05 22:00", 8, WINDOWS, []),
        ("open", "12-06 06:00", "12-05 22:00"),
        'Open in the allowed time "Saturday night" until 2026-12-06 06:00 CET',
    ),
    "the last one does not": (
        ("12-06 06:00", 0, WINDOWS, []),
        ("closed", "12-12 22:00", "12-12 22:00"),
        'Closed: the next allowed time is "Saturday night", from 2026-12-12 22:00 CET',
    ),
    "too late to end in time": (
        ("12-06 05:00", 2, WINDOWS, []),
        ("cutoff", "12-06 06:00", "12-12 22:00"),
        CUTOFF_BY_END,
    ),
    "allowed times that touch are one": (
        ("12-06 05:00", 2, [*WINDOWS, MORNING], []),
        ("open", "12-06 08:00", "12-06 05:00"),
        'Open in the allowed time "Saturday night" until 2026-12-06 08:00 CET',
    ),
    "a freeze begins too early": (
        ("12-12 22:30", 2, WINDOWS, [YEAR_END]),
        ("cutoff", "12-12 23:00", "1-09 22:00"),
        CUTOFF_BY_FREEZE,
    ),
    "open until a freeze": (
        ("12-12 22:30", 0, WINDOWS, [YEAR_END]),
        ("open", "12-12 23:00", "12-12 22:30"),
        'Open in the allowed time "Saturday night", until the freeze "Year-end" begins at 2026-12-12 23:00 CET',
    ),
    "a freeze wins": (
        ("12-12 23:30", 0, WINDOWS, [YEAR_END]),
        ("freeze", "1-04 06:00", "1-09 22:00"),
        'Closed by the freeze "Year-end" until 2027-01-04 06:00 CET',
    ),
    "a freeze wins outside of allowed times, too": (
        ("12-24 12:00", 0, WINDOWS, [YEAR_END, CLOSING]),
        ("freeze", "1-06 00:00", "1-09 22:00"),
        'Closed by the freeze "Year-end", followed by "Annual closing", until 2027-01-06 00:00 CET',
    ),
    "without allowed times all is allowed": (
        ("12-05 12:00", 24, None, [YEAR_END]),
        ("open", "12-12 23:00", "12-05 12:00"),
        'Open: no freeze is in effect, until the freeze "Year-end" begins at 2026-12-12 23:00 CET',
    ),
    "but not in a freeze": (
        ("12-24 12:00", 24, None, [YEAR_END]),
        ("freeze", "1-04 06:00", "1-04 06:00"),
        'Closed by the freeze "Year-end" until 2027-01-04 06:00 CET',
    ),
    "nothing at all": (
        ("12-05 12:00", 24, None, []),
        ("open", None, "12-05 12:00"),
        "Open: no freeze is in effect, and none begins within 400 days",
    ),
    "no allowed time to come": (
        ("1-11 12:00", 0, WINDOWS, []),
        ("closed", None, None),
        "Closed: there is no allowed time within 400 days",
    ),
    "none that is long enough": (
        ("12-05 12:00", 9, WINDOWS, []),
        ("closed", "12-05 22:00", None),
        'Closed: the next allowed time is "Saturday night", from 2026-12-05 22:00 CET',
    ),
    "none without a freeze in it": (
        ("12-06 07:00", 0, [SECOND], [span("12-12 22:00", "12-13 06:00", "All night")]),
        ("closed", "12-12 22:00", None),
        'Closed: the next allowed time is "Saturday night", from 2026-12-12 22:00 CET',
    ),
    "an event without a title": (
        ("12-24 12:00", 0, None, [span("12-24 00:00", "12-25 00:00", "")]),
        ("freeze", "12-25 00:00", "12-25 00:00"),
        "Closed by the freeze without a title until 2026-12-25 00:00 CET",
    ),
}


@pytest.mark.parametrize(("asked", "answer", "reason"), CASES.values(), ids=CASES)
def test_verdict(
    asked: tuple[str, int, list[Span] | None, list[Span]], answer: tuple[str, str | None, str | None], reason: str
) -> None:
    at, hours, windows, freezes = asked
    question = Question(utc(at), timedelta(hours=hours))
    verdict = judge(question, windows, freezes, HORIZON)
    kind, until, opening = answer
    assert verdict.kind == kind
    assert verdict.until == (utc(until) if until else None)
    assert verdict.next_opening == (utc(opening) if opening else None)
    assert verdict.allowed == (kind == "open")
    assert why(question, verdict, None) == reason


def test_times_are_in_the_zone_that_is_given() -> None:
    question = Question(utc("12-24 12:00"))
    verdict = judge(question, None, [YEAR_END], HORIZON)
    assert why(question, verdict, ZoneInfo("America/New_York")).endswith("until 2027-01-04 00:00 EST")


def test_what_ends_behind_the_horizon_is_not_known() -> None:
    question = Question(utc("12-06 05:00"))
    verdict = judge(question, None, [FOREVER], utc("12-31 00:00"))
    assert (verdict.kind, verdict.until, verdict.next_opening, verdict.settled) == ("freeze", None, None, False)
    assert why(question, verdict, None) == 'Closed by the freeze "Strike" for more than 400 days'


def test_the_event_that_decides() -> None:
    cutoff = judge(Question(utc("12-12 22:30"), timedelta(hours=2)), WINDOWS, [YEAR_END], HORIZON)
    closed = judge(Question(utc("12-12 12:00")), WINDOWS, [YEAR_END], HORIZON)
    assert (cutoff.decides, closed.decides) == (YEAR_END, SECOND)


minutes = st.integers(0, 40)
some = st.lists(st.tuples(minutes, minutes).map(lambda both: Span(at_minute(both[0]), at_minute(both[1]))), max_size=5)


def at_minute(minute: int) -> datetime:
    return datetime(2026, 12, 5, 0, minute, tzinfo=timezone.utc)


@given(minutes, st.integers(0, 15), st.none() | some, some)
def test_against_a_search_minute_by_minute(
    minute: int, needs: int, windows: list[Span] | None, freezes: list[Span]
) -> None:
    horizon = at_minute(59)
    verdict = judge(Question(at_minute(minute), timedelta(minutes=needs)), windows, freezes, horizon)

    def free(one: int) -> bool:
        moment = at_minute(one)
        return (windows is None or any(span.holds(moment) for span in windows)) and not any(
            span.holds(moment) for span in freezes
        )

    def fits(one: int) -> bool:
        return free(one) and one + needs <= 59 and all(map(free, range(one, one + needs)))

    assert verdict.allowed == fits(minute)
    opening = next((one for one in range(minute, 59) if fits(one)), None)
    assert verdict.next_opening == (None if opening is None else at_minute(opening))
    if verdict.kind in ("open", "cutoff"):
        closing = next((one for one in range(minute, 59) if not free(one)), None)
        assert verdict.until == (None if closing is None else at_minute(closing))
    else:
        assert not free(minute)
        assert (verdict.kind == "freeze") == any(span.holds(at_minute(minute)) for span in freezes)
