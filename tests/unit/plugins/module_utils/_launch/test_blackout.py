"""Blackouts: which one is meant, what has to be sent, what is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    RECURRENCES,
    Blackout,
    Wish,
    parse_blackout,
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
        pytest.param((NAMED,), Wish(False, name="Backup"), [("delete", {"id": "n"})], id="cancelled by name"),
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
            (RUNNING,), Wish(True, id="r", start="1h"), "a date that has passed can't be changed", id="started"
        ),
        pytest.param((), Wish(True, id="x", start=TEN, end="2h"), "no blackout with the id x", id="unknown id"),
        pytest.param((), Wish(True, name="x"), "no period to create one", id="unknown name"),
        pytest.param(
            (), Wish(True, start="tomorrow", end="2h"), 'start is not usable: "tomorrow" is neither', id="text"
        ),
        pytest.param((), Wish(True, start="2026-11-24T22:00:00", end="2h"), "has no time zone", id="no zone"),
        pytest.param((NAMED,), Wish(True, name="Backup", recurrence="weekly"), "recurs daily", id="recurrence"),
        pytest.param((replace(LATER, synthetic=True),), Wish(False, id="a"), "one occurrence", id="synthetic"),
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


@pytest.mark.parametrize(
    ("entry", "keys", "start"),
    [
        ({"id": 7, "startDate": 1795521600000, "endDate": 1795528800000}, (None, None), NOW),
        ({"id": "7", "start": "1795521600000", "end": "1795528800000", "synthetic": "true"}, (None, None), NOW),
        ({"id": "7", "from": 1795521600000, "to": 1795528800000}, ("from", "to"), NOW),
    ],
)
def test_entry_is_read(entry: dict[str, Any], keys: tuple[str | None, str | None], start: datetime) -> None:
    found = parse_blackout(entry, TARGET, *keys)
    assert (found.id, found.start, found.end) == ("7", start, start + 2 * HOUR)
    assert found.synthetic == ("synthetic" in entry)


@pytest.mark.parametrize("code", [*RECURRENCES, *RECURRENCES.values(), "DAILY"])
def test_recurrence_is_read(code: str) -> None:
    entry = {"id": 1, "startDate": 1, "endDate": 2, "name": "", "recurrence": code}
    found = parse_blackout(entry, TARGET)
    assert found.recurrence in RECURRENCES
    assert found.name is None


def test_entry_that_is_not_understood_says_what_it_holds() -> None:
    with pytest.raises(Failure, match=r"among its fields from, id, to\. Name the fields .* with start_key and end_key"):
        parse_blackout({"id": 1, "from": 1, "to": 2}, TARGET)
