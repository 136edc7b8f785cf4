"""The Trend core against the lab's manager in one process: how many requests, what a failed run leaves and reports."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run as AnyRun
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _maintenance, _options, _run

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread

Run = Callable[..., dict[str, Any]]
W1, W2, W3 = (f"web0{number}.example.com" for number in (1, 2, 3))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1")


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def manager(loop: LoopThread, tls: tuple[Path, Path]) -> Iterator[TrendManager]:
    """A manager with three computers whose agents do at once what they are asked to."""
    manager = TrendManager(tls=tls, clock=Clock(scale=2000))
    manager.requests_per_minute = 10**6
    for number in (1, 2, 3):
        manager.add(Computer(number, f"web0{number}.example.com", display_name=f"Web {number}", heartbeat=0))
    loop.run(manager.start())
    yield manager
    loop.run(manager.stop())


def options(manager: TrendManager, authority: Authority, **given: Any) -> dict[str, Any]:
    """Return a module's options with their defaults, as AnsibleModule hands them over."""
    defaults = {name: option.get("default") for name, option in _options.MODE.items()}
    lab = {"url": manager.url, "ca_path": str(authority.ca_file), "api_key": manager.key, "poll_interval": "1s"}
    return {**defaults, **lab, "requests_per_minute": 0, **given}


@pytest.fixture
def run(manager: TrendManager, authority: Authority) -> Run:
    """Runs the module's work; returns its result, which for a failure has "failed" and the message."""

    def run(**given: Any) -> dict[str, Any]:
        params = options(manager, authority, **{"computers": ["1", "2", "3"], **given})
        told: list[str] = []
        system = _maintenance.Maintenance(
            _options.manager(params, told.append),
            _options.target(params),
            _options.wish(params),
            skip=params["on_unavailable"] == "skip",
            wait=params["wait"],
        )
        patience = _options.patience(params, AnyRun(tell=told.append, sleep=lambda seconds: time.sleep(seconds / 20)))
        try:
            result = _run.run(system, check_mode=False, patience=patience, rollback=params["rollback"])
        except Failure as failure:
            result = {"failed": True, "msg": str(failure), **failure.details}
        for text in (result["msg"], *result["warnings"], *told):
            assert not re.search(r"\b(is|are|turned|switched)( \w+)? (on|off)\b", text), text
        return {"failed": False, "told": told, **result}

    return run


def statuses(manager: TrendManager) -> list[str]:
    return [manager.state(computer) for computer in manager.computers.values()]


def put_in(manager: TrendManager, *numbers: int, minutes: int | None = None) -> None:
    """Let these computers have been in maintenance mode for a minute."""
    for number in numbers:
        computer = manager.computers[number]
        computer.status, computer.duration = "on", minutes
        computer.start = int(manager.clock.time() * 1000) - 60_000


# --- which requests ---------------------------------------------------------------------------------------------------


@pytest.fixture
def estate(manager: TrendManager) -> TrendManager:
    """The manager with 1000 more computers; every second one is called srv-..., every second app-... ."""
    for number in range(1000, 2000):
        kind = ("srv", "app")[number % 2]
        manager.add(Computer(number, f"{kind}-{number}.example.com", display_name=f"Server {number}"))
    return manager


@pytest.mark.parametrize(
    ("names", "requests", "shown"),
    [
        (["web02.example.com"], 1, 1),
        (["web01.example.com", "web03.example.com"], 2, 2),
        (["web01.example.com", "2", "Web 3"], 6, 3),  # the ID; two as host names; one in both cases and as display name
        ([f"srv-{number}.example.com" for number in range(1000, 1020, 2)], 10, 10),
        # What many have in common has few computers more: a page of them, and the empty one that ends the paging.
        ([f"srv-{number}.example.com" for number in range(1000, 2000, 18)], 2, 500),
        ([f"srv-{number}.example.com" for number in range(1100, 1150, 2)], 2, 50),
        # It has many more: a search each, after a page that was one computer too long.
        ([f"srv-{number}.example.com" for number in range(1000, 2000, 46)], 23, 243),
        # They have nothing in common: a search each as host name, in the other case, and as display name.
        ([f"{kind}-{number}" for number in range(11) for kind in ("x", "y")], 66, 0),
        # IDs near to each other are one search.
        ([str(number) for number in (1, 2, 3, *range(1000, 1500), 1700)], 3, 504),
    ],
)
def test_names_do_not_read_the_estate(
    names: list[str], requests: int, shown: int, estate: TrendManager, authority: Authority
) -> None:
    params = options(estate, authority, computers=names)
    result = _run.inform(_options.manager(params), _options.target(params))
    assert (result["requests"], estate.shown) == (requests, shown)
    assert len(result["computers"]) == (0 if shown == 0 else len(names))
    assert estate.reads == requests
    assert ("GET", "/api/computers") not in estate.log


