"""The record: what is written is read again, what is broken is a clear failure, what is too long is known before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    MAX_LENGTH,
    PREPARED,
    SET,
    SETTLED,
    Record,
    ServiceBefore,
    parse,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.clock import Time
from fakes.moments import MOMENTS, NOW
from fakes.system import RAN, lease, record, window

PROPERTY_HOLDS = 3750
"""Characters that an extended property holds (7500 bytes, Microsoft Learn, "sp_addextendedproperty")."""

TEXTS = st.text(max_size=30) | st.sampled_from(["'); DROP TABLE x; --", '"', "\\", "`", "\r\nGO\r\n", "\x00", "\ud800"])
WINDOWS = st.builds(Window, st.text(min_size=1, max_size=9), MOMENTS, TEXTS, TEXTS, TEXTS, st.none() | MOMENTS)
RECORDS = st.builds(
    Record,
    windows=st.lists(WINDOWS, max_size=3, unique_by=lambda each: each.id).map(tuple),
    phase=st.sampled_from([PREPARED, SET, SETTLED]),
    services=st.lists(st.builds(ServiceBefore, TEXTS, TEXTS, st.booleans()), max_size=4).map(tuple),
    host=TEXTS,
    database=TEXTS,
    lease=st.none() | st.builds(Lease, TEXTS, TEXTS, TEXTS, MOMENTS, MOMENTS),
)


@given(RECORDS)
def test_what_is_written_is_read_again(written: Record) -> None:
    text = written.text()
    assert text.isascii()
    assert parse(text, "db") == written
    assert parse(json.dumps(json.loads(text)), "db") == written


@given(RECORDS)
def test_the_text_holds_nothing_that_means_something_elsewhere(written: Record) -> None:
    """To cmd.exe, to sqlcmd, or in a string of T-SQL; a backtick stands for the quote there."""
    assert not set(written.text()) & set("'`%!^&|<>$\r\n\t")


@given(RECORDS)
def test_a_result_is_the_record_without_its_own_business(written: Record) -> None:
    assert {"version": 2, **written.result()} == json.loads(written.text())


@pytest.mark.parametrize(("windows", "target"), [((), "disabled"), (("a",), "enabled"), (("a", "b"), "enabled")])
def test_the_mode_is_on_while_a_window_lives(windows: tuple[str, ...], target: str) -> None:
    assert record(windows=windows).target == target


# --- broken ---

GOOD: dict[str, Any] = json.loads(record(SET, lease=lease()).text())
A_WINDOW: dict[str, Any] = GOOD["windows"][0]
A_SERVICE: dict[str, Any] = GOOD["services"][0]


def test_the_good_one_is_good() -> None:
    assert parse(json.dumps(GOOD), "db") == record(SET, lease=lease())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("hello", id="no JSON"),
        pytest.param(json.dumps(GOOD)[:-1], id="cut off"),
        pytest.param("null", id="nothing"),
        pytest.param("[]", id="a list"),
        pytest.param("1", id="a number"),
        pytest.param("{}", id="an empty object"),
        pytest.param("[" * 100_000, id="nested deeply"),
        pytest.param('{"version":2,"windows":' + "[" * 50_000 + "]" * 50_000 + "}", id="windows nested deeply"),
        pytest.param('{"version":NaN}', id="no number"),
    ],
)
def test_text_that_is_no_record(text: str) -> None:
    with pytest.raises(Failure, match="Could not read the record on db: "):
        parse(text, "db")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": 1}, id="an older version"),
        pytest.param({"version": 3}, id="a newer version"),
        pytest.param({"version": "2"}, id="a version that is a text"),
        pytest.param({"version": None}, id="no version"),
        pytest.param({"phase": "done"}, id="an unknown phase"),
        pytest.param({"phase": None}, id="no phase"),
        pytest.param({"phase": ["set"]}, id="a phase that is a list"),
        pytest.param({"host": 7}, id="a host that is a number"),
        pytest.param({"database": None}, id="no database"),
        pytest.param({"windows": None}, id="no windows"),
        pytest.param({"windows": {}}, id="windows that are no list"),
        pytest.param({"windows": [{**A_WINDOW, "opened": "yesterday"}]}, id="an odd opening"),
        pytest.param({"windows": [{**A_WINDOW, "opened": "2026-11-24T21:00:00"}]}, id="an opening without zone"),
        pytest.param({"windows": [{**A_WINDOW, "expires": "2026-02-30T00:00:00Z"}]}, id="an end that no calendar has"),
        pytest.param({"windows": [{**A_WINDOW, "expires": "0001-01-01T00:00:00+14:00"}]}, id="an end before time"),
        pytest.param({"windows": [{**A_WINDOW, "opened": "9999-12-31T23:59:59-14:00"}]}, id="an opening after time"),
        pytest.param({"windows": [A_WINDOW, A_WINDOW]}, id="a window twice"),
        pytest.param({"services": None}, id="no services"),
        pytest.param({"services": "W3SVC"}, id="services that are a text"),
        pytest.param({"services": ""}, id="services that are an empty text"),
        pytest.param({"services": {}}, id="services that are an empty object"),
        pytest.param({"services": {"W3SVC": True}}, id="services that are an object"),
        pytest.param({"services": ["W3SVC"]}, id="a service that is a text"),
        pytest.param({"services": [{**A_SERVICE, "name": None}]}, id="a service without a name"),
        pytest.param({"services": [{**A_SERVICE, "start_type": 2}]}, id="a start type that is a number"),
        pytest.param({"services": [{**A_SERVICE, "stopped": 1}]}, id="stopped that is a number"),
        pytest.param({"services": [{**A_SERVICE, "stopped": "true"}]}, id="stopped that is a text"),
        pytest.param({"lease": "r1"}, id="a lease that is a text"),
        pytest.param({"lease": {}}, id="an empty lease"),
        pytest.param({"lease": {**GOOD["lease"], "until": "soon"}}, id="an odd lease"),
        pytest.param({"lease": {**GOOD["lease"], "since": "0001-01-01T00:00:00+14:00"}}, id="a lease before time"),
    ],
)
def test_records_that_nobody_wrote(changes: dict[str, Any]) -> None:
    with pytest.raises(Failure, match="Could not read the record on db: ") as caught:
        parse(json.dumps({**GOOD, **changes}), "db")
    assert "sp_dropextendedproperty N'quiesce.maintenance'" in caught.value.remedy


@pytest.mark.parametrize("name", ["version", "windows", "phase", "services", "host", "database"])
def test_records_that_lack_something(name: str) -> None:
    with pytest.raises(Failure, match="Could not read the record on db: "):
        parse(json.dumps({key: value for key, value in GOOD.items() if key != name}), "db")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)


@given(st.sampled_from(sorted(GOOD)), JSON)
@example("services", 0)
def test_whatever_stands_in_it_a_record_can_be_shown_or_is_refused(name: str, value: Any) -> None:
    try:
        found = parse(json.dumps({**GOOD, name: value}), "db")
    except Failure:
        return
    assert found.result()[name] == value if name != "version" else value == 2
    assert parse(found.text(), "db") == found


# --- length ---


def fits(written: Record) -> bool:
    try:
        written.check_length()
    except Failure:
        return False
    return True


def test_a_record_that_is_too_long_says_how_long_and_what_to_shorten() -> None:
    with pytest.raises(Failure, match=rf"would have \d+ characters; the maximum is {MAX_LENGTH}\. Shorten O\(reason\)"):
        replace(record(), windows=(window(reason="x" * MAX_LENGTH),)).check_length()


def test_an_ordinary_record_fits() -> None:
    assert fits(record(windows=("a", "b", "c")))


@pytest.mark.parametrize("letter", ["x", "ž", "'"])
def test_too_long(letter: str) -> None:
    """What takes six characters in the record counts as six."""
    assert fits(replace(record(), windows=(window(reason=letter * 200),)))
    assert not fits(replace(record(), windows=(window(reason=letter * MAX_LENGTH),)))


def test_a_lease_makes_no_difference() -> None:
    """What may be written when nobody is at work may be written by a run, too."""
    for length in range(1000, MAX_LENGTH, 50):
        written = replace(record(), windows=(window(reason="x" * length),))
        assert fits(written) == fits(replace(written, lease=lease()))


@given(st.integers(0, 900), st.integers(0, 900), st.sampled_from("xž'"), st.sampled_from("xž'"))
@example(230, 200, "ž", "ž")
def test_what_fits_fits_with_the_lease_of_its_owners_run(owner: int, reason: int, one: str, other: str) -> None:
    """The run holds the owner's name once more in its lease. What is longer is cut off by SQL Server in silence."""
    name = one * owner
    written = replace(record(), windows=(window(owner=name, reason=other * reason),))
    held = replace(written, lease=Time().run("0a1b2c3d", owner=name, controller="controller").lease(None, NOW))
    if fits(written):
        assert len(held.text()) <= PROPERTY_HOLDS


