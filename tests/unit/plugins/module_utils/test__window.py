"""What holds a mode: the set of windows, and the lease of the run at work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    MAX_ID,
    Lease,
    Opening,
    Window,
    parse_lease,
    parse_windows,
    with_closed,
    with_opened,
)
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.moments import MOMENTS, NOW

HOUR = timedelta(hours=1)
IDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=MAX_ID)
WINDOWS = st.lists(
    st.builds(Window, IDS, MOMENTS, st.text(), st.text(), st.text(), st.none() | MOMENTS),
    max_size=4,
    unique_by=lambda window: window.id,
).map(tuple)


def window(name: str = "default", **changes: Any) -> Window:
    parts: dict[str, Any] = {"opened": NOW - HOUR, "owner": "ann", "reason": "keys", "ticket": "CHG1", **changes}
    return Window(name, **parts)


# --- opening ---


def test_a_window_holds_what_the_task_says() -> None:
    opening = Opening("CHG0042", "ann", "keys", "T1", "2h")
    expected = Window("CHG0042", NOW, "ann", "keys", "T1", NOW + 2 * HOUR)
    assert with_opened((), opening, NOW) == (expected,)


def test_without_a_name_it_is_called_default() -> None:
    assert [each.id for each in with_opened((), Opening(), NOW)] == ["default"]


def test_moments_are_whole_seconds() -> None:
    """Records hold whole seconds: what was read back must equal what was written."""
    (found,) = with_opened((), Opening(expires="2026-11-24T23:00:00.9Z"), NOW.replace(microsecond=700_000))
    assert (found.opened, found.expires) == (NOW, NOW + 2 * HOUR)


OTHERS = (window("A"), window("B"))


@pytest.mark.parametrize(
    ("opening", "changes"),
    [
        pytest.param(Opening(), {}, id="says nothing: as it was"),
        pytest.param(Opening(owner="bob"), {}, id="another owner: it keeps its own"),
        pytest.param(Opening(reason="more keys"), {"reason": "more keys"}, id="another reason"),
        pytest.param(Opening(ticket="CHG2"), {"ticket": "CHG2"}, id="another ticket"),
        pytest.param(Opening(expires="3h"), {"expires": NOW + 2 * HOUR}, id="a duration counts from the opening"),
        pytest.param(Opening(expires="2026-11-25T06:00:00Z"), {"expires": NOW + 9 * HOUR}, id="a later end"),
        pytest.param(Opening(expires="2026-11-24T22:30:00+01:00"), {"expires": NOW + HOUR / 2}, id="an earlier end"),
    ],
)
def test_opening_again_changes_and_never_doubles(opening: Opening, changes: dict[str, Any]) -> None:
    held = window(expires=NOW + HOUR)
    before = (OTHERS[0], held, OTHERS[1])
    after = with_opened(before, opening, NOW)
    assert after == (OTHERS[0], window(**{"expires": NOW + HOUR, **changes}), OTHERS[1])


@pytest.mark.parametrize("expires", ["", "2h", "1s", "2026-11-24T23:00:00Z", "2026-11-25T00:00:00+01:00"])
@pytest.mark.parametrize("later", [timedelta(), timedelta(minutes=5), timedelta(hours=2), timedelta(days=3)])
def test_the_same_task_again_changes_nothing(expires: str, later: timedelta) -> None:
    """Also when the end is in the past meanwhile: that is what the task asked for when it ran first."""
    opening = Opening("CHG", "ann", "keys", "T1", expires)
    first = with_opened(OTHERS, opening, NOW)
    assert with_opened(first, opening, NOW + later) == first


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        pytest.param("2026-11-24T20:59:59Z", "is in the past", id="in the past"),
        pytest.param("2026-11-24T20:00:00+00:00", "is in the past", id="an hour ago"),
        pytest.param("2026-11-24T22:00:00+02:00", "is in the past", id="in the past, of another zone"),
        pytest.param("2026-11-24T21:00:00Z", "when it begins", id="this very moment"),
        pytest.param("now", "when it begins", id="now"),
        pytest.param("0s", "when it begins", id="a duration of zero"),
        pytest.param("0d0h0m0s", "when it begins", id="a long way to write zero"),
        pytest.param("2026-11-25T00:00:00", "has no time zone", id="without a zone"),
        pytest.param("2026-11-25", "has no time of day", id="a day"),
        pytest.param("-2h", "neither a time", id="a negative duration"),
        pytest.param("soon", "neither a time", id="no time"),
        pytest.param("9999999999d", "neither a time", id="longer than there are days"),
        pytest.param("0001-01-01T00:00:00+14:00", "0001", id="before there is a year"),
        pytest.param("9999-12-31T23:59:59-14:00", "9999", id="after the last year"),
    ],
)
def test_ends_that_are_refused(expires: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        with_opened((), Opening(expires=expires), NOW)
    assert str(caught.value).startswith("Invalid O(expires): ")


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        pytest.param("30m", "is in the past", id="a duration that is over"),
        pytest.param("0s", "when it begins", id="a duration of zero"),
        pytest.param("now", "is in the past", id="now"),
        pytest.param("2026-11-24T20:59:00Z", "is in the past", id="another end in the past"),
    ],
)
def test_an_open_window_cannot_be_ended_in_the_past(expires: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        with_opened((window(expires=NOW - timedelta(minutes=30, seconds=1)),), Opening(expires=expires), NOW)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("  ", id="blanks"),
        pytest.param("x" * (MAX_ID + 1), id="too long"),
        pytest.param("a\nb", id="two lines"),
        pytest.param("a\x00b", id="a control character"),
        pytest.param("a\u202eb", id="turns the direction of writing"),
    ],
)
def test_ids_that_are_none(name: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(window\): .* is not a valid id"):
        with_opened((), Opening(name), NOW)


def test_blanks_around_an_id_are_not_part_of_it() -> None:
    opened = with_opened((), Opening(" CHG0042 "), NOW)
    assert [each.id for each in opened] == ["CHG0042"]
    assert with_opened(opened, Opening("CHG0042"), NOW) == opened
    assert with_closed(opened, " CHG0042") == ()


# --- closing ---


@pytest.mark.parametrize(
    ("name", "left"),
    [
        pytest.param("B", ["A", "C"], id="one of several"),
        pytest.param("none", ["A", "B", "C"], id="one that is not open"),
        pytest.param("default", ["A", "B", "C"], id="the default one is a window like others"),
        pytest.param("b", ["A", "B", "C"], id="ids are taken as they are written"),
        pytest.param(None, [], id="all"),
    ],
)
def test_closing(name: str | None, left: list[str]) -> None:
    windows = tuple(window(each) for each in "ABC")
    assert [each.id for each in with_closed(windows, name)] == left


@given(WINDOWS, IDS)
def test_what_was_opened_and_closed_leaves_the_others_as_they_were(windows: tuple[Window, ...], name: str) -> None:
    opened = with_opened(windows, Opening(name), NOW)
    assert len({each.id for each in opened}) == len(opened)
    assert with_opened(opened, Opening(name), NOW + HOUR) == opened
    assert with_closed(opened, name) == tuple(each for each in windows if each.id != name)
    assert with_closed(with_closed(opened, name), name) == with_closed(opened, name)


# --- time ---


@pytest.mark.parametrize(
    ("expires", "overdue"),
    [(None, False), (NOW + HOUR, False), (NOW, False), (NOW - timedelta(seconds=1), True)],
    ids=["no end", "to come", "at its end", "over"],
)
def test_overdue(expires: datetime | None, overdue: bool) -> None:
    assert window(expires=expires).overdue(NOW) is overdue


LEASE = Lease("r1", "ann", "ctl01", NOW - HOUR, NOW)


@pytest.mark.parametrize(
    ("now", "alive"),
    [(NOW - timedelta(seconds=1), True), (NOW, False), (NOW + HOUR, False)],
    ids=["before its end", "at its end", "after its end"],
)
def test_a_lease_lives_until_its_end(now: datetime, alive: bool) -> None:
    assert LEASE.alive(now) is alive


def test_a_lease_says_who_where_and_since_when() -> None:
    assert str(LEASE) == "run r1 of ann on ctl01, at work since 2026-11-24T20:00:00Z"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "CHG (ann, keys, CHG1)"),
        ({"owner": "", "ticket": ""}, "CHG (keys)"),
        ({"owner": "", "reason": "", "ticket": ""}, "CHG"),
    ],
)
def test_a_window_names_itself(changes: dict[str, Any], text: str) -> None:
    assert str(window("CHG", **changes)) == text


# --- stored ---


@given(WINDOWS)
@example((Window("x", NOW, "\x00", '"\\', "\ud800"),))
def test_windows_are_read_as_they_were_written(windows: tuple[Window, ...]) -> None:
    assert parse_windows([each.result() for each in windows]) == windows


@given(st.builds(Lease, st.text(), st.text(), st.text(), MOMENTS, MOMENTS))
def test_a_lease_is_read_as_it_was_written(lease: Lease) -> None:
    assert parse_lease(lease.result()) == lease


def test_no_lease() -> None:
    assert parse_lease(None) is None


GOOD = window("A").result()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="nothing"),
        pytest.param({}, id="no list"),
        pytest.param("A", id="text"),
        pytest.param([None], id="a window that is nothing"),
        pytest.param(["A"], id="a window that is a text"),
        pytest.param([[]], id="a window that is a list"),
        pytest.param([{**GOOD, "id": ""}], id="no id"),
        pytest.param([{**GOOD, "id": 4}], id="an id that is a number"),
        pytest.param([{**GOOD, "owner": None}], id="an owner that is nothing"),
        pytest.param([{**GOOD, "reason": ["x"]}], id="a reason that is a list"),
        pytest.param([{**GOOD, "opened": ""}], id="never opened"),
        pytest.param([{**GOOD, "opened": "yesterday"}], id="opened some day"),
        pytest.param([{**GOOD, "opened": "2026-11-24T21:00:00"}], id="opened in no zone"),
        pytest.param([{**GOOD, "opened": "2026-13-24T21:00:00Z"}], id="opened in the thirteenth month"),
        pytest.param([{**GOOD, "expires": "0"}], id="an odd end"),
        pytest.param([{**GOOD, "expires": 0}], id="an end that is a number"),
        pytest.param([GOOD, GOOD], id="twice the same"),
    ],
)
def test_what_are_no_windows(data: Any) -> None:
    with pytest.raises(ValueError, match=r".{5}"):
        parse_windows(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("run", id="text"),
        pytest.param([], id="a list"),
        pytest.param({}, id="empty"),
        pytest.param({**LEASE.result(), "until": "some day"}, id="an odd end"),
        pytest.param({**LEASE.result(), "since": 1}, id="a number"),
        pytest.param({**LEASE.result(), "run": None}, id="no run"),
    ],
)
def test_what_is_no_lease(data: Any) -> None:
    with pytest.raises(ValueError, match=r".{5}"):
        parse_lease(data)
