"""What a failure leaves behind, and what it says of it: the one thing that is needed at night."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Answer
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, TimedOut, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed

from fakes.machine import HANGS, FakeService
from fakes.switching import DOWN, READY, World
from fakes.system import BATCH, DMF, MR, W3SVC, lease, record

ROADS = pytest.mark.parametrize("road", ["sql", "setup_tool"])
TIMED_OUT = SqlFailure("set CONFIGURATIONMODE to 1", "db", 0, "[HYT00] Query timeout expired", sent=True)
TIMED_OUT.answer += (
    ". It is not known whether the change was made: no answer"  # as Database says when it could not look
)
SILENT = SqlFailure("read CONFIGURATIONMODE", "db", 0, "no answer", sent=True)
ON_HOST = TimedOut("write the record", "dev01", "timed out after 85 s; the command was abandoned", "See on the host")
LOST = Unreachable("write the record", "dev01", "the connection broke", "Run again")
NOT_ON = "Maintenance mode was not turned on."
RUN_AGAIN = "The services that were stopped run again."
BACK = "Run again to continue, or run disable to undo it."


def opened(road: str = "sql", **more: Any) -> World:
    """A system in maintenance mode, as an enable left it."""
    return World(road, "enabled", record(), "stopped", **more)


def failing(world: World, state: str = "enabled", **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        world.run(state, **more)
    failure = caught.value
    assert str(failure).endswith(failure.state)
    return failure


def untouched(world: World) -> bool:
    """Whether the system is as if nobody had been there."""
    return set(world.states().values()) == {"running"} and (world.axdb.mode, world.axdb.text) == ("disabled", None)


# --- on the way in, before the AOS has to do with it ---


@ROADS
def test_a_service_that_does_not_stop(road: str) -> None:
    world = World(road)
    world.machine.services[MR].stop_takes = HANGS
    world.machine.services[MR].refuses = [0, 1062]
    failure = failing(world)
    assert f"Could not stop {MR} on dev01: after 60 s it is stop_pending" in str(failure)
    assert failure.state.startswith(NOT_ON)
    assert {name: state for name, state in world.states().items() if name != MR} == dict.fromkeys(
        (BATCH, DMF, W3SVC), "running"
    )
    assert world.axdb.mode == "disabled"


@ROADS
def test_a_service_that_refuses(road: str) -> None:
    world = World(road)
    world.machine.services[DMF].refuses = [1052]
    failure = failing(world)
    assert failure.state == f"{NOT_ON} {RUN_AGAIN}"
    assert untouched(world)
    assert failure.details["changed"] is True
    assert failure.details["status"]["mode"] == "normal"
    assert [step["step"] for step in failure.details["steps"]] == ["recorded the window"]


def program(world: World, sets: bool, result: Completed) -> Callable[[str], Completed]:
    def run(line: str) -> Completed:
        if sets:
            world.sets(line)
        return result

    return run


@pytest.mark.parametrize("sets", [False, True], ids=["it did nothing", "it set the variable all the same"])
@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param(Completed(3, "oh no", ""), "exit code 3: oh no", id="it failed"),
        pytest.param(Completed(0, "", "careful"), "text on stderr", id="it complained"),
    ],
)
def test_a_tool_that_fails(sets: bool, result: Completed, words: str) -> None:
    world = World("setup_tool")
    world.machine.programs = {"Setup": program(world, sets, result)}
    failure = failing(world)
    assert words in str(failure)
    assert failure.state == f"{NOT_ON} {RUN_AGAIN}"
    assert untouched(world)


def test_a_tool_that_reports_success_and_does_nothing() -> None:
    world = World("setup_tool")
    world.machine.programs = {"Setup": program(world, False, Completed(0, "done", ""))}
    failure = failing(world)
    assert "verify the change" in failure.attempted
    assert "in place of enabled" in str(failure)
    assert failure.state == f"{NOT_ON} {RUN_AGAIN}"
    assert untouched(world)


def test_a_tool_that_is_beaten_by_another_run_is_no_failure_of_the_tool() -> None:
    world = World("setup_tool")

    def run(line: str) -> Completed:
        world.axdb.text = record("set", ("theirs",)).text()
        return world.sets(line)

    world.machine.programs = {"Setup": run}
    failure = failing(world)
    assert "Another run has taken over" in failure.state
    assert world.axdb.record == record("set", ("theirs",))


@ROADS
def test_what_was_stopped_and_does_not_start_again_is_said_and_not_forgotten(road: str) -> None:
    """Else it stays stopped for good, in no record."""
    world = World(road)
    world.machine.services[DMF].refuses = [1052]
    world.machine.services[BATCH].ends = 1067
    failure = failing(world)
    assert BATCH in failure.state
    assert "1067" in failure.state
    assert world.axdb.record
    assert BATCH in [each.name for each in world.axdb.record.services if each.stopped]
    world.machine.services[BATCH].ends = None
    world.gone().run("disabled", run="run2")
    assert untouched(world)


def test_a_run_that_was_taken_over_takes_nothing_back() -> None:
    """It fails for a reason of its own, and finds another run's record then."""
    world = World()
    theirs = record("prepared", lease=lease("r2"))

    def taken_over(line: str) -> None:
        if f'stop "{BATCH}"' in line:
            world.axdb.text = theirs.text()

    world.machine.before_line = taken_over
    world.machine.services[DMF].refuses = [1052]
    failure = failing(world)
    assert "does not accept this control (1052)" in str(failure)
    assert "Another run has taken over" in failure.state
    assert world.axdb.record == theirs
    assert not [entry for entry in world.machine.log if entry.startswith("start")]