@pytest.mark.parametrize("case_matters", [False, True])
def test_names_in_another_case(manager: TrendManager, authority: Authority, case_matters: bool) -> None:
    """Whether the search of a manager tells upper from lower case is not documented."""
    manager.case_matters = case_matters
    manager.computers[3].host_name = "WEB03.EXAMPLE.COM"
    params = options(manager, authority, computers=["WEB01.example.com", "web03.example.com", "web%"])
    result = _run.inform(_options.manager(params), _options.target(params))
    assert [computer["id"] for computer in result["computers"]] == [1, 3]
    assert [problem["name"] for problem in result["unavailable"]] == ["web%"]


# --- one computer with a problem --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "failed", "others"),
    [
        ({"state": "enabled", "on_unavailable": "skip", "rollback": True}, False, "on"),
        ({"state": "enabled"}, True, "on"),
        ({"state": "enabled", "rollback": True}, True, "off"),
        ({"state": "disabled"}, True, "off"),
        ({"state": "disabled", "on_unavailable": "skip"}, False, "off"),
    ],
)
def test_a_computer_is_deleted_while_the_task_waits(
    given: dict[str, Any], failed: bool, others: str, manager: TrendManager, run: Run
) -> None:
    """One search, three changes, the first look; before the second one web02 is deleted, and web03 comes after it."""
    if given["state"] == "disabled":
        put_in(manager, 1, 2, 3)
    manager.computers[2].heartbeat = 10**6
    manager.computers[3].heartbeat = 3000
    manager.at[6] = lambda: manager.computers.pop(2)
    result = run(**given)
    assert result["failed"] is failed
    assert (result["changed"], len(result["unavailable"])) == (True, 1)
    assert result["unavailable"][0]["name"] == W2
    assert result["unavailable"][0]["reason"].startswith("it is no longer in the manager")
    assert [row["mode"] for row in result["status"] if row["system"] == W2] == ["unknown"]
    if failed:
        assert f"{W2}: it is no longer in the manager" in result["msg"]
        there = [W1, W3] if not given.get("rollback") else []
        assert (result["reached"], result["not_reached"][-1]) == (there, W2)
        assert result["rolled_back"] == ([W1, W3] if given.get("rollback") else [])
    else:
        assert result["warnings"] == [f"Continued without: {W2}: {result['unavailable'][0]['reason']}"]
    assert {status.replace("stop-requested", "off") for status in statuses(manager)} == {others}


def test_on_the_way_out_nobody_keeps_the_others(manager: TrendManager, run: Run) -> None:
    """Every kind of problem at the same time: the two computers without one are taken out of maintenance mode."""
    for number in range(4, 10):
        manager.add(Computer(number, f"web0{number}.example.com", heartbeat=0))
    put_in(manager, *range(1, 10))
    manager.computers[2].go_offline()
    manager.computers[3].may_modify = False
    manager.computers[4].change_fault = "drop"
    manager.computers[5].strange_status = "paused"
    manager.computers[6].application_control = None
    manager.computers[7].heartbeat = 10**6  # online, as far as the manager knows, and never calls
    manager.computers[8].host_name = manager.computers[9].host_name = "twice.example.com"
    names = [*(f"web0{number}.example.com" for number in range(1, 8)), "twice.example.com", "web99"]
    result = run(computers=names, state="disabled", wait_timeout="2s", retry_timeout="1s", max_concurrency=1)
    assert statuses(manager) == ["off", "stop-requested", "on", "on", "off", "on", "stop-requested", "on", "on"]
    assert (result["failed"], result["changed"]) == (True, True)
    assert (result["reached"], set(result["not_reached"])) == ([W1], set(names[1:]))
    reasons = {problem["name"]: problem["reason"] for problem in result["unavailable"]}
    assert {name: reasons[name].partition(" (")[0] for name in sorted(reasons)} == {
        "twice.example.com": "2 computers have that name",
        W2: "its agent is offline",
        W3: "the manager refused it",
        "web04.example.com": "no answer to the request",
        "web05.example.com": "the manager gives it the status 'paused', which is not known here",
        "web06.example.com": "the manager shows no Application Control for it",
        "web99": "no computer with that ID, host name, display name or GUID is visible",
    }
    assert "Now 1 of 6 computers are out of maintenance mode, not: " in result["msg"]
    assert "web07.example.com (stop-requested)" in result["msg"]
    for name in names[1:]:
        assert name in result["msg"]
    assert "Run this task again to continue waiting, or raise wait_timeout" in result["msg"]
    assert f"The manager has the request for {W2}: the agent leaves maintenance mode when it calls" in result["msg"]