@pytest.mark.parametrize("length", range(1500, 3200, 25))
def test_a_record_with_which_one_may_go_in_is_one_with_which_one_may_come_out(length: int) -> None:
    """On the way out the windows are closed, and another owner's run holds the lease."""
    entered = replace(record(), windows=(window(reason="x" * length),))
    left = replace(entered, windows=(), lease=Lease("r9", "a much longer name than ann", "c", NOW, NOW))
    assert fits(left) or not fits(entered)


# --- services ---


def test_services_are_added_and_never_lost() -> None:
    """A run that was cut off may already have stopped some."""
    before = record(ran=RAN[:2])
    after = before.with_services(
        [ServiceBefore("W3SVC", "manual", stopped=True), ServiceBefore("Dependent", "x", True)]
    )
    assert after.services == (
        ServiceBefore("W3SVC", "auto", stopped=True),
        RAN[1],
        ServiceBefore("Dependent", "x", stopped=True),
    )


def test_what_we_stopped_once_stays_stopped_by_us() -> None:
    stopped = RAN[1]
    assert record(ran=[stopped]).with_services([replace(stopped, stopped=False)]).services == (stopped,)


def test_a_record_keeps_what_is_not_changed() -> None:
    held = record(SET, lease=lease())
    assert replace(held.with_services([]), lease=None) == record(SET)
    assert held.windows[0].opened == NOW - timedelta(hours=1)
