"""The Power Platform core against a simulated platform: every fault at every call, and a run that is killed anywhere.

Whatever happens, no operation is begun while another one runs, and none a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Busy, Lost
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import Reading, Switch, Wanted
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import (
    Limits,
    OperationFailed,
    Switching,
)

from fakes.clock import Time
from fakes.moments import NOW
from fakes.powerplatform import ID, STAGES, Killed, Platform, unified

LIMITS = Limits(wait=5400.0, busy=300.0, settle=180.0, interval=15.0)
ENTER = Wanted(True, False)
LEAVE = Wanted(False, True)
WAYS = [ENTER, LEAVE]
FAULTS = ["lost", "unanswered", "refused", "killed before", "killed after"]


def platform(way: Wanted, **more: Any) -> Platform:
    """A platform whose environment is not as ``way`` wants it."""
    now = unified() if way.on else unified(runtime="AdminMode", background="Disabled")
    return Platform(Time(), now, **more)


def switch(
    there: Platform, way: Wanted, *, limits: Limits = LIMITS, check_mode: bool = False, **more: Any
) -> tuple[Switching, Outcome[Reading, Switch]]:
    """One run, as the task does it."""
    switching = Switching(
        there, ID, way, limits, there.time.run(**more), clock=lambda: NOW + timedelta(seconds=there.time.now)
    )
    if not check_mode:
        switching.begin()
    return switching, carry_out(switching, check_mode=check_mode)


def is_there(there: Platform, way: Wanted) -> bool:
    """Whether the environment is as it is wanted."""
    state = there.state()
    return state.on is way.on and (way.background is None or state.background_on is way.background)


def killed_in_sleep(number: int, there: Platform) -> Callable[[float], None]:
    """A sleep that kills the run when it is the one of this number."""
    left = [number]

    def sleep(seconds: float) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        there.time.sleep(seconds)

    return sleep


def calls_of(way: Wanted) -> int:
    """How many calls a run makes that nothing disturbs."""
    there = platform(way)
    switch(there, way)
    return len(there.calls)


# --- undisturbed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_one_request_and_its_operation(way: Wanted) -> None:
    there = platform(way, seconds=1200.0)
    switching, outcome = switch(there, way)
    assert (outcome.changed, switching.attached, switching.sent) == (True, False, True)
    assert switching.operation is not None
    assert (switching.operation.id, switching.operation.succeeded) == ("op1", True)
    assert there.calls.count("switch") == len(there.works) == 1
    assert is_there(there, way)
    runtime, background = ("AdminMode", "Disabled") if way.on else ("Enabled", "Enabled")
    assert there.bodies == [
        {
            "properties": {
                "states": {"runtime": {"id": runtime}},
                "linkedEnvironmentMetadata": {"backgroundOperationsState": background},
            }
        }
    ]


def test_twenty_minutes_with_progress() -> None:
    """A line for each stage and one a minute; none is about nothing."""
    there = platform(ENTER, seconds=1200.0)
    switch(there, ENTER)
    told = there.time.told
    assert [next(i for i, line in enumerate(told) if f"stage {name} " in line) for name in STAGES] == sorted(
        next(i for i, line in enumerate(told) if f"stage {name} " in line) for name in STAGES
    )
    assert 20 <= len(told) <= 30
    assert told[0] == f'waiting for environment "Contoso UAT" ({ID}): 0 of 5400 s, its operation is not visible yet'
    assert any("does not show the change yet" in line for line in told)


@pytest.mark.parametrize("way", WAYS)
def test_again_changes_nothing(way: Wanted) -> None:
    there = platform(way)
    switch(there, way)
    there.time.now += 60.0
    before, now = len(there.calls), there.time.now
    _switching, outcome = switch(there, way)
    assert (outcome.changed, there.time.now) == (False, now)
    assert there.calls[before:] == ["environment", "operations"]


def test_an_old_operation_costs_nothing() -> None:
    """Nor does one that failed, or of which nobody knows when it ended."""
    for last in (NOW - timedelta(seconds=61), None):
        there = platform(ENTER)
        old = Operation("old", "Edit", state="Succeeded", last=last)
        there.history = (old,)
        switching = Switching(there, ID, ENTER, LIMITS, there.time.run(), clock=lambda: NOW)
        switching.begin()
        assert there.time.slept == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lists", [True, False], ids=["listed", "not listed"])
@pytest.mark.parametrize("back", [True, False])
def test_an_operation_that_has_just_ended(way: Wanted, lists: bool, back: bool) -> None:
    """What the environment says is old: it looks as if there were something to do, or nothing."""
    there = platform(way, lists=lists)
    switching = Switching(there, ID, way, LIMITS, there.time.run())
    there.switch(ID, switching.plan(switching.read()).steps[0].body)
    there.time.now += there.seconds + 1.0
    wanted = (LEAVE if way.on else ENTER) if back else way
    assert is_there(there, way)
    assert there.environment(ID).on is not way.on
    switch(there, wanted)
    assert is_there(there, wanted)
    assert len(there.works) == (2 if back else 1)


def test_background_operations_are_not_named_unless_asked_for() -> None:
    there = platform(ENTER)
    switch(there, Wanted(True))
    assert there.bodies == [{"properties": {"states": {"runtime": {"id": "AdminMode"}}}}]


@pytest.mark.parametrize(
    "more",
    [
        {"names": False},
        {"names": False, "list_lag": 45.0},
        {"names": False, "lists": False},
        {"lists": False},
        {"unknown_at_first": 60.0},
        {"unknown_at_first": 300.0},
        {"forgets": True},
        {"forgets": True, "lists": False},
        {"read_lag": 120.0},
        {"list_lag": 300.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", WAYS)
def test_what_the_platform_does_not_tell(way: Wanted, more: dict[str, Any]) -> None:
    """Without the operation's address, without a list, with an operation that is unknown: the environment decides."""
    there = platform(way, **more)
    _switching, outcome = switch(there, way)
    assert outcome.changed
    assert is_there(there, way)
    assert there.time.now >= there.seconds
    assert (len(there.works), there.collisions) == (1, 0)