def test_an_offline_agent_leaves_later(manager: TrendManager, run: Run) -> None:
    put_in(manager, 1, 2, 3)
    manager.computers[2].go_offline()
    result = run(state="disabled")
    assert (statuses(manager), result["not_reached"]) == (["off", "stop-requested", "off"], [W2])
    assert result["msg"].startswith("Could not take all computers out of maintenance mode on https://127.0.0.1:")
    assert result["msg"].endswith(
        f": {W2}: its agent is offline (Offline). Now 2 of 3 computers are out of maintenance mode, not: {W2} "
        f"(stop-requested). The manager has the request for {W2}: the agent leaves maintenance mode when it calls "
        "again. Run this task again then to verify it."
    )


# --- the manager dies -------------------------------------------------------------------------------------------------


def test_the_manager_dies_while_the_requests_are_sent(manager: TrendManager, run: Run) -> None:
    manager.restart_at = (4, 3600.0)  # a search, two changes, and never again
    result = run(max_concurrency=1, retry_timeout="1s")
    assert (result["failed"], result["changed"], statuses(manager)) == (True, True, ["on", "on", "off"])
    assert (result["accepted"], result["unanswered"]) == ([W1, W2], [W3])
    assert (result["reached"], result["not_reached"], result["unknown"]) == ([], [], [W1, W2, W3])
    assert (
        f"The manager had accepted the request for 2 of 3 computers: {W1}, {W2}; no answer came for {W3}"
        in (result["msg"])
    )
    assert "The state of all computers is unknown, it could not be read afterwards (it refuses conn" in result["msg"]
    assert result["msg"].startswith(f"Could not bring {W3} into maintenance mode on ")
    assert "whether the server is running. Then run this task again" in result["msg"]
    assert [(row["system"], row["mode"]) for row in result["status"]] == [(name, "unknown") for name in (W1, W2, W3)]


@pytest.mark.parametrize("rollback", [False, True])
def test_the_manager_dies_while_the_task_waits(rollback: bool, manager: TrendManager, run: Run) -> None:
    manager.computers[3].heartbeat = 10**6
    manager.restart_at = (6, 3600.0)
    result = run(rollback=rollback, retry_timeout="1s")
    assert (result["failed"], result["changed"], result["accepted"]) == (True, True, [W1, W2, W3])
    assert (result["reached"], result["not_reached"], result["unknown"]) == ([], [], [W1, W2, W3])
    assert result["not_rolled_back"] == ([W1, W2, W3] if rollback else [])
    assert "the request for 3 of 3 computers: " in result["msg"]
    assert ("Rollback failed on" in result["msg"]) is rollback


def test_the_manager_comes_back_for_the_report(manager: TrendManager, run: Run) -> None:
    """The key is refused in the middle: nothing more is tried, and what was done before is read back."""
    manager.key, key = "another", manager.key
    manager.at[1] = lambda: setattr(manager, "key", key)
    manager.at[3] = lambda: setattr(manager, "key", "another")
    manager.at[4] = lambda: setattr(manager, "key", key)
    result = run(max_concurrency=1, api_key=key)
    assert (result["changed"], result["accepted"], result["reached"]) == (True, [W1], [W1])
    assert result["not_reached"] == [W2, W3]
    assert f"accepted the request for 1 of 3 computers: {W1}. Now 1 of 3 computers are in maintenance" in result["msg"]


# --- durations --------------------------------------------------------------------------------------------------------


