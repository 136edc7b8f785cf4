"""Dynamics 365: the mode is on while a window is open. Several windows, changed, extended, closed; overdue ones; and
reasons with everything that a shell, SQL, JSON or a template could take for its own.

Three runs, shared with another file: each machine goes through a sequence of its own; three hours later its status is
asked for, and it closes what is open.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from playbook.estate import BACKGROUND, Lab, Outcome
from playbook.sequences import Part, Sequences


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


def add(lab: Lab) -> None:
    for name in SEQUENCES:
        lab.add(name)
    for name in REASON_CASES:
        lab.add(name, via=name.rpartition("-")[2])


ALL = {**SEQUENCES, **{name: [on(reason=REASONS[name.rpartition("-")[0]])] * 2 for name in REASON_CASES}}

PART = Part(ALL, {name: [off(all_windows=True)] for name in ALL}, add)


def told(outcome: Outcome) -> str:
    return " / ".join(step["step"] for step in outcome["steps"])


def ids(outcome: Outcome) -> list[str]:
    return [window["id"] for window in outcome["status"]["windows"]]


def test_two_windows(sequences: Sequences) -> None:
    first, second, close, again, last, nothing, _look = sequences.first["two"]
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
    left = sequences.after_first["two"]
    assert (left.modes, [name for name in BACKGROUND if left.services[name][0] == "STOPPED"]) == ({False}, [])


@pytest.mark.parametrize(("name", "step", "open_one"), [("two", 2, "B"), ("two", 3, "B"), ("plain", 2, "CHG0042")])
def test_closing_one_of_several_names_the_others(sequences: Sequences, name: str, step: int, open_one: str) -> None:
    """By its id: that is what has to be given to close it."""
    assert [note for note in sequences.first[name][step]["status"]["notes"] if open_one in note] != []


def test_a_window_is_changed_and_extended(sequences: Sequences) -> None:
    first, second, third, bare, look = sequences.first["changed"]
    assert "restarted" not in told(second)
    assert [each["changed"] for each in (first, second, third, bare)] == [True, True, False, False]
    opened, now = first["status"]["windows"][0], look["status"]["windows"][0]
    # "An open window keeps its owner", its opening, and what was not given again; a duration counts from its opening
    assert (now["owner"], now["reason"], now["ticket"], now["opened"]) == ("ann", "second", "T1", opened["opened"])
    assert now["expires"] > opened["expires"]
    assert len(look["status"]["windows"]) == 1


def test_all_windows(sequences: Sequences) -> None:
    close, again, _look = sequences.first["everybody"][3:]
    assert (close["changed"], close["status"]["mode"], ids(close)) == (True, "normal", [])
    assert not again["changed"]
    assert sequences.after_first["everybody"].text is None


def test_plain_disable_leaves_a_window_of_another_name(sequences: Sequences) -> None:
    _named, _plain, close, again, wrong_case, look = sequences.first["plain"]
    assert (ids(close), again["changed"], wrong_case["changed"]) == (["CHG0042"], False, False)
    assert look["status"]["mode"] == "maintenance"


def test_a_window_that_was_never_opened(sequences: Sequences) -> None:
    before, _open, other, look = sequences.first["never-opened"]
    assert (before["changed"], other["changed"], ids(look)) == (False, False, ["A"])


def test_more_than_the_record_can_hold_is_refused_and_all_can_be_closed(sequences: Sequences) -> None:
    refused = [each for each in sequences.first["crowd"] if each.get("failed")]
    assert refused != []
    assert all("nothing was touched" in each["msg"] and "Shorten" in each["msg"] for each in refused)
    assert not sequences.then["crowd"][0].get("failed")


def test_services_may_run_on(sequences: Sequences) -> None:
    first, second, look = sequences.first["services-run"]
    assert "stopped" not in told(first)
    assert first["status"]["notes"] == [], "they run as they were told to"
    assert "stopped" in told(second), "plain enable stops them"
    assert look["status"]["mode"] == "maintenance"


def test_without_waiting_it_is_not_verified(sequences: Sequences) -> None:
    first, again, look = sequences.first["unverified"]
    assert [each["status"]["verified"] for each in (first, again, look)] == [None] * 3
    assert (first["changed"], again["changed"]) == (True, False)


def test_overdue_is_said_loudly_and_closes_nothing(sequences: Sequences) -> None:
    assert sequences.after_first["overdue"].modes == {True}
    shown = {name: sequences.shown(name) for name in ("overdue", "one-overdue", "without-end", "plain")}
    assert {name: each["overdue"] for name, each in shown.items()} == {
        "overdue": True,
        "one-overdue": True,
        "without-end": True,
        "plain": False,
    }
    assert {each["mode"] for each in shown.values()} == {"maintenance"}
    table = sequences.status.of("Report the status of all systems")["table"]
    assert ["OVERDUE" in line for line in table if line.startswith("overdue")] == [True]


def test_when_the_last_window_should_be_over(sequences: Sequences) -> None:
    nine_hours = sequences.first["one-overdue"][-1]["status"]["windows"][1]["expires"]
    assert sequences.shown("one-overdue")["expires"] == nine_hours
    assert sequences.shown("without-end")["expires"] is None


@pytest.mark.parametrize("name", REASON_CASES)
def test_a_reason_comes_back_as_it_was_given(sequences: Sequences, name: str) -> None:
    reason = REASONS[name.rpartition("-")[0]]
    first, again, look = sequences.first[name]
    assert not first.get("failed"), first
    assert json.loads(sequences.after_first[name].text or "")["windows"][0]["reason"] == reason
    assert look["status"]["windows"][0]["reason"] == reason
    assert (first["changed"], again["changed"]) == (True, False)
    assert sequences.then[name][0]["changed"]


def test_a_reason_of_several_lines_is_one_in_the_table(sequences: Sequences) -> None:
    assert sequences.after_first["lines-sqlcmd"].text is not None
    table = sequences.status.of("Report the status of all systems")["table"]
    assert [line for line in table if "\n" in line or "\r" in line or "\t" in line] == []
    assert [line for line in table if line.startswith("lines-sqlcmd") and "line 1" in line] != []


@pytest.mark.parametrize("name", SEQUENCES)
def test_in_the_end_all_is_as_it_was(sequences: Sequences, name: str) -> None:
    assert not sequences.then[name][0].get("failed")
    assert sequences.differs(name) == []
