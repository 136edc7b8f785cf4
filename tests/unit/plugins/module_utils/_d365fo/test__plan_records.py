"""What the plan writes into the record, in which order services go, what is waited for, and what a diff shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import Wish, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record, ServiceBefore
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Control
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    Restart,
    RunScript,
    RunSetupTool,
    Step,
    WaitForAos,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, Window

from fakes.moments import NOW
from fakes.plans import carried_out, words, written
from fakes.system import (
    AOS,
    BATCH,
    COMPUTER,
    DMF,
    IDENTITY,
    MR,
    RAN,
    W3SVC,
    findings,
    foreign,
    lease,
    on_premises,
    reading,
    record,
    seen,
    service,
    services,
)

WATCHED = services(BATCH=service(BATCH, "running", "auto", ("Watcher", "running"), ("Idle", "stopped")))


def enable(of: Any = None, running: Any = None, method: str = "sql", **wish: Any) -> tuple[Step, ...]:
    return plan(seen(findings(of or reading(), running), method), Wish("enabled", **{"aos": AOS, **wish})).steps


def disable(of: Any, running: Any = None, method: str = "sql", **wish: Any) -> tuple[Step, ...]:
    running = services("stopped") if running is None else running
    return plan(seen(findings(of, running), method), Wish("disabled", **{"aos": AOS, **wish})).steps


def controls(steps: tuple[Step, ...], kind: str) -> tuple[Control, ...]:
    return next(step.controls for step in steps if isinstance(step, ControlServices) and step.title.startswith(kind))


# --- the first record ---


def test_it_says_what_ran_what_was_stopped_and_whose_it_is() -> None:
    opening = Opening("CHG1", "ann", "keys", "T1", "2h")
    (before, after, settled) = written(enable(opening=opening))
    assert before.record == Record(
        (Window("CHG1", NOW, "ann", "keys", "T1", NOW.replace(hour=23)),), "prepared", RAN, COMPUTER, IDENTITY
    )
    assert after.record == replace(before.record, phase="set")
    assert settled.record == replace(before.record, phase="settled", verified=True)
    assert [step.mode for step in (before, after, settled)] == [None, "enabled", None]


def test_what_does_not_run_is_not_in_it() -> None:
    running = services("stopped", MR=service(MR, "running", "manual"), BATCH=service(BATCH, "paused"))
    (before, *_rest) = written(enable(running=running))
    assert before.record
    assert before.record.services == (ServiceBefore(W3SVC, "auto"), ServiceBefore(MR, "manual", stopped=True))


def test_what_is_not_stopped_is_not_said_to_be() -> None:
    (after, *_rest) = written(enable(stop_background_services=False))
    assert after.record
    assert after.record.services == tuple(replace(each, stopped=False) for each in RAN)


def test_a_record_of_another_machine_is_replaced_by_one_of_this() -> None:
    (before, *_rest) = written(enable(reading("disabled", foreign(record(windows=("theirs",))))))
    assert before.record
    assert (before.record.host, before.record.database) == (COMPUTER, IDENTITY)
    assert [each.id for each in before.record.windows] == ["default"]
    assert before.record.services == RAN


def test_a_run_that_was_cut_off_may_have_stopped_some() -> None:
    """They are still in the record, and what runs now is added."""
    of = reading("disabled", record("prepared", ran=RAN[:2], lease=lease(alive=False)))
    (before, *_rest) = written(enable(of, services("stopped", MR=service(MR))))
    assert before.record
    assert {each.name: each.stopped for each in before.record.services} == {W3SVC: False, DMF: True, MR: True}


def test_iis_that_somebody_started_during_the_window_is_not_said_to_have_run_before() -> None:
    of = reading("enabled", record("set", ran=RAN[1:]))
    for step in written(enable(of, services("stopped"))):
        assert step.record
        assert W3SVC not in [each.name for each in step.record.services]


@pytest.mark.parametrize(
    ("of", "phases"),
    [
        pytest.param(reading("disabled"), ["prepared", "set", "settled"], id="untouched so far"),
        pytest.param(reading("disabled", record("prepared")), ["prepared", "set", "settled"], id="never set"),
        pytest.param(reading("disabled", record("set", ())), ["set", "set", "settled"], id="on its way out"),
        pytest.param(reading("disabled", record("settled")), ["set", "set", "settled"], id="off by hand"),
        pytest.param(reading("enabled", record("set")), ["set", "settled"], id="cut off behind the variable"),
    ],
)
def test_no_run_takes_for_untouched_what_the_aos_may_not_run_with(of: Any, phases: list[str]) -> None:
    """Else a run that is cut off there would leave an AOS that never restarted, and nobody would know."""
    assert [step.record.phase for step in written(enable(of)) if step.record] == phases


# --- windows ---


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        pytest.param(Opening(), None, id="the same: nothing is written"),
        pytest.param(Opening(reason="more"), {"reason": "more"}, id="another reason"),
        pytest.param(Opening(owner="bob"), None, id="another owner: it stays its owner's"),
        pytest.param(Opening(expires="3h"), {"expires": NOW.replace(hour=23)}, id="an end"),
    ],
)
def test_opening_again(opening: Opening, expected: dict[str, Any] | None) -> None:
    steps = enable(reading("enabled", record()), services("stopped"), opening=opening)
    if expected is None:
        assert steps == ()
        return
    ((step,)) = written(steps)
    assert step.record == replace(record(), windows=(replace(record().windows[0], **expected),))
    assert (step.mode, step.hold) == (None, False)


@pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "0s", "tomorrow", "2026-11-24T23:00:00"])
@pytest.mark.parametrize("of", [reading("disabled"), reading("enabled", record())])
def test_a_bad_end_is_refused_before_anything_is_planned(of: Any, expires: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(expires\)"):
        enable(of, opening=Opening(expires=expires))


def test_closing_one_of_several_keeps_everything_else() -> None:
    held = record("settled", ("A", "default", "B"), lease=lease(alive=False))
    ((step,)) = written(disable(reading("enabled", held)))
    assert step.record == replace(held, windows=(held.windows[0], held.windows[2]))


# --- the way out ---


@pytest.mark.parametrize("method", ["sql", "setup_tool"])
def test_what_ran_is_remembered_until_it_runs_again(method: str) -> None:
    steps = disable(reading("enabled", record()), method=method)
    records = [step.record for step in written(steps)]
    assert records[-1] is None
    for each in records[:-1]:
        assert each
        assert (each.windows, each.services) == ((), RAN)


def test_somebody_elses_mode_leaves_what_runs() -> None:
    steps = disable(reading("enabled"), services("stopped", MR=service(MR)))
    first = written(steps)[0].record
    assert first
    assert [each.name for each in first.services] == [W3SVC, MR]
    assert not any(each.stopped for each in first.services)
    assert "start" not in words(steps).split()


@pytest.mark.parametrize("start_type", ["disabled", "paused"])
def test_what_cannot_start_is_left_in_the_record_and_reported_once(start_type: str) -> None:
    changed = service(BATCH, "stopped", "disabled") if start_type == "disabled" else service(BATCH, "paused")
    before = seen(findings(reading("enabled", record()), services("stopped", BATCH=changed)))
    steps = plan(before, Wish("disabled", aos=AOS)).steps
    last = written(steps)[-1].record
    assert last
    assert (last.windows, last.phase, [each.name for each in last.services]) == ((), "settled", [BATCH])
    assert controls(steps, "start") == (Control("start", (DMF, MR)),)
    after = carried_out(before, steps)
    assert words(plan(after, Wish("disabled", aos=AOS)).steps) == "drop"


def test_once_it_may_start_again_it_does() -> None:
    of = reading("disabled", record("settled", (), [RAN[3]]))
    steps = disable(of, services(BATCH=service(BATCH, "stopped")))
    assert words(steps) == "start drop"
    assert controls(steps, "start") == (Control("start", (BATCH,)),)


def test_a_service_that_was_uninstalled_meanwhile_is_not_started_for_ever() -> None:
    """It is one that was looked for: it is not there."""
    running = {name: each for name, each in services("stopped").items() if name != BATCH}
    steps = disable(reading("enabled", record()), running)
    assert BATCH not in [name for control in controls(steps, "start") for name in control.names]


# --- the order of services ---


def test_dependents_stop_first_and_start_last() -> None:
    into = enable(running=WATCHED)
    assert controls(into, "stop") == (Control("stop", ("Watcher",)), Control("stop", (BATCH, MR, DMF)))
    held = written(into)[0].record
    assert held
    assert held.services == (*RAN, ServiceBefore("Watcher", "unknown", stopped=True))
    out = disable(reading("enabled", replace(held, phase="settled")))
    assert controls(out, "start") == (Control("start", (DMF, MR, BATCH)), Control("start", ("Watcher",)))


def test_dependents_of_iis_run_again_although_the_restart_was_cut_off() -> None:
    """Between stop and start of IIS the run died: the next one, in either direction, brings them back."""
    before = seen(findings(running=services(W3SVC=service(W3SVC, "running", "auto", ("Ftp", "running")))))
    steps = plan(before, Wish("enabled", aos=AOS)).steps
    restart = next(number for number, step in enumerate(steps) if isinstance(step, Restart))
    left = carried_out(before, steps[:restart])
    stopped = {**left.findings.services, W3SVC: service(W3SVC, "stopped", "auto", ("Ftp", "stopped"))}
    left = replace(left, findings=replace(left.findings, services=stopped))
    for state in ("enabled", "disabled"):
        onward = plan(left, Wish(state, aos=AOS)).steps
        started = [
            name
            for step in onward
            if isinstance(step, ControlServices)
            for control in step.controls
            if control.action == "start"
            for name in control.names
        ]
        assert "Ftp" in started, state


def test_a_restart_takes_its_dependents_along() -> None:
    running = services("stopped", W3SVC=service(W3SVC, "running", "auto", ("Ftp", "running"), ("Idle", "stopped")))
    (restart,) = (step for step in enable(running=running) if isinstance(step, Restart))
    assert restart.controls == (
        Control("stop", ("Ftp",)),
        Control("stop", (W3SVC,)),
        Control("start", (W3SVC,)),
        Control("start", ("Ftp",)),
    )


# --- programs, and what is waited for ---


def test_the_tool_gets_what_it_is_for_and_the_limits_of_the_task() -> None:
    steps = disable(
        reading("enabled", record()), method="setup_tool", synchronise=True, tool_limit=11.0, sync_limit=22.0
    )
    tools = [(dict(step.parameters), step.limit) for step in steps if isinstance(step, RunSetupTool)]
    assert tools == [
        ({"setupmode": "maintenancemode", "isinmaintenancemode": "false"}, 11.0),
        ({"setupmode": "sync", "syncmode": "fullall"}, 22.0),
    ]
    covers = [step.cover for step in written(steps)]
    assert covers[0] >= 11.0
    assert covers[1] >= 22.0


def script(mode: str, phase: str, state: str, windows: tuple[str, ...] = ("default",)) -> tuple[Step, ...]:
    held = record(phase, windows, (), host="") if phase else None
    look = seen(on_premises(reading(mode, held)), "script", former_instances=("1", "2"))
    return plan(look, Wish(state, aos=AOS, script_limit=33.0)).steps


@pytest.mark.parametrize(("mode", "phase", "state"), [("disabled", "", "enabled"), ("enabled", "settled", "disabled")])
def test_after_the_script_instances_of_before_are_to_be_gone(mode: str, phase: str, state: str) -> None:
    steps = script(mode, phase, state)
    (wait,) = (step for step in steps if isinstance(step, WaitForAos))
    (run,) = (step for step in steps if isinstance(step, RunScript))
    assert wait.former == ("1", "2")
    assert (run.state, run.limit) == (state, 33.0)
    assert max(step.cover for step in written(steps)) >= 33.0


@pytest.mark.parametrize(
    ("mode", "windows", "state"), [("enabled", ("default",), "enabled"), ("disabled", (), "disabled")]
)
def test_where_the_script_ran_already_what_runs_now_is_what_it_started(
    mode: str, windows: tuple[str, ...], state: str
) -> None:
    """A run that was cut off while it waited: its instances are new; nobody will replace them once more."""
    steps = script(mode, "set", state, windows)
    assert not any(isinstance(step, RunScript) for step in steps)
    (wait,) = (step for step in steps if isinstance(step, WaitForAos))
    assert wait.former == ()


def test_without_anything_to_ask_nothing_is_waited_for() -> None:
    assert words(enable(aos="")) == "record stop set restart effect"
    assert words(disable(reading("enabled", record()), aos="")) == "set restart start drop"


# --- what a diff shows ---


def test_a_diff_shows_mode_windows_and_services() -> None:
    found = plan(seen(findings()), Wish("enabled", Opening("CHG1", "ann"), aos=AOS)).diff
    assert found["before"] == {
        "maintenance_mode": "disabled",
        "windows": [],
        "services": dict.fromkeys((BATCH, MR, DMF, W3SVC), "running"),
    }
    assert found["after"]["maintenance_mode"] == "enabled"
    assert [(each["id"], each["owner"]) for each in found["after"]["windows"]] == [("CHG1", "ann")]
    assert found["after"]["services"] == {
        **dict.fromkeys((BATCH, MR, DMF), "stopped"),
        W3SVC: "running (restarted)",
    }


def test_a_missing_row_is_called_so() -> None:
    assert plan(seen(findings(reading("missing"))), Wish("enabled", aos=AOS)).before["maintenance_mode"] == "missing"


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_where_nothing_is_done_nothing_differs(state: str) -> None:
    of = reading("enabled", record()) if state == "enabled" else reading("disabled")
    found = plan(seen(findings(of, services("stopped" if state == "enabled" else "running"))), Wish(state, aos=AOS))
    assert found.before == found.after
