"""Systems whose windows are in a file: every operation of a switch breaks in every way, and the next run finishes it.

Launch and Trend against the lab's servers in one process. An operation is a request, or a look at the file or a write
of it; the file's clock is the test's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch import _options as launch_options
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch import _switch, _tasks
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _maintenance, _run
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _options as trend_options

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.launch import LaunchServer
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread

from .gate import Gate, Killed, Operation

LOST, REFUSED, ANSWER_LOST, KILLED, KILLED_AFTER = "lost", "refused", "answer lost", "killed", "killed after"
FAULTS = (LOST, REFUSED, ANSWER_LOST, KILLED, KILLED_AFTER)
LEASE = 86_400.0  # longer than any


class Driver(Protocol):
    """One system and how a task on it is run."""

    def run(self, params: dict[str, Any], store: FileStore, run: Run) -> dict[str, Any]: ...
    def look(self, store: FileStore) -> dict[str, Any]: ...
    def turn(self, on: bool) -> None: ...
    def on(self) -> bool: ...


@dataclass
class Launch:
    server: LaunchServer
    ca_file: str

    def params(self, given: dict[str, Any]) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in launch_options.MODE.items()}
        url = f"https://127.0.0.1:{self.server.port}"
        own = {"url": url, "ca_path": self.ca_file, "token": "t", "drain": False, "retry_timeout": "0"}
        return {**defaults, **own, **given}

    def run(self, params: dict[str, Any], store: FileStore, run: Run) -> dict[str, Any]:
        return _switch.switch_mode(self.params(params), store, run, check_mode=False)

    def look(self, store: FileStore) -> dict[str, Any]:
        row: dict[str, Any] = _tasks.mode_info(self.params({}), store, Run("look"))["status"]
        return row

    def turn(self, on: bool) -> None:
        self.server.settings["maintenanceModeEnabled"] = on

    def on(self) -> bool:
        return self.server.maintenance


@dataclass
class Trend:
    manager: TrendManager
    ca_file: str

    def params(self, given: dict[str, Any]) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in trend_options.MODE.items()}
        own = {"url": self.manager.url, "ca_path": self.ca_file, "api_key": self.manager.key, "poll_interval": "1s"}
        more = {
            "retry_timeout": "0",
            "wait_timeout": "2s",
            "requests_per_minute": 0,
            "max_concurrency": 1,
            "computers": ["1"],
        }
        return {**defaults, **own, **more, **given}

    def run(self, params: dict[str, Any], store: FileStore, run: Run) -> dict[str, Any]:
        whole = self.params(params)
        system = _maintenance.Maintenance(
            trend_options.manager(whole),
            trend_options.target(whole),
            trend_options.wish(whole, run.owner),
            skip=False,
            wait=True,
            records=trend_options.windows(whole, store, run, check_mode=False),
        )
        patience = trend_options.patience(whole, run)
        return _run.run(system, check_mode=False, patience=patience, rollback=whole["rollback"])

    def look(self, store: FileStore) -> dict[str, Any]:
        whole = self.params({})
        found = _run.inform(trend_options.manager(whole), trend_options.target(whole), Ledger(store, Run("look")))
        row: dict[str, Any] = found["status"][0]
        return row

    def turn(self, on: bool) -> None:
        computer = self.manager.computers[1]
        computer.status = "on" if on else "off"
        computer.start = int(self.manager.clock.time() * 1000) if on else computer.start

    def on(self) -> bool:
        return self.manager.state(self.manager.computers[1]) == "on"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture(scope="module", params=["launch", "trend"])
def driver(request: pytest.FixtureRequest, loop: LoopThread, authority: Authority) -> Iterator[Driver]:
    tls = authority.server("127.0.0.1")
    if request.param == "launch":
        server = LaunchServer("127.0.0.1", tls=tls, clock=Clock(1.0), version="8.1.1.0")
        server.add_user("admin", "pw", token="t")
        loop.run(server.start())
        yield Launch(server, str(authority.ca_file))
        loop.run(server.stop())
    else:
        manager = TrendManager(tls=tls, clock=Clock(1.0))
        manager.requests_per_minute = 10**6
        manager.add(Computer(1, "web01.example.com", heartbeat=0))
        loop.run(manager.start())
        yield Trend(manager, str(authority.ca_file))
        loop.run(manager.stop())


@dataclass
class World:
    """One system and the file with its record. Each run passes a gate; time passes only between runs."""

    driver: Driver
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    now: float = field(default_factory=lambda: datetime.now(timezone.utc).timestamp())

    def store(self, gate: Gate) -> FileStore:
        def ask(request: dict[str, Any]) -> dict[str, Any]:
            doing = "write" if "after" in request else "read"
            answer: dict[str, Any] = passing(
                gate, "file", doing, lambda: {**_store_file.serve(request), "now": self.now}
            )
            return answer

        return FileStore("record.json", str(self.folder), ask)

    def run(self, name: str, task: dict[str, Any], gate: Gate | None = None) -> tuple[str, dict[str, Any]]:
        """Run a task; return how it ended, "success", "failure" or "killed", and its result."""
        gate = gate or Gate()
        request: Callable[..., Any] = vars(Client)["request"]

        def through(client: Client, method: str, path: str, **more: Any) -> Any:
            return passing(gate, "http", f"{method} {path}", lambda: request(client, method, path, **more))

        with self.monkeypatch.context() as patched:
            patched.setattr(Client, "request", through)
            try:
                result = self.driver.run(task, self.store(gate), Run(name, "ann", "ctl01"))
            except Killed:
                return "killed", {}
            except Failure as failure:
                return "failure", {"msg": str(failure), **failure.details}
        return "success", result

    def state(self) -> tuple[bool, list[str], bool | None, str]:
        """Whether the mode is on, for which windows, whether it is ours, and what the status calls it."""
        row = self.driver.look(self.store(Gate()))
        return self.driver.on(), [window["id"] for window in row["windows"]], row["managed"], row["mode"]


def passing(gate: Gate, where: str, doing: str, work: Callable[[], Any]) -> Any:
    """Let an operation happen, or what breaks it."""
    fault = gate.enter(where, doing)
    if fault in (LOST, REFUSED):
        raise failed(where, doing, fault)
    result = work()
    if fault == ANSWER_LOST:
        raise failed(where, doing, fault)
    if fault == KILLED_AFTER:
        raise Killed
    return result


def failed(where: str, doing: str, fault: str) -> Failure:
    if where == "file":
        return Failure(doing, "the file", fault, "Run again")
    return HttpFailure(doing, "the server", fault, "Run again", status=403 if fault == REFUSED else None)


@pytest.fixture
def world(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], World]]:
    made: list[World] = []

    def make() -> World:
        driver.turn(False)
        made.append(World(driver, tmp_path / str(len(made)), monkeypatch))
        return made[-1]

    yield make
    driver.turn(False)


ON_A, ON_B, OFF_A, OFF = (
    {"state": "enabled", "window": "A"},
    {"state": "enabled", "window": "B"},
    {"state": "disabled", "window": "A"},
    {"state": "disabled"},
)
# What was done before, whether somebody else turned the mode on, the task, and what it leads to.
Scene = tuple[list[dict[str, Any]], bool, dict[str, Any], tuple[bool, list[str], bool | None, str]]
SCENES: dict[str, Scene] = {
    "in": ([], False, ON_A, (True, ["A"], True, "maintenance")),
    "second in": ([ON_A], False, ON_B, (True, ["A", "B"], True, "maintenance")),
    "first out": ([ON_A, ON_B], False, OFF_A, (True, ["B"], True, "maintenance")),
    "out": ([ON_A], False, OFF_A, (False, [], None, "normal")),
    "out of somebody else's": ([], True, OFF, (False, [], None, "normal")),
    "all out": ([ON_A, ON_B], False, {**OFF, "all_windows": True}, (False, [], None, "normal")),
}
# So many operations does a run have: looks at the file and writes of it, and requests.
OPERATIONS = {
    "in": "file read, GET, file write, PUT, GET, file write",
    "second in": "file read, GET, file write",
    "first out": "file read, GET, file write",
    "out": "file read, GET, file write, PUT, GET, file write",
}


def beginning(make: Callable[[], World], name: str) -> World:
    before, foreign, _task, _end = SCENES[name]
    world = make()
    world.driver.turn(foreign)
    for number, task in enumerate(before):
        assert world.run(f"before{number}", task)[0] == "success"
    return world


@pytest.mark.parametrize("name", SCENES)
def test_undisturbed(world: Callable[[], World], name: str) -> None:
    """And how many operations it takes; run again it takes one look at the file and one at the system."""
    one = beginning(world, name)
    gate, again = Gate(), Gate()
    how, result = one.run("first", SCENES[name][2], gate)
    assert (how, result.get("changed"), one.state()) == ("success", True, SCENES[name][3])
    how, result = one.run("again", SCENES[name][2], again)
    assert (how, result["changed"], one.state()) == ("success", False, SCENES[name][3])
    assert [operation.where for operation in again.log] == ["file", "http"]
    files = [operation.doing for operation in gate.log if operation.where == "file"]
    if name in OPERATIONS:
        assert files == [each.split()[1] for each in OPERATIONS[name].split(", ") if each.startswith("file")]
        assert len(gate.log) == len(OPERATIONS[name].split(", "))


@pytest.mark.parametrize("back", [False, True], ids=["again", "back"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SCENES)
def test_the_next_run_finishes_the_work(world: Callable[[], World], name: str, fault: str, back: bool) -> None:
    gate = Gate()
    beginning(world, name).run("first", SCENES[name][2], gate)
    wrong = []
    for operation in gate.log:
        one = beginning(world, name)
        how, result = one.run("first", SCENES[name][2], Gate(operation.number, fault))
        wrong += [f"{operation} {problem}" for problem in what_is_wrong(one, name, how, result, back=back)]
    assert wrong == []
    assert len(gate.log) > 2


def what_is_wrong(world: World, name: str, how: str, result: dict[str, Any], *, back: bool) -> list[str]:
    task, end = SCENES[name][2:]
    wrong = []
    if how == "success" and world.state() != end:
        wrong.append(f"says success, but {world.state()}")
    if how == "killed":
        world.now += LEASE
    on, _windows, managed, mode = world.state()
    if mode in ("maintenance", "normal") and (mode == "maintenance") is not on:
        wrong.append(f"the status says {mode}, but it is {on}")
    if on and managed is False and name != "out of somebody else's":
        wrong.append("a mode of ours looks like somebody else's")
    # Without a lease that is alive the next run does not wait: it would never get its turn here.
    how, second = world.run("second", {**task, "busy_timeout": "0"}) if not back else ("success", {})
    if how != "success" or (not back and world.state() != end):
        wrong.append(f"run again: {how} {second.get('msg')} {world.state()}")
    how, third = world.run("third", {**OFF, "all_windows": True, "busy_timeout": "0"})
    if how != "success" or world.state() != (False, [], None, "normal"):
        wrong.append(f"back: {how} {third.get('msg')} {world.state()}")
    return wrong


# --- two runs at once -------------------------------------------------------------------------------------------------


def comes_in(world: World, at: int, ends: list[str], operation: Operation) -> None:
    """Let another run open a window before an operation of the first; ``ends`` is how it ended."""
    if operation.number == at:
        ends.append(world.run("other", {**ON_B, "busy_timeout": "0"})[0])


@pytest.mark.parametrize("name", ["in", "out"])
def test_a_run_that_comes_in_between_is_kept_out_or_changes_nothing(world: Callable[[], World], name: str) -> None:
    """Another run opens a window before any operation of the first: never is the mode off while it is open."""
    gate = Gate()
    beginning(world, name).run("first", SCENES[name][2], gate)
    for number in range(len(gate.log)):
        one = beginning(world, name)
        others: list[str] = []

        how, result = one.run("first", SCENES[name][2], Gate(before=partial(comes_in, one, number, others)))
        on, windows, _managed, _mode = one.state()
        # Who waits for a computer to leave the mode says so if another run brought it in again meanwhile.
        assert how == "success" or (others == ["success"] and number > 4), result
        assert (on, "B" in windows) == ((True, True) if others == ["success"] else (name == "in", False)), number


@pytest.mark.parametrize("driver", ["launch"], indirect=True)
@pytest.mark.parametrize("by_another", [False, True])
def test_a_rollback_closes_the_window_and_leaves_those_of_others(
    world: Callable[[], World], driver: Launch, by_another: bool
) -> None:
    """A process that never ends keeps the first run waiting; meanwhile another one opens a window."""
    one = world()
    looks = 0

    def other(operation: Any) -> None:
        nonlocal looks
        looks += "currentActivity" in operation.doing
        if by_another and looks == 2 and "currentActivity" in operation.doing:
            assert one.run("other", ON_B)[0] == "success"

    driver.server.begin("application", "Deploy", user="mary")
    limits = {"drain": True, "drain_timeout": "1s", "drain_interval": "1s", "on_undrained": "rollback"}
    how, result = one.run("first", {**ON_A, **limits}, Gate(before=other))
    driver.server.processes.clear()
    assert (how, result["rolled_back"]) == ("failure", not by_another)
    assert one.state() == ((True, ["B"], True, "maintenance") if by_another else (False, [], None, "normal"))
    if by_another:
        assert "maintenance mode stays on for B (ann)" in result["msg"].replace("Maintenance", "maintenance")


@pytest.mark.parametrize("driver", ["trend"], indirect=True)
@pytest.mark.parametrize("by_another", [False, True])
def test_a_rollback_of_computers_leaves_the_windows_of_others(
    world: Callable[[], World], driver: Trend, by_another: bool
) -> None:
    """The second computer never answers; while it is waited for another run opens a window for the first one."""
    one = world()
    driver.manager.add(Computer(2, "web02.example.com", heartbeat=10**6))
    reads = 0

    def other(operation: Any) -> None:
        nonlocal reads
        reads += operation.doing == "POST /computers/search"
        if by_another and reads == 4 and operation.doing == "POST /computers/search":
            assert one.run("other", ON_B)[0] == "success"
            reads += 1

    params = {**ON_A, "computers": ["1", "2"], "rollback": True, "wait_timeout": "2s"}
    how, result = one.run("first", params, Gate(before=other))
    del driver.manager.computers[2]
    assert how == "failure"
    assert ("web01.example.com" in result["rolled_back"]) is not by_another
    assert one.state() == ((True, ["B"], True, "maintenance") if by_another else (False, [], None, "normal"))


@pytest.mark.parametrize("driver", ["trend"], indirect=True)
def test_many_computers_are_one_look_at_the_file_and_two_writes(world: Callable[[], World], driver: Trend) -> None:
    one = world()
    numbers = range(100, 400)
    for number in numbers:
        driver.manager.add(Computer(number, f"srv{number}.example.com", heartbeat=0))
    params = {**ON_A, "computers": [str(number) for number in numbers], "expires": "2h", "max_concurrency": 10}
    gate, again = Gate(), Gate()
    assert one.run("first", params, gate)[0] == "success"
    assert one.run("again", params, again)[1]["changed"] is False
    for number in numbers:
        del driver.manager.computers[number]
    assert [each.doing for each in gate.log if each.where == "file"] == ["read", "write", "write"]
    assert [each.doing for each in again.log if each.where == "file"] == ["read"]
    assert {each.duration for each in driver.manager.computers.values()} == {None}