# --- disturbed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", range(calls_of(ENTER)))
@pytest.mark.parametrize("way", WAYS, ids=["in", "out"])
def test_every_fault_at_every_call_then_again(way: Wanted, call: int, fault: str) -> None:
    """A fault either is survived or ends the run; the next run completes it. There is one operation in the end."""
    there = platform(way, faults={call: fault})
    try:
        switch(there, way)
    except (Failure, Killed):
        assert fault != "unanswered" or there.calls[-1] != "switch"
        switch(there, way)
    assert is_there(there, way)
    assert (len(there.works), there.collisions) == (1, 0)


@pytest.mark.parametrize("lists", [True, False], ids=["listed", "not listed"])
@pytest.mark.parametrize("way", WAYS, ids=["in", "out"])
def test_killed_in_every_pause_then_again(way: Wanted, lists: bool) -> None:
    """At every stage: the next run waits for the operation that it finds, and begins none."""
    number, stages = 0, set()
    while True:
        there = platform(way, lists=lists)
        try:
            switch(there, way, sleep=killed_in_sleep(number, there))
        except Killed:
            if not there.works:
                number += 1
                continue
            running = there.works[-1].seen(there.time.now)
            stages.add(running.stage.id if running.stage else "")
            switching, _outcome = switch(there, way)
            assert is_there(there, way)
            assert (len(there.works), there.collisions) == (1, 0), number
            assert switching.requests == 0
            assert switching.attached is (lists and not running.ended)
        else:
            break
        number += 1
    assert stages == set(STAGES)


@pytest.mark.parametrize("pause", range(3, 40, 4))
def test_killed_on_the_way_in_then_out(pause: int) -> None:
    """What runs is waited for, whatever it will come to; then the other operation begins."""
    there = platform(ENTER)
    with pytest.raises(Killed):
        switch(there, ENTER, sleep=killed_in_sleep(pause, there))
    switch(there, LEAVE)
    assert is_there(there, LEAVE)
    assert (len(there.works), there.collisions) == (2, 0)


def test_killed_before_the_operation_is_in_the_list() -> None:
    """The environment says that something is at work."""
    there = platform(ENTER, list_lag=90.0)
    with pytest.raises(Killed):
        switch(there, ENTER, sleep=killed_in_sleep(0, there))
    assert there.environment(ID).busy
    switching, _outcome = switch(there, ENTER)
    assert is_there(there, ENTER)
    assert (len(there.works), switching.requests) == (1, 0)


def test_a_request_that_did_not_arrive_is_sent_again() -> None:
    there = platform(ENTER, switch_faults={0: "lost"})
    switching, _outcome = switch(there, ENTER)
    assert (switching.requests, len(there.works), there.collisions) == (2, 1, 0)
    assert is_there(there, ENTER)


def test_an_answer_that_was_lost_is_looked_for() -> None:
    there = platform(ENTER, switch_faults={0: "unanswered"}, list_lag=30.0, secretive=True)
    switching, outcome = switch(there, ENTER)
    assert (switching.requests, switching.attached, outcome.changed) == (1, False, True)
    assert any("no answer to the request" in line and "looking for its operation" in line for line in there.time.told)


def test_requests_that_never_arrive() -> None:
    there = platform(ENTER, switch_faults=dict.fromkeys(range(9), "lost"))
    with pytest.raises(Lost):
        switch(there, ENTER)
    assert (there.calls.count("switch"), there.works) == (3, [])


def test_lost_and_no_list() -> None:
    """Nobody can know whether it was carried out, so it is not sent again."""
    there = platform(ENTER, lists=False, switch_faults={0: "lost"})
    with pytest.raises(Lost):
        switch(there, ENTER)
    assert there.calls.count("switch") == 1


# --- other operations -------------------------------------------------------------------------------------------------


def test_another_operation_is_waited_for() -> None:
    there = platform(ENTER)
    there.begin("Backup", {}, 200.0)
    switching, _outcome = switch(there, ENTER)
    assert [work.type for work in there.works] == ["Backup", "Edit"]
    assert (there.collisions, switching.attached) == (0, False)