# --- a write whose answer did not come ---


@pytest.mark.parametrize("background", ["running", "stopped"])
def test_whether_the_first_write_was_made_is_not_known(background: str) -> None:
    """Neither by the answer, nor by looking again: then it is said."""
    world = World(background=background)
    world.axdb.faults = [TIMED_OUT]
    world.axdb.read_faults = [None, SILENT, SILENT, SILENT]
    failure = failing(world)
    assert "not known" in str(failure)


@pytest.mark.parametrize("error", [ON_HOST, LOST, TIMED_OUT], ids=["timed out", "connection lost", "query time-out"])
def test_the_variable_was_set_although_the_answer_was_lost(error: Failure) -> None:
    """Nobody may be told that it is not set; either it is off again, or it is said that it may be on."""
    world = World(background="stopped")
    world.axdb.faults = [(error,)]
    text = str(failing(world))
    assert world.axdb.mode == "disabled" or "known" in text or "may have been" in text
    assert "maintenance mode is not set" not in text


@ROADS
def test_the_variable_turns_out_to_be_set(road: str) -> None:
    """The answer was lost, the next reading too, the one after it came."""
    world = World(road)
    world.axdb.faults = [None, (TIMED_OUT,)]
    failure = failing(world)
    assert "could not be found out" not in failure.state
    if world.axdb.mode == "disabled":
        assert failure.state.startswith(NOT_ON)
        assert untouched(world)
    else:
        assert "maintenance mode is set" in failure.state
        assert world.axdb.record


@ROADS
def test_a_database_that_is_gone_for_good(road: str) -> None:
    world = World(road)
    world.axdb.faults = [None, SILENT, SILENT, SILENT, SILENT]
    world.axdb.read_faults = [None, SILENT, SILENT, SILENT, SILENT]
    failure = failing(world)
    assert "could not be found out" in failure.state or "not known" in failure.state
    assert world.states()[BATCH] == "running", "services that were stopped come first"


# --- when the AOS has to do with it ---


