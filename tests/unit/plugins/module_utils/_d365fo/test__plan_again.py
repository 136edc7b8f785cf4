"""Whatever state it begins in: a plan that was carried out leaves nothing to do, and what it owes is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART, Wish, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    Restart,
    RunScript,
    RunSetupTool,
    Step,
    WriteRecord,
)

from fakes.plans import carried_out, words, written
from fakes.system import (
    AOS,
    BACKGROUND,
    MR,
    W3SVC,
    findings,
    foreign,
    on_premises,
    reading,
    record,
    seen,
    service,
    services,
)

ROADS = ("sql", "setup_tool", "script")
MODES = ("disabled", "enabled", "missing")
RECORDS = ("none", "foreign", "prepared", "set", "settled")
WINDOWS = ((), ("default",), ("CHG1",), ("CHG1", "default"))
BACKGROUNDS = (services(), services("stopped"), services("stopped", MR=service(MR)))


def states(road: str, mode: str, stored: str) -> Iterator[tuple[str, Seen]]:
    """Every state that looks like this, and what to call it."""
    windows = WINDOWS if stored not in ("none", "foreign") else ((),)
    webs = ("running", "stopped") if road != "script" else ("",)
    backgrounds = BACKGROUNDS if road != "script" else ({},)
    for names, web, background in product(windows, webs, backgrounds):
        held = stored_record(stored, names, road)
        what = f"windows {names}, IIS {web}, {[each.state for each in background.values()]}"
        of = reading(mode, held)
        if road == "script":
            yield what, seen(on_premises(of), road, former_instances=("1", "2"))
        else:
            running = {**background, W3SVC: service(W3SVC, web)}
            yield what, seen(findings(of, running), road)


def stored_record(stored: str, names: tuple[str, ...], road: str) -> Record | None:
    if stored == "none":
        return None
    parts: dict[str, Any] = {"ran": (), "host": ""} if road == "script" else {}
    held = record("settled" if stored == "foreign" else stored, names, **parts)
    return foreign(held) if stored == "foreign" else held


EVERYTHING = [
    pytest.param(*each, id=" ".join(each)) for each in product(ROADS, ("enabled", "disabled"), MODES, RECORDS)
]


@pytest.mark.parametrize(("road", "state", "mode", "stored"), EVERYTHING)
def test_what_was_carried_out_leaves_nothing_to_do(road: str, state: str, mode: str, stored: str) -> None:
    wish = Wish(state, aos=AOS)
    for what, before in states(road, mode, stored):
        steps = plan(before, wish).steps
        after = carried_out(before, steps)
        again = plan(after, wish)
        assert words(again.steps) == "-", f"{what}: {words(steps)}"
        assert again.before == again.after


@pytest.mark.parametrize(("road", "state", "mode", "stored"), EVERYTHING)
def test_what_is_shown_to_come_is_what_comes(road: str, state: str, mode: str, stored: str) -> None:
    for what, before in states(road, mode, stored):
        found = plan(before, Wish(state, aos=AOS))
        after = plan(carried_out(before, found.steps), Wish(state, aos=AOS)).before
        services_after = {name: text.partition(" (")[0] for name, text in found.after["services"].items()}
        assert (found.after["maintenance_mode"], found.after["windows"]) == (
            after["maintenance_mode"],
            after["windows"],
        ), what
        assert services_after == after["services"], what


@pytest.mark.parametrize(("road", "state", "mode", "stored"), EVERYTHING)
def test_nothing_is_touched_before_the_record_says_so(road: str, state: str, mode: str, stored: str) -> None:
    """Where a record says already what ran and which way it goes, what it says may be finished."""
    for what, before in states(road, mode, stored):
        steps = plan(before, Wish(state, aos=AOS)).steps
        if not steps or (before.settled and before.reading.mode != "enabled" and before.record):
            continue
        assert isinstance(steps[0], WriteRecord), f"{what}: {words(steps)}"


@pytest.mark.parametrize(("road", "state", "mode", "stored"), EVERYTHING)
def test_the_lease_is_given_back_by_the_last_step_and_held_until_then(
    road: str, state: str, mode: str, stored: str
) -> None:
    for what, before in states(road, mode, stored):
        steps = plan(before, Wish(state, aos=AOS)).steps
        if not steps:
            continue
        assert isinstance(steps[-1], WriteRecord), f"{what}: {words(steps)}"
        assert [step.hold for step in written(steps)] == [True] * (len(written(steps)) - 1) + [False], what


def acts(step: Step) -> bool:
    return isinstance(step, (ControlServices, Restart, RunScript, RunSetupTool))


@pytest.mark.parametrize("road", ["sql", "setup_tool"])
@pytest.mark.parametrize("mode", ["disabled", "enabled"])
@pytest.mark.parametrize("stored", RECORDS)
def test_wherever_a_way_in_is_cut_off_the_way_out_brings_back_what_ran(road: str, mode: str, stored: str) -> None:
    """After each step of each plan: disable then leaves the variable off and exactly those running that ran before."""
    for what, before in states(road, mode, stored):
        if before.record and not before.record.windows:
            continue
        steps = plan(before, Wish("enabled", aos=AOS)).steps
        ran = {each.name for each in before.record.services} if before.record else set()
        ran |= {name for name in (*BACKGROUND, W3SVC) if before.runs(name)}
        for count in range(1, len(steps) + 1):
            left = carried_out(before, steps[:count])
            after = carried_out(left, plan(left, Wish("disabled", all_windows=True, aos=AOS)).steps)
            where = f"{what}: {words(steps[:count])}"
            assert after.reading.mode == "disabled", where
            assert after.record is None, where
            assert {name for name in (*BACKGROUND, W3SVC) if after.runs(name)} == ran, where


@pytest.mark.parametrize("road", ["sql", "setup_tool"])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
@pytest.mark.parametrize("again", ["enabled", "disabled"])
def test_wherever_it_is_cut_off_the_aos_restarts_unless_it_never_had_to(road: str, state: str, again: str) -> None:
    """The AOS must not be called verified where a restart was due that never came."""
    first = reading("disabled") if state == "enabled" else reading("enabled", record())
    before = seen(findings(first, services("running" if state == "enabled" else "stopped")), road)
    steps = plan(before, Wish(state, aos=AOS)).steps
    runs_with, left = before.reading.mode, before
    for count in range(len(steps) + 1):
        if count and isinstance(steps[count - 1], Restart):
            runs_with = left.reading.mode
        left = carried_out(before, steps[:count])
        onward = plan(left, Wish(again, aos=AOS)).steps
        now = runs_with
        for number in range(len(onward)):
            if isinstance(onward[number], Restart):
                now = carried_out(left, onward[:number]).reading.mode
        where = f"{words(steps[:count])}, then {words(onward)}"
        assert now == again, where
        assert carried_out(left, onward).settled, where


# --- cut before the restart ---

CUT = [
    pytest.param(*each, id=" ".join(map(str, each)))
    for each in product(("sql", "setup_tool"), ("enabled", "disabled"), (False, True))
]


def cut(road: str, state: str, synchronise: bool) -> tuple[Seen, Wish]:
    if state == "enabled":
        return seen(findings(reading("disabled")), road), Wish(state, aos=AOS, stop_before=BEFORE_RESTART)
    look = seen(findings(reading("enabled", record()), services("stopped")), road)
    return look, Wish(state, aos=AOS, stop_before=BEFORE_RESTART, synchronise=synchronise)


@pytest.mark.parametrize(("road", "state", "synchronise"), CUT)
def test_stop_before_ends_before_the_restart(road: str, state: str, synchronise: bool) -> None:
    before, wish = cut(road, state, synchronise)
    steps = plan(before, wish).steps
    whole = plan(before, replace(wish, stop_before="")).steps
    cut_at = next(number for number, word in enumerate(words(whole).split()) if word in ("sync", "restart"))
    assert [step for step in steps if acts(step)] == [step for step in whole[:cut_at] if acts(step)]
    assert carried_out(before, steps).reading.mode == state


@pytest.mark.parametrize(("road", "state", "synchronise"), CUT)
def test_and_leaves_no_lease_behind(road: str, state: str, synchronise: bool) -> None:
    """The task that goes on is another run: it must not wait for this one, nor be refused."""
    before, wish = cut(road, state, synchronise)
    steps = plan(before, wish).steps
    assert [step.hold for step in written(steps)][-1] is False
    assert isinstance(steps[-1], WriteRecord), words(steps)


@pytest.mark.parametrize(("road", "state", "synchronise"), CUT)
def test_and_the_same_task_without_it_goes_on(road: str, state: str, synchronise: bool) -> None:
    before, wish = cut(road, state, synchronise)
    after = carried_out(before, plan(before, wish).steps)
    assert plan(after, wish).steps == (), "and what is done already is not done again"
    onward = plan(after, replace(wish, stop_before="")).steps
    assert ("sync restart wait" if synchronise and state == "disabled" else "restart wait") in words(onward)
    end = carried_out(after, onward)
    assert (end.reading.mode, end.settled) == (state, True)


def test_where_nothing_restarts_nothing_is_cut() -> None:
    look = seen(findings(running=services(web="stopped")))
    whole, short = (plan(look, Wish("enabled", aos=AOS, stop_before=stop)).steps for stop in ("", BEFORE_RESTART))
    assert words(whole) == words(short) == "record stop set effect"
