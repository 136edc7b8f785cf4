"""The whole switch of a system of fakes: what is done, told and returned; check mode, turns, refusals, conflicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Answer
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import listed
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, Refused
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Stale
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import EARLY
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.moments import NOW
from fakes.switching import World
from fakes.system import BATCH, DMF, MR, RAN, W3SVC, findings, foreign, lease, record, window

STOPPED = f"stopped {listed((BATCH, MR, DMF))}"
STARTED = f"started {listed((DMF, MR, BATCH))}"
AOS_READY = "the AOS at https://dev01.example.com/ is ready"
IN = {
    "sql": ["recorded the window", STOPPED, "turned maintenance mode on in the database"],
    "setup_tool": [
        "recorded the window",
        STOPPED,
        "turned maintenance mode on with the setup tool",
        "verified that it is on",
    ],
}
OUT = {
    "sql": ["turned maintenance mode off in the database"],
    "setup_tool": [
        "recorded the planned change",
        "turned maintenance mode off with the setup tool",
        "verified that it is off",
    ],
}
ROADS = pytest.mark.parametrize("road", ["sql", "setup_tool"])

# --- there and back ---


@ROADS
def test_into_maintenance_mode(road: str) -> None:
    world = World(road)
    switch, outcome = world.run("enabled", opening=Opening("CHG1", "ann", "keys", "T1", "2h"))
    expected = [*IN[road], "restarted W3SVC", AOS_READY, "recorded that it is in effect"]
    result = switch.result(outcome.after)
    assert [step["step"] for step in result["steps"]] == expected
    assert world.time.told[-1].startswith("recorded that it is in effect (")
    assert outcome.changed
    assert (result["restart_required"], result["status"]["mode"], result["status"]["verified"]) == (
        False,
        "maintenance",
        True,
    )
    held = window("CHG1", opened=NOW, ticket="T1", expires=NOW.replace(hour=23))
    assert (world.axdb.mode, world.axdb.record) == (
        "enabled",
        replace(record(ran=RAN), windows=(held,)),
    )
    assert world.states() == {BATCH: "stopped", MR: "stopped", DMF: "stopped", W3SVC: "running"}


@ROADS
def test_and_out_of_it(road: str) -> None:
    world = World(road, "enabled", record(), "stopped")
    switch, outcome = world.run("disabled")
    expected = [*OUT[road], "restarted W3SVC", AOS_READY, STARTED, "removed the record"]
    result = switch.result(outcome.after)
    assert [step["step"] for step in result["steps"]] == expected
    assert (result["restart_required"], result["status"]["mode"], result["status"]["verified"]) == (
        False,
        "normal",
        True,
    )
    assert (world.axdb.mode, world.axdb.text) == ("disabled", None)
    assert set(world.states().values()) == {"running"}


@pytest.mark.parametrize("mode", ["enabled", "disabled"])
def test_a_variable_that_somebody_set_back_before_is_told_of(mode: str) -> None:
    world = World("sql", mode, record(), "stopped")
    switch, outcome = world.run("disabled")
    row = switch.result(outcome.after)["status"]
    assert (row["mode"], row["windows"]) == ("normal", [])
    assert (EARLY in row["notes"]) is (mode == "disabled")


@ROADS
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_again_nothing_is_done_and_nothing_is_written(road: str, state: str) -> None:
    world = World(road, "enabled" if state == "disabled" else "disabled", record() if state == "disabled" else None)
    world.run(state)
    world.gone()
    looks = len(world.way.looks)
    _switch, outcome = world.run(state, run="run2")
    assert (outcome.changed, world.axdb.written, world.machine.log, world.time.told) == (False, [], [], [])
    assert len(world.way.looks) == looks + 1


def test_each_step_is_told_as_it_is_done() -> None:
    world = World()
    world.machine.services[BATCH].stop_takes = 3
    world.run()
    assert f"{STOPPED} (3 s)" in world.time.told


def test_the_result_says_how_long_each_step_took() -> None:
    world = World()
    world.machine.services[BATCH].stop_takes = 3
    switch, outcome = world.run()
    assert {"step": STOPPED, "seconds": 3.0} in switch.result(outcome.after)["steps"]


def test_the_output_of_a_program_is_returned() -> None:
    world = World("setup_tool")
    switch, outcome = world.run()
    assert switch.result(outcome.after)["output"] == "done"


# --- check mode ---


@ROADS
@pytest.mark.parametrize("state", ["enabled", "disabled"])
@pytest.mark.parametrize("windows", [(), ("default",), ("other",), ("other", "default")])
def test_check_mode_shows_exactly_what_the_real_run_does(road: str, state: str, windows: tuple[str, ...]) -> None:
    def world() -> World:
        return World(road, "enabled" if windows else "disabled", record(windows=windows) if windows else None)

    untouched = world()
    _switch, shown = untouched.run(state, check_mode=True)
    assert (untouched.axdb.written, untouched.machine.log, untouched.machine.lines) == ([], [], [])
    switch, done = world().run(state)
    assert [step.done for step in shown.plan.steps] == [step.name for step in switch.done]
    assert (shown.changed, shown.plan.diff) == (done.changed, done.plan.diff)


def test_what_is_refused_is_refused_in_check_mode_too() -> None:
    for check in (True, False):
        world = World(of=findings(visual_studio=True))
        with pytest.raises(Refused, match="Visual Studio"):
            world.run(check_mode=check)
        assert world.axdb.written == []


# --- windows ---


def test_one_more_window_is_one_write() -> None:
    world = World("sql", "enabled", record(windows=("other",)), "stopped")
    switch, _outcome = world.run("enabled", opening=Opening("CHG2", "bob"))
    assert [step.name for step in switch.done] == ["recorded the window"]
    assert world.axdb.record
    assert [each.id for each in world.axdb.record.windows] == ["other", "CHG2"]
    assert world.machine.log == []


def test_closing_one_of_several_leaves_the_mode_on_and_says_for_whom() -> None:
    world = World("sql", "enabled", record(windows=("other", "default")), "stopped")
    switch, outcome = world.run("disabled")
    status = switch.result(outcome.after)["status"]
    assert (status["mode"], status["verified"], [each["id"] for each in status["windows"]]) == (
        "maintenance",
        True,
        ["other"],
    )


def test_a_bad_end_is_refused_before_anything_is_touched() -> None:
    world = World()
    with pytest.raises(Invalid, match=r"^Invalid O\(expires\)"):
        world.run(opening=Opening(expires="2020-01-01T00:00:00Z"))
    assert (world.axdb.written, world.machine.lines) == ([], [])


# --- another run ---


@pytest.mark.parametrize("busy", [0.0, 30.0])
def test_another_run_is_waited_for_and_then_named(busy: float) -> None:
    world = World("sql", "enabled", record("set", lease=lease("r2")))
    with pytest.raises(Failure, match="another run is at work there: run r2 of bob on ctl02, at work since") as caught:
        world.run("disabled", busy_limit=busy)
    assert world.time.now == busy
    assert caught.value.details["lease"]["run"] == "r2"
    assert world.axdb.written == []


def test_in_check_mode_nothing_is_waited_for() -> None:
    world = World("sql", "enabled", record("set", lease=lease("r2")))
    with pytest.raises(Failure, match="another run is at work there"):
        world.run("disabled", check_mode=True)
    assert world.time.slept == []


@pytest.mark.parametrize(
    ("stored", "more", "waits"),
    [
        pytest.param(
            record("set", lease=lease("r2")), {"take_over": True}, False, id="taken over because it is said to"
        ),
        pytest.param(record("set", lease=lease("r2", alive=False)), {}, False, id="it died"),
        pytest.param(record("set", lease=lease("r2")), {}, True, id="it dies while we wait"),
        pytest.param(foreign(record("set", lease=lease("r2"))), {}, False, id="a run on another machine"),
    ],
)
def test_a_run_that_died_is_taken_over(stored: Any, more: dict[str, Any], waits: bool) -> None:
    world = World("sql", "enabled", stored, "stopped")
    world.run("disabled", **more)
    assert world.time.told[0].startswith("waiting for another run on dev01: 0 of 240 s, run r2 of bob") is waits
    assert (world.axdb.mode, world.axdb.text) == ("disabled", None)


def test_where_another_run_writes_before_we_touch_anything_it_is_planned_anew() -> None:
    world = World()

    def another_run() -> None:
        world.axdb.mode, world.axdb.text = "enabled", record("settled", ("other",)).text()
        for name in (BATCH, MR, DMF):
            world.machine.services[name].state = "stopped"

    world.axdb.before_write = [another_run]
    switch, outcome = world.run("enabled")
    assert [step.name for step in switch.done] == ["recorded the window"]
    assert world.axdb.record
    assert [each.id for each in world.axdb.record.windows] == ["other", "default"]
    assert outcome.changed
    assert world.machine.log == []


def test_but_not_for_ever() -> None:
    world = World()
    world.axdb.faults = [Conflict("write", "db", "another run wrote it", "Run again")] * 9
    with pytest.raises(Stale, match="another run wrote it"):
        world.run()
    assert len(world.way.looks) == 3
    assert world.machine.log == []


@ROADS
def test_a_run_that_was_taken_over_stops_where_it_is(road: str) -> None:
    """It does not clear up: what it stopped is the other one's business now."""
    world = World(road)
    theirs = record("prepared", lease=lease("r2"))

    def taken_over(line: str) -> None:
        if f'stop "{BATCH}"' in line:
            world.axdb.text = theirs.text()

    world.machine.before_line = taken_over
    with pytest.raises(Conflict) as caught:
        world.run()
    assert "Another run has taken over and is at work on the system now; this one has stopped." in str(caught.value)
    assert world.axdb.record == theirs
    assert not [entry for entry in world.machine.log if entry.startswith("start")]


