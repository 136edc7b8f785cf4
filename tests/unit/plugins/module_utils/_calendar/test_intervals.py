"""The algebra of spans, against sets of minutes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.quiesce.maintenance.plugins.module_utils._calendar._intervals import Period, Span, minus, runs
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 12, 5, tzinfo=timezone.utc)
LENGTH = 60

minutes = st.integers(0, LENGTH)
spans = st.lists(st.builds(lambda a, b: Span(at(a), at(b)), minutes, minutes), max_size=8)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def covered(found: list[Period]) -> set[int]:
    return {minute for minute in range(LENGTH) if any(start <= at(minute) < end for start, end in found)}


def periods(found: list[Span]) -> list[Period]:
    return [(run.start, run.end) for run in runs(found)]


def in_order_with_gaps(found: list[Period]) -> bool:
    edges = [edge for period in found for edge in period]
    return edges == sorted(set(edges))


@given(spans)
def test_runs_are_the_union_in_order_with_gaps_between(found: list[Span]) -> None:
    assert covered(periods(found)) == covered([(span.start, span.end) for span in found])
    assert in_order_with_gaps(periods(found))


@given(spans)
def test_each_span_with_a_length_is_in_one_run(found: list[Span]) -> None:
    inside = [span for run in runs(found) for span in run.spans]
    assert sorted(inside, key=repr) == sorted((span for span in found if span.start < span.end), key=repr)
    for run in runs(found):
        assert all(run.start <= span.start and span.end <= run.end for span in run.spans)
        assert run.first.start == run.start
        assert run.last.end == run.end


@given(spans, spans)
def test_minus_is_the_difference_in_order_with_gaps_between(allowed: list[Span], frozen: list[Span]) -> None:
    left = minus(periods(allowed), periods(frozen))
    assert covered(left) == covered(periods(allowed)) - covered(periods(frozen))
    assert in_order_with_gaps(left)


@given(spans, minutes)
def test_the_longest_at_a_moment_holds_it_and_ends_last(found: list[Span], minute: int) -> None:
    for run in runs(found):
        if run.start <= at(minute) < run.end:
            longest = run.longest_at(at(minute))
            assert longest.holds(at(minute))
            assert longest.end == max(span.end for span in found if span.holds(at(minute)))


def test_touching_spans_are_one_run() -> None:
    first, second, other = Span(at(0), at(10)), Span(at(10), at(20)), Span(at(21), at(30))
    assert [run.spans for run in runs([other, second, first])] == [(first, second), (other,)]
