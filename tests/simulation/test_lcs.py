"""Every request of a switch in LCS breaks in every way; the next run finishes the work, and nothing is asked twice."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from simulation.gate import ANSWER_LOST, KILLED, KILLED_AFTER, LOST, Gate, Killed, Operation
from simulation.lcs import (
    COOKIE,
    DECLINED,
    DECLINED_500,
    FAULTS,
    GATEWAY,
    GONE,
    INNER,
    NOT_JSON,
    OVER,
    OVERLOADED,
    SESSION_FAULTS,
    STALE,
    Ended,
    Lcs,
    look,
    run,
)

DIRECTIONS = ("enabled", "disabled")
SWITCH = "EnableDisableMaintenanceMode"


def beginning(direction: str, **more: Any) -> Lcs:
    """An environment from which the direction leads away. A few long looks: all are alike."""
    return Lcs(on=direction == "disabled", **{"duration": 150.0, "lag": 40.0, **more})


@cache
def undisturbed(direction: str, **more: Any) -> Ended:
    ended = run(beginning(direction, **more), direction)
    assert ended.how == "success"
    return ended


def no_secret(ended: Ended, lcs: Lcs) -> None:
    told = json.dumps([ended.message, ended.result, lcs.time.told], default=str)
    assert "canary" not in told


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_usual_order(direction: str) -> None:
    lcs = beginning(direction)
    wanted = direction == "enabled"
    checked = run(lcs, direction, check_mode=True)
    assert (checked.result["changed"], checked.result["maintenance_mode"], lcs.operations) == (True, wanted, [])
    assert SWITCH not in checked.operations
    before, after = (checked.result["diff"][name]["maintenance_mode"] for name in ("before", "after"))
    assert (before, after) == (not wanted, wanted)
    assert lcs.file.text is None
    done = run(lcs, direction)
    assert (done.how, done.result["changed"], done.result["maintenance_mode"]) == ("success", True, wanted)
    assert done.result["status"]["mode"] == ("maintenance" if wanted else "normal")
    assert done.result["status"]["verified"] is True
    assert (done.operations.count(SWITCH), len(lcs.operations), lcs.on) == (1, 1, wanted)
    again = run(lcs, direction)
    assert (again.how, again.result["changed"]) == ("success", False)
    # The quiet run asks for the list, the details, what runs and, since these lag, the history; and for the record.
    assert again.operations == (
        "read record",
        "GetDeploymentSummary",
        "GetEnvironmentDetails",
        "GetOngoingActionDetails",
        "V2",
        "GetEnvironmentHistoryDetails",
    )
    no_secret(done, lcs)


def test_twenty_minutes_with_progress() -> None:
    lcs = Lcs(lag=90.0)
    done = run(lcs, "enabled")
    assert done.how == "success"
    assert done.result["waited"] == pytest.approx(1200, abs=31)
    assert lcs.time.told[0] == (
        "waiting for environment 0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11 of LCS project 1234567 (Contoso UAT): "
        "0 of 7200 s, Deployed, Enable Maintenance Mode In progress, 35 %"
    )
    assert "Servicing, Enable Maintenance Mode In progress, 35 %" in lcs.time.told[-1]
    assert 18 <= len(lcs.time.told) <= 24


@pytest.mark.parametrize("action_lag", [0.0, 70.0])
@pytest.mark.parametrize("following", DIRECTIONS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_next_run_finishes_the_work(direction: str, fault: str, following: str, action_lag: float) -> None:
    operations = undisturbed(direction, action_lag=action_lag).operations
    assert len(operations) > 12
    for number in range(len(operations)):
        lcs = beginning(direction, action_lag=action_lag)
        first = run(lcs, direction, Gate(number, fault))
        at = f"{number} {operations[number]}"
        assert len(lcs.operations) <= 1, at
        if first.how == "success":
            assert (lcs.on, len(lcs.operations)) == (direction == "enabled", 1), at
        no_secret(first, lcs)
        # Lcs.begin raises an assertion where an operation would be asked for beside another one.
        second = run(lcs, following)
        assert second.how == "success", f"{at}: {second.message}"
        assert lcs.on is (following == "enabled"), at
        assert not lcs.running, at
        if following == direction:
            assert len(lcs.operations) == 1, at


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("fault", [KILLED, KILLED_AFTER])
def test_a_killed_run_at_each_stage_never_starts_a_second_operation(direction: str, fault: str) -> None:
    for number in range(len(undisturbed(direction).operations)):
        lcs = beginning(direction)
        assert run(lcs, direction, Gate(number, fault)).how == "killed"
        assert run(lcs, direction).how == "success"
        assert (len(lcs.operations), lcs.on) == (1, direction == "enabled")


def test_a_killed_run_is_attached_to() -> None:
    lcs = beginning("enabled")
    number = undisturbed("enabled").operations.index(SWITCH)
    assert run(lcs, "enabled", Gate(number, KILLED_AFTER)).how == "killed"
    second = run(lcs, "enabled")
    # The first run wrote; the second one watched.
    assert (second.how, second.result["changed"], second.operations.count(SWITCH)) == ("success", False, 0)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("following", DIRECTIONS)
@pytest.mark.parametrize("keeps_history", [True, False])
def test_taken_over_before_anything_shows_the_operation(direction: str, following: str, keeps_history: bool) -> None:
    """Killed right after its request; where the history cannot be read, nothing shows what it began."""
    lcs = beginning(direction, action_lag=40.0, keeps_history=keeps_history)
    number = undisturbed(direction).operations.index(SWITCH)
    assert run(lcs, direction, Gate(number, KILLED_AFTER)).how == "killed"
    assert run(lcs, following, take_over=True).how == "success"
    lcs.time.now += 200.0  # longer than an operation
    lcs.settle()
    assert (lcs.on, len(lcs.operations)) == (following == "enabled", 1 if following == direction else 2)


@pytest.mark.parametrize("stale", [1, 2])
def test_a_state_that_lags_after_a_killed_run_makes_nobody_forget_the_window(stale: int) -> None:
    """The run was killed, its operation ended, and the portal still says that the mode is off."""
    lcs = beginning("enabled")
    number = undisturbed("enabled").operations.index(SWITCH)
    assert run(lcs, **ON_A, gate=Gate(number, KILLED_AFTER)).how == "killed"
    lcs.time.now += 2000.0
    lcs.settle()
    lcs.stale = stale
    runs = [run(lcs, **OFF_A) for _number in range(2)]
    lcs.time.now += 2000.0
    lcs.settle()
    assert (lcs.on, runs[-1].how) == (False, "success"), [done.message for done in runs]


def test_a_check_while_something_runs_says_that_nothing_is_known() -> None:
    lcs = Lcs(lag=600.0)
    lcs.begin(True)
    checked = run(lcs, "enabled", check_mode=True)
    assert (checked.how, checked.result["changed"], checked.result["maintenance_mode"]) == ("success", False, None)
    assert checked.result["status"]["mode"] == "changing"
    assert (checked.operations.count(SWITCH), lcs.time.slept) == (0, [])


def test_an_operation_in_the_other_direction_is_waited_for() -> None:
    lcs = Lcs(duration=150.0, lag=40.0)
    lcs.begin(True)
    done = run(lcs, "disabled")
    assert (done.how, done.result["changed"], lcs.on) == ("success", True, False)
    assert [one.on for one in lcs.operations] == [True, False]


# --- windows ----------------------------------------------------------------------------------------------------------

Task = dict[str, Any]
ON_A: Task = {"state": "enabled", "window": Opening("A", "ann")}
ON_B: Task = {"state": "enabled", "window": Opening("B", "bob")}
OFF_A: Task = {"state": "disabled", "window": Opening("A")}
OFF: Task = {"state": "disabled"}
ALL_OFF: Task = {"state": "disabled", "all_windows": True}
# What was done before, whether somebody else turned the mode on, the task, and what it leads to.
Scene = tuple[list[Task], bool, Task, tuple[bool, list[str], bool | None, str]]
SCENES: dict[str, Scene] = {
    "in": ([], False, ON_A, (True, ["A"], True, "maintenance")),
    "second in": ([ON_A], False, ON_B, (True, ["A", "B"], True, "maintenance")),
    "in somebody else's": ([], True, ON_A, (True, [], False, "maintenance")),
    "first out": ([ON_A, ON_B], False, OFF_A, (True, ["B"], True, "maintenance")),
    "out": ([ON_A], False, OFF_A, (False, [], None, "normal")),
    "out of somebody else's": ([], True, OFF, (False, [], None, "normal")),
    "out of somebody else's, named": ([], True, OFF_A, (True, [], False, "maintenance")),
    "all out": ([ON_A, ON_B], False, ALL_OFF, (False, [], None, "normal")),
}


def before_scene(name: str) -> Lcs:
    return deepcopy(_before_scene(name))


@cache
def _before_scene(name: str) -> Lcs:
    before, foreign, _task, _end = SCENES[name]
    lcs = Lcs(on=foreign, duration=50.0, lag=20.0)
    for task in before:
        assert run(lcs, **task).how == "success"
    return lcs


def state(lcs: Lcs) -> tuple[bool, list[str], bool | None, str]:
    """Whether the mode is on, for which windows, whether it is ours, and what the status calls it."""
    row = look(lcs)["status"]
    lcs.settle()
    return lcs.on, [window["id"] for window in row["windows"]], row["managed"], row["mode"]


@pytest.mark.parametrize("name", SCENES)
def test_windows(name: str) -> None:
    lcs = before_scene(name)
    _before, foreign, task, end = SCENES[name]
    checked = run(lcs, **task, check_mode=True)
    done = run(lcs, **task)
    changes = not name.startswith(("in somebody", "out of somebody else's, named"))
    assert (done.how, done.result["changed"], checked.result["changed"]) == ("success", changes, changes)
    assert (checked.result["diff"], checked.result["maintenance_mode"]) == (
        done.result["diff"],
        done.result["maintenance_mode"],
    )
    assert state(lcs) == end
    again = run(lcs, **task)
    assert (again.result["changed"], state(lcs)) == (False, end)
    # Windows alone ask nothing of LCS.
    assert (SWITCH in done.operations) is (end[0] is not (foreign or len(SCENES[name][0]) > 0))


@pytest.mark.parametrize("back", [False, True], ids=["again", "back"])
@pytest.mark.parametrize("fault", [LOST, ANSWER_LOST, KILLED, KILLED_AFTER, OVER, DECLINED])
@pytest.mark.parametrize("name", SCENES)
def test_every_fault_leaves_a_record_that_the_next_run_understands(name: str, fault: str, back: bool) -> None:
    """Killed between any two steps included; what was on for us never looks as if somebody else had turned it on."""
    gate = Gate()
    run(before_scene(name), gate=gate, **SCENES[name][2])
    task, end = SCENES[name][2:]
    for operation in gate.log:
        at = str(operation)
        lcs = before_scene(name)
        first = run(lcs, gate=Gate(operation.number, fault), **task)
        if first.how == "success":
            assert state(lcs) == end, at
        _on, _windows, managed, mode = state(lcs)
        assert mode in ("maintenance", "normal", "changing"), at
        assert not (managed is False and "somebody" not in name), at
        if not back:
            assert run(lcs, **task).how == "success", at
            assert state(lcs) == end, at
        assert run(lcs, **ALL_OFF).how == "success", at
        assert state(lcs) == (False, [], None, "normal"), at
        assert lcs.file.text is None, at


def test_a_window_that_cannot_be_is_refused_before_anything_is_waited_for() -> None:
    lcs = Lcs()
    lcs.begin(True)
    refused = run(lcs, "enabled", window=Opening("A", expires="2020-01-01T00:00:00Z"))
    assert (refused.how, refused.result["changed"], lcs.time.slept) == ("failure", False, [])
    assert "which is in the past" in refused.message


def test_closing_one_of_several_says_for_whom_the_mode_stays_on() -> None:
    lcs = before_scene("first out")
    closed = run(lcs, **OFF_A)
    assert lcs.time.told[-1] == "closed the window A; maintenance mode stays on for B (bob)"
    assert "open window: B (bob)" in closed.result["status"]["notes"]
    run(lcs, **OFF_A)
    assert lcs.time.told[-1] == "closed nothing; maintenance mode stays on for B (bob)"
    foreign = Lcs(on=True)
    run(foreign, **OFF_A)
    assert foreign.time.told[-1] == "closed nothing; maintenance mode stays on for somebody else"


def test_a_second_run_waits_for_the_first_or_is_refused_with_its_name() -> None:
    """The first is in the middle of its switch, which lasts longer than the second is ready to wait."""
    lcs = Lcs(duration=1200.0)
    others: list[Ended] = []

    def another(_number: int) -> None:
        if lcs.time.now > 700 and not others:
            others.append(Ended("begun"))
            others[0] = run(lcs, **ON_B, busy_limit=30.0)

    first = run(lcs, gate=Gate(before=lambda operation: another(operation.number)), **ON_A)
    assert (first.how, others[0].how, others[0].result["changed"]) == ("success", "failure", False)
    assert "another run is at work there: run run1 of ann on ctl01" in others[0].message
    assert state(lcs) == (True, ["A"], True, "maintenance")
    assert run(lcs, **ON_B).result["changed"] is True
    assert (len(lcs.operations), state(lcs)[1]) == (1, ["A", "B"])


def test_the_lease_lasts_as_long_as_the_switch_and_not_much_longer() -> None:
    """Killed after a quarter of an hour: the next run begins after three minutes at the most."""
    lcs = Lcs(duration=1200.0)
    ended = run(lcs, gate=killed_at(lcs, 900.0), **ON_A)
    assert ended.how == "killed"
    assert look(lcs)["status"]["notes"][0].startswith("run run1 of ann on ctl01, at work since ")
    at = lcs.time.now
    second = run(lcs, **ON_A)
    assert (second.how, len(lcs.operations)) == ("success", 1)
    waits = [line for line in lcs.time.told if line.startswith("waiting for another run")]
    assert len(waits) > 1
    assert lcs.time.slept[-1] <= 30
    assert lcs.time.now - at < 600


def test_who_was_taken_over_before_the_request_sends_none() -> None:
    """The anti-forgery token took longer than the lease: meanwhile another run has begun and ended."""
    lcs = Lcs(duration=150.0, lag=40.0)
    gate = Gate()
    run(Lcs(duration=150.0), gate=gate, **ON_A)
    switch = next(operation.number for operation in gate.log if operation.doing == SWITCH)
    others: list[Ended] = []

    def slow(operation: Operation) -> None:
        if operation.number == switch and not others:
            lcs.time.now += 400.0
            others.append(Ended("begun"))
            others[0] = run(lcs, **ON_B)

    first = run(lcs, gate=Gate(switch, STALE, before=slow), **ON_A)
    assert (first.how, others[0].how, first.operations.count(SWITCH)) == ("failure", "success", 1)
    assert first.message.count("another run has taken over") == 1
    assert (len(lcs.operations), state(lcs)[:2]) == (1, (True, ["A", "B"]))


def killed_at(lcs: Lcs, moment: float) -> Gate:
    def kill(_operation: object) -> None:
        if lcs.time.now >= moment:
            raise Killed

    return Gate(before=kill)


def test_a_session_that_ends_in_the_wait_leaves_the_record_as_it_is() -> None:
    """Still running, then done by LCS itself; the next run attaches without waiting for a lease."""
    lcs = Lcs(sessions_end_at=300.0)
    assert run(lcs, **ON_A).how == "unwatched"
    lcs.sessions_end_at = None
    seen = look(lcs)["status"]
    assert (seen["mode"], [window["id"] for window in seen["windows"]]) == ("changing", ["A"])
    assert "did not finish: run again to complete it" in seen["notes"][0]
    told = len(lcs.time.told)
    lcs.time.now = 1300.0
    assert state(lcs) == (True, ["A"], True, "maintenance")
    assert not any("did not finish" in note for note in look(lcs)["status"]["notes"])
    again = run(lcs, **ON_A)
    assert (again.how, again.result["changed"], len(lcs.operations)) == ("success", False, 1)
    assert [line for line in lcs.time.told[told:] if "another run" in line] == []
    assert json.loads(lcs.file.text or "")["records"]["environment"]["lease"] is None


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_state_after_the_limit_is_not_known(direction: str) -> None:
    """Even while the old state still stands, and LCS does not say that anything runs."""
    lcs = beginning(direction, lag=250.0, action_lag=250.0, duration=600.0)
    ended = run(lcs, direction, limit=100.0)
    assert (ended.how, ended.result["changed"], ended.result["maintenance_mode"]) == ("failure", True, None)
    assert (ended.result["status"]["mode"], ended.result["status"]["verified"]) == ("changing", False)
    assert run(lcs, direction).how == "success"
    assert (len(lcs.operations), lcs.on) == (1, direction == "enabled")


# --- what each fault means --------------------------------------------------------------------------------------------


def at_switch(fault: str, **more: Any) -> tuple[Ended, Lcs]:
    lcs = beginning("enabled", **more)
    number = undisturbed("enabled", **more).operations.index(SWITCH)
    return run(lcs, "enabled", Gate(number, fault), start=120.0), lcs


@pytest.mark.parametrize("fault", [DECLINED, DECLINED_500, INNER])
def test_declined(fault: str) -> None:
    ended, lcs = at_switch(fault)
    assert (ended.how, ended.result["changed"], lcs.operations) == ("failure", False, [])
    assert 'LCS says "It cannot be done now"; activity id request-1' in ended.message
    assert "Maintenance mode is off for environment" in ended.message
    assert ended.result["activity_id"] == "request-1"


@pytest.mark.parametrize("on", [True, False])
def test_somebody_else_is_faster(on: bool) -> None:
    """LCS declines since another operation began between the look and the request: it is watched, whichever it is.

    The window that was asked for is open all the same.
    """
    lcs = Lcs(on=not on, duration=150.0, lag=0.0)
    number = undisturbed("enabled").operations.index(SWITCH) if on else undisturbed("disabled").operations.index(SWITCH)
    gate = Gate(number, DECLINED, before=lambda one: lcs.begin(on) if one.number == number else None)
    ended = run(lcs, "enabled" if on else "disabled", gate)
    assert (ended.how, ended.result["changed"], lcs.on, len(lcs.operations)) == ("success", on, on, 1)
    assert state(lcs) == ((True, ["default"], True, "maintenance") if on else (False, [], None, "normal"))


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("stale", [1, 2])
def test_lcs_declines_since_the_mode_is_as_required_behind_a_state_that_lags(on: bool, stale: int) -> None:
    """As after a run that was interrupted when its operation was just over."""
    lcs = Lcs(on=on, stale=stale)
    number = undisturbed("enabled" if on else "disabled").operations.index(SWITCH)
    ended = run(lcs, "enabled" if on else "disabled", Gate(number, DECLINED))
    assert (ended.how, lcs.on, lcs.operations) == ("success", on, [])
    assert state(lcs)[3] == ("maintenance" if on else "normal")


@pytest.mark.parametrize("fault", [ANSWER_LOST, GATEWAY])
def test_a_lost_answer_is_no_failure(fault: str) -> None:
    ended, lcs = at_switch(fault)
    assert (ended.how, ended.result["changed"], ended.operations.count(SWITCH)) == ("success", True, 1)
    assert any("the answer to the request was lost" in line for line in lcs.time.told)


def test_a_lost_request_is_not_sent_again() -> None:
    ended, lcs = at_switch(LOST)
    assert (ended.how, ended.operations.count(SWITCH), lcs.operations) == ("failure", 1, [])
    assert (
        "the answer to the request was lost (the connection broke), and no servicing operation started" in ended.message
    )


def test_the_token_is_renewed_once() -> None:
    ended, lcs = at_switch(STALE)
    assert (ended.how, ended.operations.count(SWITCH), len(lcs.operations)) == ("success", 2, 1)


def test_overload_is_waited_out() -> None:
    ended, lcs = at_switch(OVERLOADED)
    assert (ended.how, ended.operations.count(SWITCH), len(lcs.operations)) == ("success", 2, 1)


@pytest.mark.parametrize("fault", SESSION_FAULTS)
def test_a_session_that_is_over_before_the_request(fault: str) -> None:
    ended, lcs = at_switch(fault)
    assert (ended.how, ended.result["changed"], lcs.operations) == ("failure", False, [])
    assert "the session is over (" in ended.message
    assert "Sign in at https://lcs.example.com/Logon/AdLogon" in ended.message


def test_an_answer_that_is_not_understood_is_a_lost_one() -> None:
    ended, lcs = at_switch(NOT_JSON)
    assert (ended.how, ended.operations.count(SWITCH), lcs.operations) == ("failure", 1, [])
    assert "was lost (HTTP 200 with 19 bytes that are not JSON), and no servicing operation started" in ended.message


def test_a_path_that_is_gone_names_the_option() -> None:
    ended = run(beginning("enabled"), "enabled", Gate(2, GONE))
    assert (
        "HTTP 404. The portal's paths are not documented and may have changed. Find the new one and set O(details_path)"
        in ended.message
    )


def test_one_bad_answer_does_not_end_the_wait() -> None:
    operations = undisturbed("enabled").operations
    first = operations.index("GetEnvironmentDetails", operations.index(SWITCH))
    for number in (first, first + 1):
        ended = run(beginning("enabled"), "enabled", Gate(number, NOT_JSON))
        assert ended.how == "success"
        assert ended.operations[number] == ended.operations[number + 1]


def test_no_action_may_be_not_found() -> None:
    """HTTP 404 in place of an action; what runs shows in the history, and then in the state."""
    operations = undisturbed("enabled").operations
    number = operations.index("GetOngoingActionDetails")
    lcs = beginning("enabled")
    lcs.begin(True)
    ended = run(lcs, "enabled", Gate(number, GONE))
    assert (ended.how, ended.operations.count(SWITCH), len(lcs.operations)) == ("success", 0, 1)


def test_a_relic_in_the_history_is_passed_over() -> None:
    lcs = Lcs(duration=150.0, relic=True)
    done = run(lcs, "enabled")
    assert (done.how, len(lcs.operations)) == ("success", 1)
    assert done.result["waited"] > 300


@pytest.mark.parametrize("fails", [False, True])
def test_a_session_that_ends_in_the_wait_is_no_failure(fails: bool) -> None:
    lcs = Lcs(sessions_end_at=300.0)
    ended = run(lcs, "enabled", fail_unwatched=fails)
    said = "is still running, but the session is over, so nobody watches it. Sign in again at https://lcs.example.com/Logon"
    assert ended.how == ("failure" if fails else "unwatched")
    assert said in (ended.message if fails else ended.result["warnings"][0])
    assert ended.result.get("unfinished", ended.message) in (ended.message, ended.result["status"]["notes"][-1])
    assert (ended.result["changed"], ended.result["maintenance_mode"], ended.result["watched"]) == (True, None, False)
    assert (ended.result["status"]["mode"], ended.result["status"]["verified"]) == ("changing", False)
    lcs.sessions_end_at = None
    again = run(lcs, "enabled")
    assert (again.how, again.result["changed"], len(lcs.operations)) == ("success", False, 1)


def test_a_session_that_ends_while_another_run_is_watched() -> None:
    lcs = Lcs(sessions_end_at=300.0)
    lcs.begin(True)
    ended = run(lcs, "enabled")
    assert (ended.how, ended.result["changed"]) == ("unwatched", False)
    assert "which has not asked for anything yet" in ended.result["unfinished"]


def test_servicing_fails() -> None:
    lcs = beginning("enabled", fails=True)
    ended = run(lcs, "enabled")
    assert (ended.how, ended.result["changed"], ended.result["maintenance_mode"]) == ("failure", True, None)
    assert ended.result["activity_id"] == "activity-1"
    assert 'the servicing operation failed: LCS says status "Servicing failed", DeploymentState 11' in ended.message
    assert "activity id activity-1" in ended.message
    page = (
        "https://lcs.example.com/V2/EnvironmentDetailsV3New/1234567?EnvironmentId=0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11"
    )
    assert page in ended.message
    assert "a person chooses Resume, Rollback or Abort and downloads the logs" in ended.message
    assert ended.result["status"]["mode"] == "unknown"
    again = run(lcs, "enabled")
    assert again.message.startswith("Refused, nothing was touched on environment")
    assert (again.result["changed"], len(lcs.operations)) == (False, 1)


def test_at_the_limit_the_operation_goes_on() -> None:
    lcs = Lcs()
    ended = run(lcs, "enabled", limit=300.0)
    assert (ended.how, ended.result["changed"], ended.result["maintenance_mode"]) == ("failure", True, None)
    assert "still pending: Servicing, Enable Maintenance Mode In progress, 35 %" in ended.message
    assert run(lcs, "enabled").result["changed"] is False
    assert len(lcs.operations) == 1


@pytest.mark.parametrize(("kind", "word"), [(1, "cloud-hosted"), (2, "on-premises")])
def test_customer_managed_environments_are_refused(kind: int, word: str) -> None:
    ended = run(Lcs(kind=kind), "enabled")
    assert ended.how == "failure"
    assert word in ended.message
    assert "d365fo_maintenance_mode" in ended.message


def test_secrets_are_secret() -> None:
    lcs = beginning("enabled")
    ended = run(lcs, "enabled", Gate(0, OVER))
    assert COOKIE not in ended.message
    no_secret(ended, lcs)
