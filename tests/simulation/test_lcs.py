"""Every request of a switch in LCS breaks in every way; the next run finishes the work, and nothing is asked twice."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from simulation.gate import ANSWER_LOST, KILLED, KILLED_AFTER, LOST, Gate
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
    assert checked.result["diff"] == {"before": {"maintenance_mode": not wanted}, "after": {"maintenance_mode": wanted}}
    done = run(lcs, direction)
    assert (done.how, done.result["changed"], done.result["maintenance_mode"]) == ("success", True, wanted)
    assert done.result["status"]["mode"] == ("maintenance" if wanted else "normal")
    assert done.result["status"]["verified"] is True
    assert (done.operations.count(SWITCH), len(lcs.operations), lcs.on) == (1, 1, wanted)
    again = run(lcs, direction)
    assert (again.how, again.result["changed"]) == ("success", False)
    # The quiet run asks for the list, the details, what runs and, since these lag, the history.
    assert again.operations == (
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


def test_an_operation_in_the_other_direction_is_waited_for() -> None:
    lcs = Lcs(duration=150.0, lag=40.0)
    lcs.begin(True)
    done = run(lcs, "disabled")
    assert (done.how, done.result["changed"], lcs.on) == ("success", True, False)
    assert [one.on for one in lcs.operations] == [True, False]


# --- what each fault means --------------------------------------------------------------------------------------------


def at_switch(fault: str, **more: Any) -> tuple[Ended, Lcs]:
    lcs = beginning("enabled", **more)
    number = undisturbed("enabled", **more).operations.index(SWITCH)
    return run(lcs, "enabled", Gate(number, fault), start_limit=120.0), lcs


@pytest.mark.parametrize("fault", [DECLINED, DECLINED_500, INNER])
def test_declined(fault: str) -> None:
    ended, lcs = at_switch(fault)
    assert (ended.how, ended.result["changed"], lcs.operations) == ("failure", False, [])
    assert 'LCS says "It cannot be done now"; activity id request-1' in ended.message
    assert "Maintenance mode is off for environment" in ended.message
    assert ended.result["activity_id"] == "request-1"


@pytest.mark.parametrize("on", [True, False])
def test_somebody_else_is_faster(on: bool) -> None:
    """LCS declines since another operation began between the look and the request: it is watched, whichever it is."""
    lcs = Lcs(on=not on, duration=150.0, lag=0.0)
    number = undisturbed("enabled").operations.index(SWITCH) if on else undisturbed("disabled").operations.index(SWITCH)
    gate = Gate(number, DECLINED, before=lambda one: lcs.begin(on) if one.number == number else None)
    ended = run(lcs, "enabled" if on else "disabled", gate)
    assert (ended.how, ended.result["changed"], lcs.on, len(lcs.operations)) == ("success", False, on, 1)


@pytest.mark.parametrize("fault", [ANSWER_LOST, GATEWAY])
def test_a_lost_answer_is_no_failure(fault: str) -> None:
    ended, lcs = at_switch(fault)
    assert (ended.how, ended.result["changed"], ended.operations.count(SWITCH)) == ("success", True, 1)
    assert any("the answer to the request was lost" in line for line in lcs.time.told)


def test_a_lost_request_is_not_sent_again() -> None:
    ended, lcs = at_switch(LOST)
    assert (ended.how, ended.operations.count(SWITCH), lcs.operations) == ("failure", 1, [])
    assert (
        "the answer to the request was lost (the connection broke), and no servicing operation began" in ended.message
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
    assert "was lost (HTTP 200 with 19 bytes that are not JSON), and no servicing operation began" in ended.message


def test_a_path_that_is_gone_names_the_option() -> None:
    ended = run(beginning("enabled"), "enabled", Gate(1, GONE))
    assert "HTTP 404. The portal's paths are not documented and may have changed; O(details_path)" in ended.message


def test_a_relic_in_the_history_is_passed_over() -> None:
    lcs = Lcs(duration=150.0, relic=True)
    done = run(lcs, "enabled")
    assert (done.how, len(lcs.operations)) == ("success", 1)
    assert done.result["waited"] > 300


@pytest.mark.parametrize("fails", [False, True])
def test_a_session_that_ends_in_the_wait_is_no_failure(fails: bool) -> None:
    lcs = Lcs(sessions_end_at=300.0)
    ended = run(lcs, "enabled", fail_unwatched=fails)
    said = "is still running, but the session is over: sign in again to watch"
    assert ended.how == ("failure" if fails else "unwatched")
    assert said in (ended.message if fails else ended.result["warnings"][0])
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
