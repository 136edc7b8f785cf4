"""Dynamics 365: the mode is on while a window is open. Several windows, changed, extended, closed; overdue ones; and
reasons with everything that a shell, SQL, JSON or a template could take for its own.

Two runs: each machine goes through a sequence of its own; three hours later each closes what is open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from playbook import Done
from playbook.estate import BACKGROUND, Lab, Outcome, is_normal, mode_of, running, windows_of


def on(**options: Any) -> dict[str, Any]:
    return {"state": "enabled", **options}


def off(**options: Any) -> dict[str, Any]:
    return {"state": "disabled", **options}


SEQUENCES: dict[str, list[dict[str, Any]]] = {
    "two": [
        on(window="A", reason="first", owner="ann", ticket="T1"),
        on(window="B", reason="second", owner="bob"),
        off(window="A"),
        off(window="A"),
        off(window="B"),
        off(window="B"),
    ],
    "changed": [
        on(window="A", reason="first", owner="ann", ticket="T1", expires="1h"),
        on(window="A", reason="second", owner="zed", expires="4h"),
        on(window="A", reason="second", owner="zed", expires="4h"),
        on(window="A"),
    ],
    "everybody": [on(window="A"), on(window="B"), on(), off(all_windows=True), off(all_windows=True)],
    "plain": [on(window="CHG0042", owner="bob"), on(), off(), off(), off(window="chg0042")],
    "never-opened": [off(window="A"), on(window="A"), off(window="B")],
    "overdue": [on(expires="1h", reason="short")],
    "one-overdue": [on(window="A", expires="1h"), on(window="B", expires="9h")],
    "without-end": [on(window="A", expires="1h"), on(window="B")],
    "crowd": [on(window=f"W{number}", reason="x" * 400) for number in range(10)],
    "services-run": [on(stop_background_services=False), on()],
    "unverified": [on(wait_for_aos=False), on(wait_for_aos=False)],
}
REASONS = {
    "login": "Login failed for user 'x'. Cannot open database \"AxDB\"",
    "message": "Msg 229, Level 14, State 5, Server X, Line 1",
    "quotes": 'it\'s "quoted" 100 % {braces} %}',
    "backticks": "a `backtick` and ``two``",
    "letters": "Größe ﬁ 工事 🚧 Žofie",
    "shell": "$(whoami) %PATH% !x! ^&|<> & del",
    "injection": "'; DROP TABLE SQLSYSTEMVARIABLES; --",
    "lines": "line 1\r\nline 2\ttab",
    "backslash": "C:\\temp\\",
    "json": '{"version":2}',
    "variable": "$(SQLCMDSERVER)",
    "blanks": "  padded  ",
}
REASON_CASES = [f"{name}-{via}" for name in REASONS for via in ("sqlcmd", "odbc")]


@dataclass(frozen=True)
class Windows:
    lab: Lab
    before: dict[str, tuple[str, str]]
    outcomes: dict[str, list[Outcome]]
    stopped: dict[str, list[str]]
    modes: dict[str, bool | None]
    recorded: dict[str, str | None]


@pytest.fixture(scope="module")
def windows(shared_lab: Lab) -> Windows:
    lab = shared_lab
    todo = dict(SEQUENCES)
    for name in SEQUENCES:
        lab.add(name)
    for name in REASON_CASES:
        reason, _dash, via = name.rpartition("-")
        lab.add(name, via=via)
        todo[name] = [on(reason=REASONS[reason]), on(reason=REASONS[reason])]
    lab.start()
    before = running(lab.estate.machines["two"])
    outcomes = lab.sequences(todo)
    machines = lab.estate.machines
    return Windows(
        lab,
        before,
        outcomes,
        {name: [each for each in BACKGROUND if running(machines[name])[each][0] == "STOPPED"] for name in todo},
        {name: mode_of(machines[name]) for name in todo},
        {name: machines[name].database.extended_property("quiesce.maintenance") for name in todo},
    )


@pytest.fixture(scope="module")
def later(windows: Windows) -> Done:
    windows.lab.estate.clock.advance(3 * 3600)
    return windows.lab.run("status")


@pytest.fixture(scope="module")
def closed(windows: Windows, later: Done) -> dict[str, list[Outcome]]:
    assert later.results
    return windows.lab.sequences({name: [off(all_windows=True)] for name in windows.outcomes})


def told(outcome: Outcome) -> str:
    return " / ".join(step["step"] for step in outcome["steps"])


def ids(outcome: Outcome) -> list[str]:
    return [window["id"] for window in outcome["status"]["windows"]]


def test_two_windows(windows: Windows) -> None:
    first, second, close, again, last, nothing, _look = windows.outcomes["two"]
    assert "restarted W3SVC" in told(first)
    # the second one changes what the record says, and nothing else
    assert second["changed"]
    assert "restarted" not in told(second)
    assert ids(second) == ["A", "B"]
    assert (second["status"]["owner"], second["status"]["reason"]) == ("ann; bob", "first; second")
    # the mode stays on for the other one
    assert close["changed"]
    assert "restarted" not in told(close)
    assert (ids(close), close["status"]["mode"], close["status"]["verified"]) == (["B"], "maintenance", True)
    assert (again["changed"], ids(again)) == (False, ["B"])
    assert "maintenance mode off" in told(last)
    assert (last["status"]["mode"], nothing["changed"]) == ("normal", False)
    assert (windows.modes["two"], windows.stopped["two"]) == (False, [])


@pytest.mark.parametrize(("name", "step", "open_one"), [("two", 2, "B"), ("two", 3, "B"), ("plain", 2, "CHG0042")])
def test_closing_one_of_several_names_the_others(windows: Windows, name: str, step: int, open_one: str) -> None:
    """By its id: that is what has to be given to close it."""
    assert [note for note in windows.outcomes[name][step]["status"]["notes"] if open_one in note] != []


def test_a_window_is_changed_and_extended(windows: Windows) -> None:
    first, second, third, bare, look = windows.outcomes["changed"]
    assert "restarted" not in told(second)
    assert [each["changed"] for each in (first, second, third, bare)] == [True, True, False, False]
    opened, now = first["status"]["windows"][0], look["status"]["windows"][0]
    # "An open window keeps its owner", its opening, and what was not given again; a duration counts from its opening
    assert (now["owner"], now["reason"], now["ticket"], now["opened"]) == ("ann", "second", "T1", opened["opened"])
    assert now["expires"] > opened["expires"]
    assert len(look["status"]["windows"]) == 1


def test_all_windows(windows: Windows) -> None:
    close, again, _look = windows.outcomes["everybody"][3:]
    assert (close["changed"], close["status"]["mode"], ids(close)) == (True, "normal", [])
    assert not again["changed"]
    assert windows.recorded["everybody"] is None


def test_plain_disable_leaves_a_window_of_another_name(windows: Windows) -> None:
    _named, _plain, close, again, wrong_case, look = windows.outcomes["plain"]
    assert (ids(close), again["changed"], wrong_case["changed"]) == (["CHG0042"], False, False)
    assert look["status"]["mode"] == "maintenance"


def test_a_window_that_was_never_opened(windows: Windows) -> None:
    before, _open, other, look = windows.outcomes["never-opened"]
    assert (before["changed"], other["changed"], ids(look)) == (False, False, ["A"])


def test_more_than_the_record_can_hold_is_refused_and_all_can_be_closed(
    windows: Windows, closed: dict[str, list[Outcome]]
) -> None:
    refused = [each for each in windows.outcomes["crowd"] if each.get("failed")]
    assert refused != []
    assert all("nothing was touched" in each["msg"] and "Shorten" in each["msg"] for each in refused)
    assert not closed["crowd"][0].get("failed")


def test_services_may_run_on(windows: Windows) -> None:
    first, second, look = windows.outcomes["services-run"]
    assert "stopped" not in told(first)
    assert first["status"]["notes"] == [], "they run as they were told to"
    assert "stopped" in told(second), "plain enable stops them"
    assert look["status"]["mode"] == "maintenance"


def test_without_waiting_it_is_not_verified(windows: Windows) -> None:
    first, again, look = windows.outcomes["unverified"]
    assert [each["status"]["verified"] for each in (first, again, look)] == [None] * 3
    assert (first["changed"], again["changed"]) == (True, False)


def row(later: Done, name: str) -> dict[str, Any]:
    found: dict[str, Any] = later.of("Gather the status", name)["status"]
    return found


def test_overdue_is_said_loudly_and_closes_nothing(windows: Windows, later: Done) -> None:
    assert windows.modes["overdue"] is True
    shown = {name: row(later, name) for name in ("overdue", "one-overdue", "without-end", "plain")}
    assert {name: each["overdue"] for name, each in shown.items()} == {
        "overdue": True,
        "one-overdue": True,
        "without-end": True,
        "plain": False,
    }
    assert {each["mode"] for each in shown.values()} == {"maintenance"}
    table = later.of("Report the status of all systems")["table"]
    assert ["OVERDUE" in line for line in table if line.startswith("overdue")] == [True]


def test_when_the_last_window_should_be_over(windows: Windows, later: Done) -> None:
    nine_hours = windows.outcomes["one-overdue"][-1]["status"]["windows"][1]["expires"]
    assert row(later, "one-overdue")["expires"] == nine_hours
    assert row(later, "without-end")["expires"] is None


@pytest.mark.parametrize("name", REASON_CASES)
def test_a_reason_comes_back_as_it_was_given(windows: Windows, closed: dict[str, list[Outcome]], name: str) -> None:
    reason = REASONS[name.rpartition("-")[0]]
    first, again, look = windows.outcomes[name]
    assert not first.get("failed"), first
    assert json.loads(windows.recorded[name] or "")["windows"][0]["reason"] == reason
    assert look["status"]["windows"][0]["reason"] == reason
    assert (first["changed"], again["changed"]) == (True, False)
    assert closed[name][0]["changed"]


def test_a_reason_of_several_lines_is_one_in_the_table(windows: Windows, later: Done) -> None:
    assert windows.recorded["lines-sqlcmd"] is not None
    table = later.of("Report the status of all systems")["table"]
    assert [line for line in table if "\n" in line or "\r" in line or "\t" in line] == []
    assert [line for line in table if line.startswith("lines-sqlcmd") and "line 1" in line] != []


@pytest.mark.parametrize("name", SEQUENCES)
def test_in_the_end_all_is_as_it_was(windows: Windows, closed: dict[str, list[Outcome]], name: str) -> None:
    machine = windows.lab.estate.machines[name]
    assert not closed[name][0].get("failed")
    assert windows_of(machine) == []
    assert is_normal(machine, windows.before) == []