@ROADS
def test_iis_that_does_not_stop(road: str) -> None:
    world = World(road)
    world.machine.services[W3SVC].stop_takes = HANGS
    failure = failing(world)
    assert re.fullmatch(
        rf"State now: maintenance mode is set, W3SVC is stop_pending, \S+ and 2 others are stopped\. {BACK}",
        failure.state,
    )
    assert (world.axdb.mode, world.states()[BATCH]) == ("enabled", "stopped")
    assert world.axdb.record
    assert (world.axdb.record.phase, world.axdb.record.lease) == ("set", None), "the next run need not wait"


def test_iis_that_does_not_start() -> None:
    world = World()
    world.machine.services[W3SVC].ends = 1067
    failure = failing(world)
    assert failure.state.startswith("State now: maintenance mode is set, W3SVC is stopped, ")
    assert failure.details["status"]["mode"] == "changing"


def test_an_aos_that_does_not_get_ready() -> None:
    answers = [READY]
    world = World(aos=lambda: answers.pop(0) if answers else Answer(503))
    failure = failing(world)
    assert "within 900 s" in str(failure)
    assert re.fullmatch(
        rf"State now: maintenance mode is set, the AOS was restarted but is not confirmed to be ready, \S+ and 2 "
        rf"others are stopped\. {BACK}",
        failure.state,
    )
    assert failure.details["status"]["verified"] is False
    assert failure.details["restart_required"] is True
    assert [step["step"] for step in failure.details["steps"]][-1] == "restarted W3SVC"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((BATCH, MR, DMF), r", \S+ and 2 others are stopped\. "),
        ((BATCH, MR), r", \S+ and 1 other are stopped\. "),
        ((DMF,), rf", {DMF} is stopped\. "),
        ((), r"not confirmed to be ready\. "),
    ],
)
def test_how_many_are_stopped(names: tuple[str, ...], words: str) -> None:
    answers = [READY]
    world = World(aos=lambda: answers.pop(0) if answers else DOWN, background="stopped")
    for name in names:
        world.machine.services[name].state = "running"
    assert re.search(words, failing(world).state)


@ROADS
@pytest.mark.parametrize("trouble", ["hangs", "crashes", "silent"])
def test_after_all_of_these_the_other_way_takes_it_back(road: str, trouble: str) -> None:
    answers = [READY]
    world = World(road, aos=(lambda: answers.pop(0) if answers else DOWN) if trouble == "silent" else None)
    iis = world.machine.services[W3SVC]
    iis.stop_takes = HANGS if trouble == "hangs" else 2
    iis.ends = 1067 if trouble == "crashes" else None
    failing(world)
    world.aos = None
    world.machine.services[W3SVC] = FakeService("stopped" if trouble == "crashes" else "running")
    world.gone().run("disabled", run="run2")
    assert untouched(world)


# --- on the way out ---


def test_a_service_that_does_not_start_at_the_end() -> None:
    world = opened()
    world.machine.services[MR].ends = 1067
    failure = failing(world, "disabled")
    assert f"Could not start {MR} on dev01: its process ended unexpectedly (1067)" in str(failure)
    assert failure.state.startswith("State now: maintenance mode is not set, the AOS runs with it, ")
    assert f"{MR} is stopped" in failure.state
    assert {name: state for name, state in world.states().items() if name != MR} == dict.fromkeys(
        (BATCH, DMF, W3SVC), "running"
    )
    world.machine.services[MR].ends = None
    switch, _outcome = world.gone().run("disabled", run="run2")
    assert "restarted W3SVC" not in [step.name for step in switch.done], "only what is left is done"
    assert untouched(world)


@pytest.mark.parametrize("wait", [True, False], ids=["waits for the AOS", "does not wait"])
def test_an_aos_that_did_not_restart_is_not_taken_for_one_that_did(wait: bool) -> None:
    world = opened()
    world.machine.services[W3SVC].stop_takes = HANGS
    failing(world, "disabled", wait=wait)
    assert world.axdb.record
    assert world.axdb.record.phase != "settled"
    world.machine.services[W3SVC] = FakeService()
    switch, _outcome = world.gone().run("disabled", run="run2", wait=wait)
    assert "restarted W3SVC" in [step.name for step in switch.done]
    assert untouched(world)


