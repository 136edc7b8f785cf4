"""Which windows are over and closed, which are left to people, and what was forgotten by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Opening, Window, with_opened
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._due import (
    CLOSE,
    CUT_OFF,
    REPORT,
    Look,
    Sweep,
    gone,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.moments import NOW

HOUR = timedelta(hours=1)
ESTATE = Estate((Member("launch01", ("launch",)), Member("dev01", ("d365fo", "trend"))), register()).result()


def window(name: str = "CHG1", ends: timedelta | None = -HOUR) -> Window:
    return Window(name, NOW - 2 * HOUR, "ann", expires=NOW + ends if ends is not None else None)


def row(*windows: Window, mode: str = "maintenance", overdue: bool | None = None, system: str = "x") -> dict[str, Any]:
    over = any(each.overdue(NOW) for each in windows) if overdue is None else overdue
    return {
        "system": system,
        "host": "",
        "mode": mode,
        "overdue": over,
        "windows": [each.result() for each in windows],
        "notes": [],
    }


def look(
    launch: dict[str, Any],
    d365fo: dict[str, Any] | None = None,
    book: Mapping[str, Record] | None = None,
    policy: str = CLOSE,
    *,
    whole: bool = True,
    ahead: timedelta = timedelta(),
) -> Sweep:
    trend = row(mode="normal")
    results = {
        "launch01": {"systems": {"launch": {"rows": [launch]}}},
        "dev01": {"systems": {"d365fo": {"rows": [d365fo or row(mode="normal")]}, "trend": {"rows": [trend]}}},
    }
    policies = {("launch01", "launch"): policy, ("dev01", "d365fo"): REPORT, ("dev01", "trend"): CLOSE}
    return Look(ESTATE, results, book or {}, NOW, NOW + ahead, policies, whole).sweep(register())


def lease(ends: timedelta) -> Lease:
    return Lease("r1", "ann", "ctl", NOW - HOUR, NOW + ends)


@pytest.mark.parametrize(
    ("launch", "due"),
    [
        pytest.param(row(window()), ["CHG1"], id="over"),
        pytest.param(row(window(ends=HOUR)), [], id="not over"),
        pytest.param(row(window(ends=timedelta())), [], id="ends this second, by the system not yet"),
        pytest.param(row(window(ends=None)), [], id="without an end"),
        pytest.param(row(window(), window("CHG2", HOUR)), ["CHG1"], id="one of two"),
        pytest.param(row(window(), window("CHG2")), ["CHG1", "CHG2"], id="both"),
        pytest.param(row(window(), overdue=False), [], id="not over by the clock of the system"),
        pytest.param(row(window(ends=HOUR), overdue=True), [], id="not over by the clock of the store"),
        pytest.param(row(window(), mode="changing", overdue=False), ["CHG1"], id="over, and cut off in its switch"),
        pytest.param(row(window(), mode="normal", overdue=False), ["CHG1"], id="over, and turned off by somebody else"),
        pytest.param(row(window(ends=HOUR), mode="normal", overdue=False), [], id="not over, and turned off"),
        pytest.param(row(window(ends=timedelta()), mode="changing", overdue=False), [], id="cut off, ends this second"),
        pytest.param(row(mode="normal"), [], id="nothing open"),
    ],
)
def test_what_is_closed(launch: dict[str, Any], due: list[str]) -> None:
    assert look(launch).due == ({"launch01": {"launch": due}} if due else {})


def test_what_is_only_reported() -> None:
    found = look(row(window()), row(window(), system="dev01"))
    assert found.due == {"launch01": {"launch": ["CHG1"]}}
    assert found.overdue == [
        (
            f"dev01: the window CHG1 (ann) was to end at {iso(NOW - HOUR)}; it is only reported (d365fo_on_expiry). "
            "Run disable or extend with -e quiesce_window=CHG1"
        )
    ]


def test_work_that_goes_on_is_left_alone() -> None:
    alive = Record((window(),), lease(timedelta(minutes=1)))
    found = look(row(window()), book={"CHG1": alive})
    assert found.due == {}
    assert "its work still goes on (run r1 of ann on ctl" in found.overdue[0]


def test_a_run_that_died_keeps_nothing_open() -> None:
    dead = Record((window(),), lease(-timedelta(seconds=1)))
    assert look(row(window()), book={"CHG1": dead}).due == {"launch01": {"launch": ["CHG1"]}}


@pytest.mark.parametrize(
    ("launch", "says"),
    [
        (row(system="launch01"), "launch01: in maintenance mode without a window of this collection"),
        (row(window(ends=HOUR), mode="changing", system="launch01"), "launch01: it is being switched"),
    ],
)
def test_orphans_are_named(launch: dict[str, Any], says: str) -> None:
    assert look(launch).orphans == [says]


def test_a_switch_that_was_cut_off_on_its_way_out_is_finished() -> None:
    """No window is left there, and the mode should be off: nobody else would ever end it."""
    cut_off = row(mode="changing", overdue=True, system="dev01")
    found = look(cut_off, cut_off)
    assert found.due == {"launch01": {"launch": [CUT_OFF]}}
    assert found.overdue == [
        (
            "dev01: a run that was to take it out of maintenance mode was cut off; "
            "it is only reported (d365fo_on_expiry). Run disable to take it out"
        )
    ]
    assert found.orphans == []
    at_work = look(row(mode="changing", system="launch01"))
    assert (at_work.due, at_work.orphans) == ({}, ["launch01: it is being switched"])


def test_what_is_finished_is_no_window() -> None:
    sweep = {"due": {"launch01": {"launch": [CUT_OFF]}}, "forgotten": [], "where": {}, "unseen": [], "of_book": {}}
    assert gone(sweep, closed([row(mode="normal")])) == {}


@pytest.mark.parametrize(
    ("ends", "whole", "launch", "forgotten", "says"),
    [
        (-HOUR, True, row(mode="normal"), ["CHG9"], "is on no system"),
        (HOUR, True, row(mode="normal"), ["CHG9"], "is on no system"),
        (-HOUR, False, row(mode="normal"), [], "is on no system that could be looked at"),
        (HOUR, True, row(mode="unknown"), [], "is on no system that could be looked at"),
    ],
)
def test_windows_of_the_book_alone(
    ends: timedelta, whole: bool, launch: dict[str, Any], forgotten: list[str], says: str
) -> None:
    found = look(launch, book={"CHG9": Record((window("CHG9", ends),))}, whole=whole)
    assert found.forgotten == forgotten
    assert found.orphans == [f"the window CHG9 (ann) {says}"]


# --- clocks -----------------------------------------------------------------------------------------------------------

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Clocks:
    """How wrong each clock is."""

    store: timedelta = timedelta()
    system: timedelta = timedelta()
    controller: timedelta = timedelta()


NAMES = ("store", "system", "controller")
AT_MOST_ONE_IS_WRONG = [Clocks(), *(Clocks(**{name: off}) for name in NAMES for off in (DAY, -DAY))]


def due_at(at: datetime, opened: datetime, expires: str, clocks: Clocks, *, own_clock: bool) -> bool:
    """Whether a sweep ``at`` a moment closes a window that was opened at another one.

    A system with a clock of its own keeps its windows itself; the others are by the clock of the store.
    """
    off = clocks.system if own_clock else clocks.store
    (open_,) = with_opened((), Opening("CHG1", expires=expires), opened + off)
    seen = row(open_, overdue=open_.overdue(at + off))
    results = {"launch01": {"systems": {"launch": {"rows": [seen]}}}}
    policies = {("launch01", "launch"): CLOSE}
    estate = Estate((Member("launch01", ("launch",)),), register()).result()
    look = Look(estate, results, {}, at + clocks.store, at + clocks.controller, policies, whole=True)
    return look.sweep(register()).due != {}


@pytest.mark.parametrize("own_clock", [True, False])
@pytest.mark.parametrize("expires", ["30h", iso(NOW + 30 * HOUR)])
@pytest.mark.parametrize("clocks", AT_MOST_ONE_IS_WRONG, ids=str)
def test_one_wrong_clock_closes_nothing_early_and_everything_in_the_end(
    clocks: Clocks, expires: str, own_clock: bool
) -> None:
    end = NOW + 30 * HOUR
    assert not due_at(end, NOW, expires, clocks, own_clock=own_clock)
    assert due_at(end + DAY + SECOND, NOW, expires, clocks, own_clock=own_clock)


FILE, OWN = False, True  # where the windows are
MOMENT, DURATION = iso(NOW + 30 * HOUR), "30h"
# As docs/change-window.md has it; everything else closes in time.
A_DAY_LATE = {
    Clocks(store=DAY): {(DURATION, FILE)},
    Clocks(store=-DAY): {(MOMENT, FILE), (MOMENT, OWN), (DURATION, OWN)},
    Clocks(system=DAY): {(DURATION, OWN)},
    Clocks(system=-DAY): {(MOMENT, OWN)},
    Clocks(controller=-DAY): {(MOMENT, FILE), (MOMENT, OWN), (DURATION, FILE), (DURATION, OWN)},
}


@pytest.mark.parametrize("own_clock", [FILE, OWN], ids=["file", "own"])
@pytest.mark.parametrize("expires", [MOMENT, DURATION])
@pytest.mark.parametrize("clocks", AT_MOST_ONE_IS_WRONG, ids=str)
def test_which_wrong_clock_makes_what_late(clocks: Clocks, expires: str, own_clock: bool) -> None:
    in_time = due_at(NOW + 30 * HOUR + SECOND, NOW, expires, clocks, own_clock=own_clock)
    assert in_time is ((expires, own_clock) not in A_DAY_LATE.get(clocks, set()))


def test_a_lease_is_by_the_clock_of_the_store_alone() -> None:
    """Who renews it knows no other one."""
    alive = Record((window(),), lease(timedelta(minutes=1)))
    dead = Record((window(ends=-2 * DAY),), lease(-timedelta(minutes=1)))
    assert look(row(window()), book={"CHG1": alive}, ahead=DAY).due == {}
    assert look(row(window(ends=-2 * DAY)), book={"CHG1": dead}, ahead=-DAY).due == {"launch01": {"launch": ["CHG1"]}}


def test_a_window_whose_run_has_not_switched_anything_yet_is_no_orphan() -> None:
    young = Record((window("CHG9", HOUR),), lease(timedelta(minutes=1)))
    assert look(row(mode="normal"), book={"CHG9": young}) == Sweep()


SWEEP: dict[str, Any] = {
    "due": {"launch01": {"launch": ["CHG1"]}},
    "forgotten": ["CHG9"],
    "where": {"CHG1": [["launch01", "launch"], ["dev01", "d365fo"]]},
    "unseen": [],
    "of_book": {},
}


def closed(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"launch01": {"systems": {"launch": {"rows": rows, **more}}}}


@pytest.mark.parametrize(
    ("where", "results", "left"),
    [
        pytest.param(["launch"], closed([row(mode="normal")]), [], id="closed"),
        pytest.param(["launch"], closed([row(window())]), ["launch01 (launch)"], id="still open"),
        pytest.param(["launch"], closed([row(mode="normal")], failed=True), ["launch01 (launch)"], id="failed"),
        pytest.param(["launch"], {}, ["launch01 (launch)"], id="not touched"),
        pytest.param(["launch", "d365fo"], closed([row(mode="normal")]), ["dev01 (d365fo)"], id="another reports it"),
    ],
)
def test_what_is_gone(where: list[str], results: dict[str, Any], left: list[str]) -> None:
    places = [place for place in SWEEP["where"]["CHG1"] if place[1] in where]
    assert gone({**SWEEP, "where": {"CHG1": places}}, results) == {"CHG1": left, "CHG9": []}


def test_a_window_is_not_gone_while_a_system_is_not_seen() -> None:
    sweep = {**SWEEP, "forgotten": [], "where": {"CHG1": [["launch01", "launch"]]}, "unseen": ["dev01 (d365fo)"]}
    assert gone(sweep, closed([row(mode="normal")])) == {"CHG1": ["dev01 (d365fo)"]}


def test_a_window_that_is_over_may_be_on_a_system_that_is_not_seen() -> None:
    found = look(row(window()), row(mode="unknown"), book={"CHG1": Record((window(),))})
    assert found.unseen == ["dev01 (d365fo)"]
    assert found.overdue == ["the window CHG1 (ann) is over, and nobody knows whether it is closed on dev01 (d365fo)"]
    assert found.due == {"launch01": {"launch": ["CHG1"]}}


def test_a_host_without_a_result_is_not_seen() -> None:
    results = {"launch01": {"systems": {"launch": {"rows": [row(mode="normal")]}}}}
    found = Look(ESTATE, results, {"CHG9": Record((window("CHG9"),))}, NOW, NOW, {}, True).sweep(register())
    assert found.unseen == ["dev01 (d365fo)", "dev01 (trend)"]
    assert (found.forgotten, len(found.overdue)) == ([], 1)


@pytest.mark.parametrize(
    ("hosts", "whole", "forgotten", "overdue"),
    [
        pytest.param(("launch01",), True, ["CHG9"], 0, id="a host that is not seen is none of its own"),
        pytest.param(("launch01", "dev01"), True, [], 1, id="one is"),
        pytest.param(("launch01",), False, ["CHG9"], 0, id="the limit leaves none of its own out"),
        pytest.param(("launch01", "dev02"), False, [], 0, id="the limit leaves one out"),
    ],
)
def test_hosts_of_a_window(hosts: tuple[str, ...], whole: bool, forgotten: list[str], overdue: int) -> None:
    """One host that cannot be reached keeps no other window from being closed."""
    found = look(
        row(mode="normal"),
        row(mode="unknown"),
        book={"CHG9": Record((window("CHG9"),), hosts=hosts)},
        whole=whole,
    )
    assert (found.forgotten, len(found.overdue)) == (forgotten, overdue)
    places = found.of_book["CHG9"]
    sweep = {**SWEEP, "forgotten": [], "where": {"CHG1": [["launch01", "launch"]]}, "of_book": {"CHG1": places}}
    assert (gone(sweep, closed([row(mode="normal")]))["CHG1"] == []) is bool(forgotten)


@pytest.mark.parametrize(("ends", "forgotten"), [(HOUR, []), (-HOUR, ["CHG9"])])
def test_a_window_of_another_inventory_stays_until_its_end(ends: timedelta, forgotten: list[str]) -> None:
    """Both keep their windows in one book, and nobody here can ask its hosts."""
    found = look(row(mode="normal"), book={"CHG9": Record((window("CHG9", ends),), hosts=("launch01", "prod01"))})
    assert found.forgotten == forgotten
    assert ("that could be looked at" in found.orphans[0]) is (not forgotten)


def test_hosts_outside_of_the_limit_are_not_seen() -> None:
    found = look(row(window()), book={"CHG1": Record((window(),))}, whole=False)
    assert (found.unseen, found.overdue) == (["hosts that were left out"], [])
