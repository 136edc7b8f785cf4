"""Blackouts: which one is meant, what has to be sent, what is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    Blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout_plan import (
    Wish,
    matching,
    plan_blackout,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
TARGET = "the Launch server https://launch"


def blackout(identifier: str, first: float, last: float, **more: Any) -> Blackout:
    """A blackout between two hours from now."""
    return Blackout(identifier, NOW + first * HOUR, NOW + last * HOUR, **more)


def milliseconds(hours: float) -> str:
    """An hour from now as the interface takes it."""
    return str(round((NOW + hours * HOUR).timestamp() * 1000))


LATER = blackout("a", 10, 12)
NAMED = blackout("n", 20, 22, name="Backup", recurrence="daily")
RUNNING = blackout("r", -1, 1)
NEXT = blackout("s1", 20, 22, name="Backup", recurrence="daily", series="S")
LATE = blackout("s2", 44, 46, name="Backup", recurrence="daily", series="S", synthetic=True)
CANCEL_SERIES = ("cancel_series", {"series": "S"})
CANCEL_LATE = ("cancel_event", {"series": "S", "event": "s2", "scheduled": milliseconds(44)})
TEN, TWELVE = "2026-11-24T22:00:00Z", "2026-11-25T01:00:00+01:00"


@pytest.mark.parametrize(
    ("there", "wish", "steps"),
    [
        pytest.param(
            (),
            Wish(True, start=TEN, end="2h"),
            [("create", {"startDate": milliseconds(10), "endDate": milliseconds(12)})],
            id="created",
        ),
        pytest.param((LATER,), Wish(True, start=TEN, end=TWELVE), [], id="same period"),
        pytest.param((LATER,), Wish(True, start="2026-11-24T22:00:30Z", end="2h"), [], id="same to the minute"),
        pytest.param(
            (),
            Wish(True, start="now", end="2h"),
            [("create", {"startDate": milliseconds(0), "endDate": milliseconds(2)})],
            id="now",
        ),
        pytest.param((RUNNING,), Wish(True, start="now", end="2h"), [], id="now, in effect already"),
        pytest.param(
            (NAMED,),
            Wish(True, start=TEN, end="2h", name="Upgrade", recurrence="weekly"),
            [
                (
                    "create",
                    {
                        "startDate": milliseconds(10),
                        "endDate": milliseconds(12),
                        "name": "Upgrade",
                        "recurrence": "W",
                    },
                )
            ],
            id="created with a name",
        ),
        pytest.param((NAMED,), Wish(True, name="Backup"), [], id="by name alone"),
        pytest.param(
            (NAMED,),
            Wish(True, name="Backup", start="20h", end="3h"),
            [("update", {"id": "n", "endDate": milliseconds(23)})],
            id="longer, by name",
        ),
        pytest.param(
            (LATER,),
            Wish(True, name="Upgrade", start=TEN, end="2h"),
            [("update", {"id": "a", "name": "Upgrade"})],
            id="named afterwards",
        ),
        pytest.param(
            (LATER,),
            Wish(True, id="a", start="11h"),
            [("update", {"id": "a", "startDate": milliseconds(11)})],
            id="moved, by id",
        ),
        pytest.param(
            (RUNNING,),
            Wish(True, id="r", end="2026-11-24T15:00:00Z"),
            [("update", {"id": "r", "endDate": milliseconds(3)})],
            id="extended while in effect",
        ),
        pytest.param((LATER,), Wish(False, start=TEN), [("delete", {"id": "a"})], id="cancelled by start"),
        pytest.param((LATER,), Wish(False, start=TEN, end="3h"), [], id="another period"),
        pytest.param((RUNNING, LATER), Wish(False, start="now"), [("delete", {"id": "r"})], id="cancelled in effect"),
        pytest.param(
            (replace(NAMED, recurrence=None),),
            Wish(False, name="Backup"),
            [("delete", {"id": "n"})],
            id="cancelled by name",
        ),
        pytest.param((LATER,), Wish(False, id="gone"), [], id="cancelled before"),
        pytest.param((), Wish(False, name="Backup"), [], id="never was"),
    ],
)
def test_plan(there: tuple[Blackout, ...], wish: Wish, steps: list[tuple[str, dict[str, str]]]) -> None:
    plan = plan_blackout(there, wish, NOW, TARGET)
    assert [(step.verb, dict(step.query)) for step in plan.steps] == steps
    assert plan.changed == (plan.before != plan.after)


@pytest.mark.parametrize(
    ("there", "wish", "says"),
    [
        pytest.param((LATER,), Wish(True, start="11h", end="2h"), "would overlap the blackout a from", id="overlap"),
        pytest.param(
            (LATER, NAMED), Wish(True, id="a", end="11h"), 'would overlap the blackout "Backup" n', id="grown"
        ),
        pytest.param(
            (),
            Wish(True, start="2026-11-24T11:00:00Z", end="4h"),
            "start 2026-11-24T11:00:00Z is in the past",
            id="past start",
        ),
        pytest.param((), Wish(True, start=TEN, end="2026-11-24T21:00:00Z"), "is not after its start", id="backwards"),
        pytest.param(
            (RUNNING,), Wish(True, id="r", start="1h"), "a date that has passed cannot be changed", id="started"
        ),
        pytest.param((), Wish(True, id="x", start=TEN, end="2h"), "no blackout with the id x", id="unknown id"),
        pytest.param((), Wish(True, name="x"), "no period to create one", id="unknown name"),
        pytest.param((NAMED,), Wish(True, name="Backup", recurrence="weekly"), "recurs daily", id="recurrence"),
        pytest.param((LATE,), Wish(True, id="s2"), "is a later event of a recurring blackout", id="synthetic"),
        pytest.param((NEXT,), Wish(False, name="Backup"), "occurrence: series to cancel the whole", id="by name"),
        pytest.param((NEXT,), Wish(False, start="20h"), "occurrence: one to cancel this event", id="by start"),
        pytest.param((NEXT, LATE), Wish(False, start="44h"), "does not say what to cancel", id="later event"),
        pytest.param((NEXT,), Wish(False, id="s1"), "does not say what to cancel", id="by id"),
        pytest.param((NEXT,), Wish(False, id="S"), "does not say what to cancel", id="by the id of the series"),
        pytest.param(
            (NEXT,), Wish(False, name="Backup", occurrence="one"), "which event of the series", id="any event"
        ),
        pytest.param(
            (NEXT,),
            Wish(False, id="S", occurrence="one"),
            "each run would cancel one event more",
            id="any event, by id",
        ),
        pytest.param(
            (replace(NEXT, series=None, fields=("id", "serial")),),
            Wish(False, name="Backup", occurrence="series"),
            "its fields are id, serial. name the field that holds the id of the series with series_key",
            id="no series",
        ),
        pytest.param(
            (NEXT, LATE),
            Wish(True, start="43h", end="2h"),
            'overlap the blackout "Backup" s2',
            id="later overlaps",
        ),
        pytest.param(
            (NAMED, replace(NAMED, id="m")), Wish(False, name="Backup"), "2 blackouts have this name", id="two"
        ),
    ],
)
def test_refused_before_anything_is_sent(there: tuple[Blackout, ...], wish: Wish, says: str) -> None:
    with pytest.raises(Failure) as caught:
        plan_blackout(there, wish, NOW, TARGET)
    assert says.lower() in str(caught.value).lower()
    assert TARGET in str(caught.value)


@pytest.mark.parametrize(
    ("wish", "steps"),
    [
        pytest.param(Wish(False, name="Backup", occurrence="series"), [CANCEL_SERIES], id="series"),
        pytest.param(Wish(False, id="S", occurrence="series"), [CANCEL_SERIES], id="by its id"),
        pytest.param(Wish(False, id="s2", occurrence="series"), [CANCEL_SERIES], id="by any event"),
        pytest.param(
            Wish(False, start="2026-11-20T08:00:00Z", occurrence="series"),
            [CANCEL_SERIES],
            id="by the start of its first event, which is over",
        ),
        pytest.param(Wish(False, start="21h", occurrence="series"), [], id="another series"),
        pytest.param(Wish(False, start="20h", end="3h", occurrence="series"), [], id="another length"),
        pytest.param(Wish(False, id="s1", occurrence="one"), [("delete", {"id": "s1"})], id="next event, by id"),
        pytest.param(Wish(False, start="20h", occurrence="one"), [("delete", {"id": "s1"})], id="next event, by start"),
        pytest.param(
            Wish(False, name="Backup", start="20h", occurrence="one"),
            [("delete", {"id": "s1"})],
            id="next event, by name and start",
        ),
        pytest.param(
            Wish(False, name="Backup", start="44h", occurrence="one"),
            [CANCEL_LATE],
            id="later event, by name and start",
        ),
        pytest.param(
            Wish(False, id="S", start="44h", occurrence="one"),
            [CANCEL_LATE],
            id="later event, by series and start",
        ),
        pytest.param(
            Wish(False, id="s2", occurrence="one"),
            [CANCEL_LATE],
            id="later event, by id",
        ),
        pytest.param(Wish(False, name="Backup", start="68h", occurrence="one"), [], id="event cancelled before"),
        pytest.param(Wish(False, name="Upgrade", occurrence="series"), [], id="series cancelled before"),
    ],
)
def test_cancelling_a_recurring_blackout(wish: Wish, steps: list[tuple[str, dict[str, str]]]) -> None:
    plan = plan_blackout((NEXT, LATE), wish, NOW, TARGET)
    assert [(step.verb, dict(step.query)) for step in plan.steps] == steps


@pytest.mark.parametrize("name", [None, "Backup"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param("2026-11-20T08:00:00Z", "2h", id="its first event is over"),
        pytest.param("2026-11-20T09:00:00+01:00", "2026-11-20T11:00:00+01:00", id="with a date as its end"),
        pytest.param("2026-11-25T08:00:00Z", "2h", id="its first event is the next one"),
    ],
)
def test_series_that_has_moved_on_is_found_again(name: str | None, start: str, end: str) -> None:
    there = (replace(NEXT, name=name), replace(LATE, name=name))
    wish = Wish(True, start=start, end=end, name=name, recurrence="daily")
    assert plan_blackout(there, wish, NOW, TARGET).steps == ()
    found = matching(there, wish, NOW, TARGET)
    assert found
    assert found.id == "s1"


@pytest.mark.parametrize(
    ("start", "end", "query"),
    [
        pytest.param("2026-11-20T08:00:00Z", "3h", {"endDate": milliseconds(23)}, id="longer"),
        pytest.param(
            "2026-11-20T09:30:00Z",
            "2h",
            {"startDate": milliseconds(21.5), "endDate": milliseconds(23.5)},
            id="at another time of day",
        ),
        pytest.param(
            "2026-12-01T08:00:00Z",
            "2h",
            {"startDate": milliseconds(164), "endDate": milliseconds(166)},
            id="put off to a later day",
        ),
    ],
)
def test_series_that_has_moved_on_is_changed(start: str, end: str, query: dict[str, str]) -> None:
    """From its next event on; the task still names the first one."""
    wish = Wish(True, start=start, end=end, name="Backup", recurrence="daily")
    (step,) = plan_blackout((NEXT, LATE), wish, NOW, TARGET).steps
    assert (step.verb, dict(step.query)) == ("update", {"id": "s1", **query})


def test_series_whose_real_event_is_over_is_found_again() -> None:
    """Whether the server makes the next event the real one is not documented."""
    over = replace(NEXT, start=NEXT.start - 48 * HOUR, end=NEXT.end - 48 * HOUR)
    wish = Wish(True, start="2026-11-23T08:00:00Z", end="2h", recurrence="daily")
    for name in (None, "Backup"):
        there = (replace(over, name=name), replace(LATE, name=name))
        assert plan_blackout(there, replace(wish, name=name), NOW, TARGET).steps == ()


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wish(True, start="tomorrow", end="2h"), 'Invalid O(start): "tomorrow" is neither'),
        (Wish(True, start="2026-11-24T22:00:00", end="2h"), "has no time zone"),
        (Wish(True, start="1h", end="later"), 'Invalid O(end): "later" is neither'),
        (Wish(True, id="a", end="later"), 'Invalid O(end): "later" is neither'),
    ],
)
def test_invalid_dates(wish: Wish, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        wish.period(NOW)
    assert says in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 9)), max_size=4),
    st.integers(0, 40),
    st.integers(1, 9),
    st.sampled_from([None, "Backup", "Upgrade"]),
)
def test_what_was_carried_out_is_what_was_wanted(
    periods: list[tuple[int, int]], start: int, length: int, name: str | None
) -> None:
    """Whatever is there: after the planned requests the same wish plans nothing."""
    there = {str(number): blackout(str(number), first, first + hours) for number, (first, hours) in enumerate(periods)}
    wish = Wish(True, start=f"{start}h" if start else "now", end=f"{length}h", name=name)
    try:
        plan = plan_blackout(tuple(there.values()), wish, NOW, TARGET)
    except Failure:
        return
    for step in plan.steps:
        old = there.get(step.query.get("id", ""))
        dates = [
            datetime.fromtimestamp(int(step.query[key]) / 1000, timezone.utc) if key in step.query else None
            for key in ("startDate", "endDate")
        ]
        if old is None:
            assert dates[0]
            assert dates[1]
            there["new"] = Blackout("new", dates[0], dates[1], step.query.get("name"))
        else:
            there[old.id] = replace(
                old, start=dates[0] or old.start, end=dates[1] or old.end, name=step.query.get("name", old.name)
            )
    assert plan_blackout(tuple(there.values()), wish, NOW, TARGET).steps == ()