@pytest.mark.parametrize("wait", [True, False], ids=["waits for the AOS", "does not wait"])
def test_a_synchronisation_that_fails_leaves_a_restart_to_do(wait: bool) -> None:
    world = opened()
    world.machine.programs = {"Setup": program(world, False, Completed(1, "cannot", ""))}
    failure = failing(world, "disabled", synchronise=True, wait=wait)
    assert failure.state.startswith("State now: maintenance mode is not set, the AOS runs as before, ")
    world.machine.programs = {"Setup": program(world, False, Completed(0, "done", ""))}
    switch, _outcome = world.gone().run("disabled", run="run2", synchronise=True, wait=wait)
    steps = [step.name for step in switch.done]
    assert steps.index("synchronised the database with the setup tool") < steps.index("restarted W3SVC")
    assert untouched(world)


def test_a_service_that_somebody_disabled_is_reported_once_when_all_else_is_done() -> None:
    world = opened()
    world.machine.services[BATCH].start_type = "disabled"
    failure = failing(world, "disabled")
    assert f"Could not start {BATCH} on dev01" in str(failure)
    assert "its start type was auto, now it is disabled and stopped" in str(failure)
    assert failure.state == "Maintenance mode is off, and everything else that ran before runs again."
    assert {name: state for name, state in world.states().items() if name != BATCH} == dict.fromkeys(
        (MR, DMF, W3SVC), "running"
    )
    _switch, outcome = world.gone().run("disabled", run="run2")
    assert outcome.changed
    assert world.axdb.text is None
    assert world.states()[BATCH] == "stopped"


def test_so_is_what_depends_on_one_of_ours() -> None:
    """Run again as it is to leave it stopped: it must not fail for ever."""
    watcher = FakeService(needs=(BATCH,))
    world = World()
    world.machine.services["Watcher"] = watcher
    world.run()
    assert world.states()["Watcher"] == "stopped"
    watcher.start_type = "disabled"
    assert "Watcher" in str(failing(world.gone(), "disabled", run="run2"))
    assert world.states()[BATCH] == "running"
    world.gone().run("disabled", run="run3")
    assert world.axdb.text is None


def test_dependents_of_background_services_run_again() -> None:
    world = World()
    world.machine.services["Watcher"] = FakeService(needs=(BATCH,))
    world.run()
    assert world.states()["Watcher"] == "stopped"
    world.gone().run("disabled", run="run2")
    assert world.states()["Watcher"] == "running"


# --- a connection that breaks ---


@pytest.mark.parametrize(
    ("at", "words"),
    [
        pytest.param(
            f'stop "{BATCH}"', "maintenance mode is not set, the AOS runs as before", id="while it stops them"
        ),
        pytest.param(
            f'stop "{W3SVC}"',
            "maintenance mode is set, it is not known whether the AOS runs with it",
            id="while IIS stops",
        ),
    ],
)
def test_a_connection_that_breaks_says_what_is_known(at: str, words: str) -> None:
    world = World()

    def breaks(line: str) -> None:
        if at in line:
            raise LOST

    world.machine.before_line = breaks
    with pytest.raises(Unreachable) as caught:
        world.run()
    assert caught.value.state.startswith(f"State now: {words}")
    assert "the last command may have been carried out" in caught.value.state
    assert caught.value.state.endswith(BACK)


def test_nothing_is_cleared_up_over_a_connection_that_broke() -> None:
    """Its lease ends by itself; the next run looks first."""
    world = World()

    def breaks(line: str) -> None:
        if f'stop "{BATCH}"' in line:
            raise LOST

    world.machine.before_line = breaks
    with pytest.raises(Unreachable):
        world.run()
    count = len(world.machine.lines)
    assert count == 1
    assert world.axdb.record
    assert world.axdb.record.lease
    world.machine.before_line = lambda line: None
    world.gone().run("disabled", run="run2")
    assert untouched(world)
