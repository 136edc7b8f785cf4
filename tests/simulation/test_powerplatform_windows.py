# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of an environment: every operation of a switch breaks in every way, and the next run finishes it.

An operation is a call of the platform, or a look at the file with the record or a write of it. One clock for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held, Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._bap import Accepted, Lost
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._mode import AdministrationMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._plan import Reading, Step, Wanted
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switching import (
    Limits,
    OperationFailed,
    Switching,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE, Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.clock import Time
from fakes.moments import NOW
from fakes.powerplatform import ID, Platform, unified

from . import gate as gates
from .gate import Gate, Killed

LOST, REFUSED, ANSWER_LOST, KILLED, KILLED_AFTER = "lost", "refused", gates.ANSWER_LOST, "killed", gates.KILLED_AFTER
FAULTS = (LOST, REFUSED, ANSWER_LOST, KILLED, KILLED_AFTER)
LIMITS = Limits(wait=5400.0, busy=300.0, settle=180.0, interval=60.0)
TAKEN_OVER = ("Another run has the environment now", "it was changed at the same time")
T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """What a task asks for."""

    on: bool
    window: str = "default"
    all_windows: bool = False
    background: bool | None = None
    busy: float = 0.0
    take_over: bool = False

    @property
    def request(self) -> Request:
        return Request(self.on, Opening(self.window, "ann", "upgrade"), self.all_windows)


@dataclass
class Gated:
    """A platform each call of which passes a gate."""

    platform: Platform
    gate: Gate

    def environment(self, identifier: str) -> Environment:
        return self.passing("environment", lambda: self.platform.environment(identifier))

    def operations(self, identifier: str) -> tuple[Operation, ...] | None:
        return self.passing("operations", lambda: self.platform.operations(identifier))

    def operation(self, url: str) -> Operation | None:
        return self.passing("operation", lambda: self.platform.operation(url))

    def switch(self, identifier: str, body: Mapping[str, Any]) -> Accepted:
        return self.passing("switch", lambda: self.platform.switch(identifier, body))

    def passing(self, doing: str, work: Callable[[], T]) -> T:
        lost = Lost if doing == "switch" else HttpFailure
        return passing(self.gate, doing, work, lost(doing, "it", "no answer", "Run again"))


def passing(gate: Gate, doing: str, work: Callable[[], T], lost: Failure) -> T:
    """Let an operation happen, or what breaks it."""
    fault = gate.enter("file" if doing in ("read", "write") else "platform", doing)
    if fault == REFUSED and not doing.startswith(("read", "write")):
        raise HttpFailure(doing, "it", "HTTP 403", "Ask for the right", status=403)
    if fault in (LOST, REFUSED):
        raise lost
    result = work()
    if fault == ANSWER_LOST:
        raise lost
    if fault == KILLED_AFTER:
        raise Killed
    return result


@dataclass
class World:
    """An environment and the file with its record; the environment is in administration mode from the beginning if
    somebody else turned it on."""

    folder: Path
    foreign: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        now = unified(runtime="AdminMode") if self.foreign else unified()
        self.there = Platform(self.time, now, seconds=300.0, **self.more)

    def store(self, gate: Gate | None = None) -> FileStore:
        def ask(request: dict[str, Any]) -> dict[str, Any]:
            doing = "write" if "after" in request else "read"
            clock = {"now": (NOW + timedelta(seconds=self.time.now)).timestamp()}
            lost = Failure(doing, "the file", "it is full", "Run again")
            return passing(gate or Gate(), doing, lambda: {**_store_file.serve(request), **clock}, lost)

        return FileStore("record.json", str(self.folder), ask)

    def mode(self, name: str, task: Task, gate: Gate | None = None, *, check_mode: bool = False) -> AdministrationMode:
        """A run of a task, before it does anything."""
        gate = gate or Gate()
        run = self.time.run(name, check=gate.check)
        switching = Switching(
            Gated(self.there, gate),
            ID,
            Wanted(task.on, task.background),
            LIMITS,
            run,
            clock=lambda: NOW + timedelta(seconds=self.time.now),
        )
        ledger = Ledger(self.store(gate), run, busy_limit=task.busy, take_over=task.take_over)
        return AdministrationMode(switching, ledger, task.request, task.background, check_mode)

    def run(self, name: str, task: Task, gate: Gate | None = None) -> tuple[str, dict[str, Any]]:
        """Run a task; return how it ended, "success", "failure" or "killed", and its result."""
        try:
            outcome = self.mode(name, task, gate).switch()
        except Killed:
            return "killed", {}
        except Failure as failure:
            return "failure", {"msg": str(failure), **failure.details}
        return "success", {"changed": outcome.changed}

    def done(
        self, name: str, task: Task, gate: Gate | None = None
    ) -> tuple[AdministrationMode, Outcome[Reading, Step]]:
        """Run a task that succeeds."""
        mode = self.mode(name, task, gate)
        return mode, mode.switch()

    def row(self) -> dict[str, Any]:
        """What the status says."""
        ledger = Ledger(self.store(), Run("look"))
        ledger.read()
        reading = Reading(self.there.environment(ID), self.there.operations(ID))
        return status_row(reading, Held(ledger.record(ID), ledger.now)).result()

    def state(self) -> tuple[bool | None, list[str], bool | None, str]:
        """Whether the mode is on, for which windows, whether it is ours, and what the status calls it."""
        row = self.row()
        return self.there.state().on, [window["id"] for window in row["windows"]], row["managed"], row["mode"]


ON, ON_A, ON_B = Task(True), Task(True, "A"), Task(True, "B")
OFF, OFF_A, OFF_ALL = Task(False), Task(False, "A"), Task(False, all_windows=True)
Scene = tuple[list[Task], bool, Task, tuple[bool | None, list[str], bool | None, str]]
SCENES: dict[str, Scene] = {
    "in": ([], False, ON_A, (True, ["A"], True, "maintenance")),
    "second in": ([ON_A], False, ON_B, (True, ["A", "B"], True, "maintenance")),
    "first out": ([ON_A, ON_B], False, OFF_A, (True, ["B"], True, "maintenance")),
    "out": ([ON_A], False, OFF_A, (False, [], None, "normal")),
    "out of somebody else's": ([], True, OFF, (False, [], None, "normal")),
    "all out": ([ON_A, ON_B], False, OFF_ALL, (False, [], None, "normal")),
}


def beginning(folder: Path, name: str, **more: Any) -> World:
    """A world before the task of a scene."""
    before, foreign, _task, _end = SCENES[name]
    world = World(folder, foreign, more)
    for number, task in enumerate(before):
        assert world.run(f"before{number}", task)[0] == "success"
        world.time.now += 100.0  # so that what the environment says does not lag behind
    return world


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., World]:
    """Makes worlds by the name of their scene."""
    made: list[World] = []

    def make(name: str = "in", **more: Any) -> World:
        made.append(beginning(tmp_path / str(len(made)), name, **more))
        return made[-1]

    return make