def test_a_run_whose_parent_is_gone_leaves_everything_to_the_next_one() -> None:
    world = World()

    def check() -> None:
        if world.machine.log:
            raise Abandoned

    with pytest.raises(Abandoned):
        world.run(check=check)
    assert world.axdb.record
    assert world.axdb.record.lease, "nothing was given back either"
    assert not [entry for entry in world.machine.log if entry.startswith("start")]
    world.gone().run("disabled", run="run2")
    assert set(world.states().values()) == {"running"}
    assert (world.axdb.mode, world.axdb.text) == ("disabled", None)


# --- what is refused ---


@pytest.mark.parametrize("check_mode", [True, False])
def test_all_reasons_at_once_and_nothing_touched(check_mode: bool) -> None:
    world = World(
        of=findings(visual_studio=True, elevated=False), aos=lambda: Answer(None, "no answer (refused)", "silent")
    )
    with pytest.raises(Refused, match=r"^Refused, nothing was touched on dev01\. Visual Studio") as caught:
        world.run(check_mode=check_mode)
    assert len(caught.value.reasons) == 3
    assert (world.axdb.written, world.machine.log) == ([], [])


def test_a_refused_system_has_a_row() -> None:
    world = World(of=findings(visual_studio=True))
    switch = world.switch()
    with pytest.raises(Refused) as caught:
        switch.plan(switch.read())
    row = switch.row(caught.value)
    assert (row["system"], row["mode"]) == ("dev01", "normal")
    assert "Visual Studio" in row["notes"][0]