def test_a_duration_that_is_over_before_all_agents_have_it(manager: TrendManager, run: Run) -> None:
    """10 minutes, while web03 does not call: the wait would last to the limit, and never succeed."""
    manager.computers[3].heartbeat = 10**6
    manager.at[6] = lambda: manager.clock.advance(601)
    result = run(duration="10m", rollback=True)
    assert result["failed"]
    assert (
        f"the duration was over for 2 of 3 computers before all of them were in maintenance mode: {W1}, {W2}. Now 0 of "
        f"3 computers are in maintenance mode, not: {W1} (out of maintenance mode), {W2} (out of maintenance mode), "
    ) in result["msg"]
    assert "Use a longer duration than 10 minutes" in result["msg"]
    assert result["told"][-1].endswith(
        "2 of 3 computers are in maintenance mode; 1 start-requested; first web03.example.com (Managed (Online))"
    )


def test_a_duration_that_is_over_between_two_looks(manager: TrendManager, run: Run) -> None:
    """No look saw them in maintenance mode; the time of the start says that they were."""
    manager.computers[3].heartbeat = 10**6
    manager.at[5] = lambda: manager.clock.advance(601)
    result = run(duration="10m")
    assert "the duration was over for 2 of 3 computers" in result["msg"]


def test_somebody_else_takes_a_computer_out(manager: TrendManager, run: Run) -> None:
    manager.computers[3].heartbeat = 10**6
    manager.at[6] = lambda: setattr(manager.computers[1], "status", "off")
    result = run(duration="2h")
    assert "maintenance mode was ended, not by this task, for 1 of 3 computers before all" in result["msg"]


def test_a_duration_that_is_too_short_is_told_beforehand(manager: TrendManager, run: Run) -> None:
    for number in range(4, 301):
        manager.add(Computer(number, f"srv{number}", heartbeat=0))
    numbers = [str(number) for number in manager.computers]
    result = run(computers=numbers, duration="2m", max_concurrency=1)
    (warning,) = result["warnings"]
    assert warning.startswith(
        "The duration of 2 minutes is too short for 300 computers: sending the requests alone takes about 3 minutes "
        "(1 at the same time)"
    )
    assert result["told"][0] == warning
    assert run(computers=numbers, duration="2h", extend="true", max_concurrency=1)["warnings"] == []


def test_a_duration_for_a_mode_without_an_end(manager: TrendManager, run: Run) -> None:
    put_in(manager, 1, 2)
    result = run(duration="2h")
    (warning,) = result["warnings"]
    assert warning == (
        f"Maintenance mode has no end for {W1}, {W2}, so the duration of 120 minutes was not set: it lasts until a "
        "task with state: disabled. Use extend: true to make it end after the duration"
    )
    assert (result["failed"], manager.writes) == (False, 1)
    assert run(duration="2h", extend="true")["warnings"] == []
    assert {computer.duration for computer in manager.computers.values()} == {120}


@pytest.mark.parametrize(("skip", "minutes"), [(False, 30), (True, 30), (False, 300)])
def test_an_agent_takes_over_another_duration(skip: bool, minutes: int, manager: TrendManager, run: Run) -> None:
    manager.computers[2].own_duration = minutes
    result = run(duration="2h", on_unavailable="skip" if skip else "fail")
    reason = f"its agent reports a duration of {minutes} minutes in place of the requested 120"
    assert result["failed"] is not skip
    assert result["unavailable"] == [{"name": W2, "id": 2, "reason": reason}]
    if skip:
        assert result["warnings"] == [f"Continued without: {W2}: {reason}"]
    else:
        assert f"{W2}: {reason}. Now 2 of 3 computers are in maintenance mode, not: {W2} (in mai" in result["msg"]
        assert (result["reached"], result["not_reached"]) == ([W1, W3], [W2])


def test_an_end_that_nobody_asked_for(manager: TrendManager, run: Run) -> None:
    manager.computers[2].own_duration = 30
    (warning,) = run()["warnings"]
    assert re.fullmatch(
        rf"No duration was requested, but maintenance mode ends by itself for: {W2} \(ends in \d+ minutes\)", warning
    )


def test_what_runs_comes_close_to_its_end_during_the_wait(manager: TrendManager, run: Run) -> None:
    """web01 has half of the hour left when the task begins, and less when web03 is there at last: nothing to refuse."""
    put_in(manager, 1, 2, minutes=32)
    manager.computers[3].heartbeat = 3000
    manager.at[4] = lambda: manager.clock.advance(120)
    result = run(duration="1h")
    assert (result["failed"], statuses(manager), manager.writes) == (False, ["on"] * 3, 1)