@pytest.mark.parametrize("name", SCENES)
def test_undisturbed(world: Callable[..., World], name: str) -> None:
    """Run again it takes one look at the file and one at the environment and its operations."""
    one = world(name)
    works = len(one.there.works)
    gate, again = Gate(), Gate()
    assert one.run("first", SCENES[name][2], gate) == ("success", {"changed": True})
    one.time.now += 100.0
    assert one.state() == SCENES[name][3]
    files = [operation.doing for operation in gate.log if operation.where == "file"]
    moved = len(one.there.works) - works
    assert moved == (0 if name in ("second in", "first out") else 1)
    if not moved:
        assert files == ["read", "write"]
        assert [each.doing for each in gate.log] == ["read", "environment", "operations", "write"]
    else:
        assert files[0] == "read"
        assert len(files) <= 5, "two writes, and the lease is renewed once or twice"
    assert one.run("again", SCENES[name][2], again) == ("success", {"changed": False})
    assert [each.doing for each in again.log] == ["read", "environment", "operations"]


@pytest.mark.parametrize("back", [False, True], ids=["again", "back"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SCENES)
def test_the_next_run_finishes_the_work(world: Callable[..., World], name: str, fault: str, back: bool) -> None:
    gate = Gate()
    world(name).run("first", SCENES[name][2], gate)
    wrong = []
    for operation in gate.log:
        one = world(name)
        how, result = one.run("first", SCENES[name][2], Gate(operation.number, fault))
        wrong += [f"{operation} {problem}" for problem in what_is_wrong(one, name, how, result, back=back)]
    assert wrong == []
    assert len(gate.log) > 3


@pytest.mark.parametrize("name", ["in", "out"])
@pytest.mark.parametrize("lists", [True, False], ids=["listed", "not listed"])
def test_killed_in_every_pause(world: Callable[..., World], name: str, lists: bool) -> None:
    """At every stage; the next run waits for the operation that it finds."""
    number, attached = 0, set()
    while True:
        one = world(name, lists=lists)
        begun = len(one.there.works)
        how, result = one.run("first", SCENES[name][2], Gate(at_check=partial(killed_at, number)))
        if how == "success":
            break
        running = one.there.running is not None
        attached.add(running)
        assert what_is_wrong(one, name, how, result, back=False) == [], number
        assert len(one.there.works) - begun <= (2 if name == "in" else 1), "one for each way"
        number += 1
    assert number > 4
    assert True in attached


def killed_at(last: int, number: int) -> None:
    if number == last:
        raise Killed


def what_is_wrong(world: World, name: str, how: str, result: dict[str, Any], *, back: bool) -> list[str]:
    """What a run left behind that must not be, and what the next ones made of it."""
    task, end = SCENES[name][2:]
    wrong = []
    if how == "killed":
        world.time.now += LEASE + 1.0  # it was renewed at the last pause at the latest
    if how == "success":
        world.time.now += 60.0
        if world.state() != end:
            wrong.append(f"says success, but {world.state()}")
    on, _windows, managed, mode = world.state()
    if how != "killed" and mode in ("maintenance", "normal") and (mode == "maintenance") is not on:
        wrong.append(f"the status says {mode}, but it is {on}")
    if on and managed is False and name != "out of somebody else's":
        wrong.append("a mode of ours looks like somebody else's")
    # Without a lease that is alive the next run does not wait: it would never get its turn here.
    how, second = world.run("second", task) if not back else ("success", {})
    world.time.now += 60.0
    if how != "success" or (not back and world.state() != end):
        wrong.append(f"run again: {how} {second.get('msg')} {world.state()}")
    how, third = world.run("third", OFF_ALL)
    world.time.now += 60.0
    if how != "success" or world.state() != (False, [], None, "normal"):
        wrong.append(f"back: {how} {third.get('msg')} {world.state()}")
    if world.there.collisions:
        wrong.append("an operation was asked for while another one ran")
    return wrong


# --- two runs ---------------------------------------------------------------------------------------------------------


def comes_in(world: World, at: int, ends: list[str], late: float, operation: gates.Operation) -> None:
    """Let another run open a window before an operation of the first, which is late; ``ends`` is how it ended."""
    if operation.number == at:
        world.time.now += late
        ends.append(world.run("other", ON_B)[0])


@pytest.mark.parametrize("name", ["in", "out"])
def test_a_run_that_comes_in_between_is_kept_out_or_changes_nothing(world: Callable[..., World], name: str) -> None:
    """Another run opens a window before any operation of the first: never is the mode off while it is open."""
    gate = Gate()
    world(name).run("first", SCENES[name][2], gate)
    for number in range(len(gate.log)):
        one = world(name)
        others: list[str] = []
        how, result = one.run("first", SCENES[name][2], Gate(before=partial(comes_in, one, number, others, 0.0)))
        one.time.now += 60.0
        on, windows, _managed, _mode = one.state()
        assert how == "success", (number, result)
        assert (on, "B" in windows) == ((True, True) if others == ["success"] else (name == "in", False)), number
        assert one.there.collisions == 0


@pytest.mark.parametrize("name", ["in", "out"])
def test_a_run_that_was_slow_and_taken_over_sends_nothing(world: Callable[..., World], name: str) -> None:
    """Its lease ends while it waits for an answer, and another run opens a window: the mode stays on for that."""
    gate = Gate()
    world(name).run("first", SCENES[name][2], gate)
    ends = []
    # Right before the request the lease is made to outlast it.
    for number in [operation.number for operation in gate.log if operation.doing != "switch"]:
        one = world(name)
        works = len(one.there.works)
        others: list[str] = []
        late = LEASE + 1.0
        how, result = one.run("first", SCENES[name][2], Gate(before=partial(comes_in, one, number, others, late)))
        one.time.now += 60.0
        on, windows, _managed, _mode = one.state()
        ends.append(how)
        assert (others, on, "B" in windows) == (["success"], True, True), (number, how, result)
        assert one.there.collisions == 0
        assert len(one.there.works) - works <= (1 if name == "in" else 2), number
        assert how == "success" or any(words in result["msg"] for words in TAKEN_OVER), result
    assert {*ends} == {"success", "failure"}


def test_the_second_run_waits_for_the_first_or_is_refused_with_its_name(world: Callable[..., World]) -> None:
    one = world()
    gate = Gate()
    others: list[Any] = []

    def asks_too(operation: Any) -> None:
        if operation.doing == "operation" and not others:
            others.append(None)
            others[:] = [one.run("other", Task(True, "B", busy=30.0)), one.time.now]

    _mode, outcome = one.done("first", ON_A, Gate(before=asks_too))
    assert outcome.changed
    (how, result), _when = others
    assert how == "failure"
    assert 'on environment "Contoso UAT"' in result["msg"]
    assert "another run is at work there: run first of me on ctl01" in result["msg"]
    assert one.run("other", ON_B, gate) == ("success", {"changed": True})
    assert "switch" not in [operation.doing for operation in gate.log]


def test_who_is_taken_over_stops(world: Callable[..., World]) -> None:
    """Somebody who knows better takes over from a run that waits for its operation."""
    one = world()
    others: list[str] = []

    def takes_over(operation: Any) -> None:
        if operation.doing == "operation" and not others and one.time.now > 100:
            others.append("")
            others[:] = [one.run("other", Task(True, "B", take_over=True))[0]]

    how, result = one.run("first", ON_A, Gate(before=takes_over))
    assert others == ["success"]
    assert how == "failure"
    assert "Another run has the environment now" in result["msg"]
    one.time.now += 60.0
    assert one.state() == (True, ["A", "B"], True, "maintenance")
    assert len(one.there.works) == 1


@pytest.mark.parametrize("name", ["in", "out"])
@pytest.mark.parametrize("back", [False, True], ids=["again", "back"])
@pytest.mark.parametrize("since", [0.0, 20.0, 45.0])
def test_taken_over_before_anything_shows_the_operation(
    world: Callable[..., World], name: str, back: bool, since: float
) -> None:
    """Killed right after its request, of which neither the environment nor the list says anything yet."""
    gate = Gate()
    world(name).run("first", SCENES[name][2], gate)
    switch = next(operation.number for operation in gate.log if operation.doing == "switch")
    one = world(name)
    one.there.list_lag, one.there.secretive = 50.0, True
    assert one.run("first", SCENES[name][2], Gate(switch, KILLED_AFTER))[0] == "killed"
    one.time.now += since
    task = Task((name == "in") is not back, "A", take_over=True)
    assert one.run("second", task)[0] == "success"
    one.time.now += 400.0  # longer than an operation
    assert (one.there.state().on, one.there.collisions) == (task.on, 0)


def test_the_lease_lasts_as_long_as_the_operation_and_ends_with_the_run(world: Callable[..., World]) -> None:
    one = world()
    one.there.seconds = 3000.0
    leases: list[float] = []

    def look(operation: Any) -> None:
        if operation.doing == "operation":
            ledger = Ledger(one.store(), Run("look"))
            ledger.read()
            record = ledger.records[ID]
            assert record.lease
            leases.append((record.lease.until - ledger.now).total_seconds())

    one.run("first", ON_A, Gate(before=look))
    assert len(leases) > 40
    assert 0 < min(leases) < max(leases) <= LEASE
    assert one.state() == (True, ["A"], True, "maintenance")


# --- somebody else's --------------------------------------------------------------------------------------------------


def test_a_mode_of_somebody_else(world: Callable[..., World]) -> None:
    """It is left as it is, and stays theirs; a window that has a name closes nothing, plain disable turns it off."""
    one = world("out of somebody else's")
    mode, outcome = one.done("first", ON_A)
    assert (outcome.changed, mode.held().record, one.there.works) == (False, None, [])
    row = one.row()
    assert (row["mode"], row["managed"], row["windows"]) == ("maintenance", False, [])
    assert row["notes"][0] == "turned on by somebody else: there is no record of who, why or when"
    mode, outcome = one.done("second", OFF_A)
    assert outcome.changed is False
    assert mode.stays(outcome) == "closed nothing; administration mode stays on for somebody else"
    assert one.run("third", OFF) == ("success", {"changed": True})
    assert one.there.state().on is False


def test_background_operations_in_a_mode_of_somebody_else(world: Callable[..., World]) -> None:
    """What is asked for is done; the mode does not become ours by that."""
    one = world("out of somebody else's")
    mode, outcome = one.done("first", Task(True, "A", background=False))
    assert outcome.changed
    assert one.there.state().background_on is False
    assert mode.held().record is None
    one.time.now += 60.0
    assert one.state() == (True, [], False, "maintenance")


def test_a_mode_that_was_turned_off_while_a_window_was_open(world: Callable[..., World]) -> None:
    one = world("out")
    one.there.begin("Edit", {"runtime": "Enabled"}, 10.0)
    one.time.now += 100.0
    row = one.row()
    assert (row["mode"], row["overdue"]) == ("normal", False)
    assert row["notes"][0].startswith("turned off by somebody else, or by itself, while a window was open")
    assert one.run("second", ON_A) == ("success", {"changed": True})
    one.time.now += 60.0
    assert one.state() == (True, ["A"], True, "maintenance")


# --- what is said -----------------------------------------------------------------------------------------------------


def test_for_whom_it_stays_on(world: Callable[..., World]) -> None:
    """The background operations are left to those who still have a window open."""
    one = world("first out")
    mode, outcome = one.done("first", Task(False, "A", background=True))
    says = "closed the window A; administration mode stays on for B (ann, upgrade)"
    assert (outcome.changed, mode.stays(outcome)) == (True, says)
    assert one.there.bodies[1:] == []
    mode, outcome = one.done("second", Task(False, "B", background=True))
    assert mode.stays(outcome) == ""
    assert one.there.state().on is False


@pytest.mark.parametrize("name", ["in", "out"])
def test_an_operation_that_fails_leaves_the_windows_as_they_were(world: Callable[..., World], name: str) -> None:
    one = world(name)
    before = one.state()
    one.there.fails_at = "Run"
    mode = one.mode("first", SCENES[name][2])
    with pytest.raises(OperationFailed) as failed:
        mode.switch()
    one.time.now += 60.0
    assert one.state() == before
    assert failed.value.details["changed"] is False
    assert failed.value.details["status"]["mode"] == before[3]


def test_a_limit_leaves_the_window_open_for_the_next_run(world: Callable[..., World]) -> None:
    one = world()
    one.there.seconds = 9000.0
    how, result = one.run("first", ON_A)
    assert (how, result["changed"]) == ("failure", True)
    row = result["status"]
    assert (row["mode"], row["notes"][0].split(",")[-1]) == ("changing", " did not finish: run again to complete it")
    assert one.row()["notes"][0].endswith("did not finish: run again to complete it")
    assert one.run("second", ON_A) == ("success", {"changed": True})
    one.time.now += 60.0
    assert (one.state(), len(one.there.works)) == ((True, ["A"], True, "maintenance"), 1)


def test_the_background_defect_leaves_the_window_open(world: Callable[..., World]) -> None:
    one = world(background_bug=True)
    how, result = one.run("first", Task(True, "A", background=True))
    assert (how, result["administration_mode"], result["changed"]) == ("failure", True, True)
    assert one.state() == (True, ["A"], True, "maintenance")


def test_a_refusal_says_what_the_environment_is_in(world: Callable[..., World]) -> None:
    """It was read, so it is known."""
    one = world()
    one.there.environment_now = unified(forbidden={"Edit": "A change freeze."})
    how, result = one.run("first", ON_A)
    assert (how, result["changed"], result["status"]["mode"]) == ("failure", False, "normal")
    assert "the operation Edit now: A change freeze. See Settings" in result["msg"]
    assert one.state() == (False, [], None, "normal")


def test_a_window_that_cannot_be_is_refused_before_anything_is_waited_for(world: Callable[..., World]) -> None:
    one = world()
    one.there.begin("Copy", {}, 1200.0)
    how, result = one.run("first", Task(True, "x" * 100))
    assert (how, result["changed"], one.time.slept) == ("failure", False, [])
    assert "is not a valid id" in result["msg"]


def test_check_mode_says_the_same_and_writes_nothing(world: Callable[..., World]) -> None:
    for name, (_before, _foreign, task, _end) in SCENES.items():
        one = world(name)
        state, gate = one.state(), Gate()
        planned = one.mode("check", task, gate, check_mode=True).switch().plan
        assert "write" not in [operation.doing for operation in gate.log]
        assert one.state() == state
        assert planned == one.done("first", task)[1].plan