def test_a_system_that_was_never_seen_has_one_too() -> None:
    assert World().switch().row(Failure("look", "dev01", "no", ""))["mode"] == "unknown"


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_a_database_that_does_not_answer_is_a_reason(state: str) -> None:
    world = World()
    world.axdb.read_faults = [Failure("read CONFIGURATIONMODE", "db", "login failed", "Check O(sql_login_user)")]
    with pytest.raises(Refused, match=r"login failed\. Check O\(sql_login_user\)"):
        world.run(state)


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_a_broken_record_is_a_reason_with_its_way_out(state: str) -> None:
    world = World(mode="enabled")
    world.axdb.text = '{"version":'
    with pytest.raises(Refused, match="sp_dropextendedproperty"):
        world.run(state)
    assert world.axdb.written == []


def test_an_address_that_does_not_answer_while_iis_runs() -> None:
    world = World(aos=lambda: Answer(None, "the host name does not resolve", "unresolved"))
    with pytest.raises(Refused, match=r"to check whether the AOS is ready again: https://dev01.*does not resolve"):
        world.run()


def test_an_address_that_answers_badly_will_do() -> None:
    answers = [Answer(503), Answer(500), Answer(200)]
    world = World(aos=lambda: answers.pop(0))
    world.run()
    assert answers == []


# --- stopping before the restart ---


@ROADS
@pytest.mark.parametrize("state", ["enabled", "disabled"])
@pytest.mark.parametrize("synchronise", [False, True])
def test_stop_before_the_restart_and_go_on(road: str, state: str, synchronise: bool) -> None:
    """Work of one's own comes between the two: the role's hook d365fo_before_restart."""
    stored = record() if state == "disabled" else None
    world = World(road, "enabled" if stored else "disabled", stored, "stopped" if stored else "running")
    switch, outcome = world.run(state, stop_before="restart", synchronise=synchronise)
    assert switch.result(outcome.after)["restart_required"]
    assert world.axdb.mode == state
    assert not [entry for entry in world.machine.log if W3SVC in entry]
    assert world.axdb.record
    assert world.axdb.record.lease is None, "the task that goes on is another run"
    switch, outcome = world.run(state, run="run2")
    assert "restarted W3SVC" in [step.name for step in switch.done]
    assert not switch.result(outcome.after)["restart_required"]
    assert world.time.slept == []


@ROADS
@pytest.mark.parametrize("restart", [True, False])
def test_a_check_says_whether_a_restart_is_ahead(road: str, restart: bool) -> None:
    """So that a chain of tasks shows in check mode what it is going to do."""
    world = World(road, "disabled") if restart else World(road, "enabled", record(), "stopped")
    switch, outcome = world.run("enabled", stop_before="restart", check_mode=True)
    assert switch.result(outcome.after)["restart_required"] is restart
    assert world.axdb.mode == ("disabled" if restart else "enabled")


# --- what is verified ---


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_without_waiting_the_mode_is_not_verified(state: str) -> None:
    """As the documentation of wait_for_aos says."""
    stored = record() if state == "disabled" else None
    world = World("sql", "enabled" if stored else "disabled", stored, "stopped" if stored else "running")
    switch, outcome = world.run(state, wait=False)
    assert "restarted W3SVC" in [step.name for step in switch.done]
    assert switch.result(outcome.after)["status"]["verified"] is not True


def test_where_iis_does_not_run_it_stays_stopped_and_nothing_is_verified() -> None:
    world = World()
    world.machine.services[W3SVC].state = "stopped"
    switch, outcome = world.run()
    assert world.states()[W3SVC] == "stopped"
    assert switch.result(outcome.after)["status"]["verified"] is None