def test_another_operation_that_takes_too_long() -> None:
    there = platform(ENTER)
    there.begin("Copy", {}, 5000.0)
    with pytest.raises(Failure, match=r"something else is at work there: operation Copy of somebody: stage Validate"):
        switch(there, ENTER)
    assert "switch" not in there.calls
    assert 300 <= there.time.now < 400


def test_another_operation_that_nobody_lists() -> None:
    """The platform refuses with 409: the run waits and asks again."""
    there = platform(ENTER, list_lag=10_000.0, secretive=True)
    there.begin("Backup", {}, 100.0)
    switch(there, ENTER)
    assert there.collisions > 1
    assert is_there(there, ENTER)


def test_busy_for_too_long() -> None:
    there = platform(ENTER, list_lag=10_000.0, secretive=True)
    there.begin("Backup", {}, 10_000.0)
    with pytest.raises(Busy):
        switch(there, ENTER)
    assert 300 <= there.time.now < 340


@pytest.mark.parametrize("already", [True, False])
def test_somebody_else_switches_meanwhile(already: bool) -> None:
    """An operation of the same type is waited for, and nothing is sent if it brought what is wanted."""
    there = platform(ENTER)
    there.begin("Edit", {"runtime": "AdminMode", "background": "Disabled"} if already else {}, 400.0)
    switching, outcome = switch(there, ENTER)
    assert switching.attached
    assert outcome.changed is not already
    assert switching.requests == (0 if already else 1)
    assert is_there(there, ENTER)


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("more", [{}, {"names": False}, {"names": False, "list_lag": 700.0}], ids=str)
def test_an_operation_that_fails_is_not_repeated(stage: str, more: dict[str, Any]) -> None:
    there = platform(ENTER, fails_at=stage, **more)
    with pytest.raises(OperationFailed, match=f"ended with Failed at the stage {stage}") as failed:
        switch(there, ENTER)
    assert failed.value.details["stage"] == stage
    assert there.calls.count("switch") == 1


def test_the_limit() -> None:
    """The operation goes on; the next run waits for the rest."""
    there = platform(ENTER, seconds=3000.0)
    limits = Limits(wait=1800.0, busy=300.0, settle=180.0, interval=15.0)
    with pytest.raises(
        Failure, match=r"see the end of the switch within 1800 s .*stage Run.*Run the task again to wait"
    ):
        switch(there, ENTER, limits=limits)
    assert there.time.now == pytest.approx(1800.0, abs=20.0)
    switching, _outcome = switch(there, ENTER, limits=limits)
    assert (switching.attached, len(there.works)) == (True, 1)


def test_the_environment_never_shows_it() -> None:
    there = platform(ENTER, read_lag=10_000.0)
    with pytest.raises(Failure, match=r"still shows administration mode off, background operations enabled"):
        switch(there, ENTER)
    assert 780 <= there.time.now < 900


def test_background_operations_that_stay_disabled() -> None:
    """The known defect: said by its number, with administration mode on, and not tried again."""
    there = platform(ENTER, background_bug=True)
    with pytest.raises(Failure, match=r"background operations stay disabled, a known defect .* issue 1203"):
        switch(there, Wanted(True, True))
    assert there.state().on
    assert there.calls.count("switch") == 1


# --- refusals and check mode ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"kind": "Linked", "finops_id": "e-1"}, "Use lcs_maintenance_mode"),
        ({"kind": ""}, "has no Finance"),
        ({"forbidden": {"Edit": "a policy"}}, "does not allow the operation Edit now: a policy"),
        ({"runtime": "Disabled"}, "runtime state is Disabled"),
        ({"management": "Failed"}, "Its state is Failed"),
        ({"dataverse": False, "background": ""}, "no Dataverse"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_refused_before_anything(more: dict[str, Any], says: str, check_mode: bool) -> None:
    there = Platform(Time(), unified(**more))
    with pytest.raises(Refused, match=says):
        switch(there, ENTER, check_mode=check_mode)
    assert "switch" not in there.calls


def test_what_is_forbidden_is_no_matter_where_nothing_is_to_do() -> None:
    there = Platform(Time(), unified(runtime="AdminMode", forbidden={"Edit": ""}))
    assert switch(there, Wanted(True))[1].changed is False


@pytest.mark.parametrize("way", WAYS)
def test_check_mode_says_the_same_and_does_nothing(way: Wanted) -> None:
    there = platform(way)
    _switching, outcome = switch(there, way, check_mode=True)
    assert there.calls == ["environment", "operations"]
    assert outcome.plan == switch(there, way)[1].plan


def test_check_mode_does_not_wait_for_an_operation() -> None:
    there = platform(ENTER)
    there.begin("Edit", {}, 400.0)
    _switching, outcome = switch(there, ENTER, check_mode=True)
    assert (outcome.changed, there.time.now) == (False, 0.0)
    assert outcome.plan.pending == ("operation Edit of somebody: stage Validate Running",)
