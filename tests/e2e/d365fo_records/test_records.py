"""Dynamics 365: the variable and its record where somebody else had his hands on them: a mode that another tool turned
on, a variable set back behind our back, a database from another machine, a restored one, a broken record.

Three runs, shared with another file: what is done first; the status after somebody's interference; what is done then.
"""

from __future__ import annotations

from typing import Any

import pytest

from lab.estate import Machine
from lab.sql.engine import Backup
from lab.windows.services import State
from playbook.estate import BACKGROUND, PROPERTY, Lab, Outcome, aos_of
from playbook.sequences import Part, Sequences

ON, OFF = {"state": "enabled"}, {"state": "disabled"}
# machine: what is done first, what is done after the interference
SEQUENCES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "by-hand": ([ON, {**ON, "window": "CHG0042"}], [OFF, OFF]),
    "by-hand-named": ([{**OFF, "window": "CHG0042"}], [OFF]),
    "by-hand-all": ([], [{**OFF, "all_windows": True}]),
    "set-back-on": ([ON], [ON, OFF]),
    "set-back-off": ([ON], [OFF]),
    "source": ([{**ON, "window": "S", "reason": "of the source"}], [{**OFF, "window": "S"}]),
    "copy-on-enable": ([], [ON, OFF]),
    "copy-on-disable": ([], [OFF]),
    "copy-off-enable": ([], [ON, OFF]),
    "copy-off-disable": ([], [OFF]),
    "older": ([ON], [ON, OFF]),
    "restored-on-enable": ([ON], [ON, OFF]),
    "restored-on-disable": ([ON], [OFF]),
    "restored-on-odbc": ([ON], [ON, OFF]),
    "broken-record": ([ON], [OFF, ON]),
}
COPIES = [name for name in SEQUENCES if name.startswith("copy")]
RESTORED = [name for name in SEQUENCES if name.startswith("restored")]


# backups from before everything
KEPT: dict[str, Backup] = {}


def set_value(machine: Machine, value: str) -> None:
    machine.database.set_value("CONFIGURATIONMODE", value)


def end_by_hand(lab: Lab, machine: Machine) -> None:
    """Somebody takes the machine out of maintenance mode with another tool."""
    set_value(machine, "0")
    lab.call(aos_of(machine).recycle)
    for service in BACKGROUND:
        lab.service(machine, service, State.RUNNING)


def add(lab: Lab) -> None:
    for name in SEQUENCES:
        lab.add(name, via="odbc" if "odbc" in name else "sqlcmd")


def begin(lab: Lab) -> None:
    machines = lab.estate.machines
    for name in ("by-hand", "by-hand-named", "by-hand-all"):
        set_value(machines[name], " 1 ")  # another tool may write it with blanks
        lab.call(aos_of(machines[name]).recycle)
    KEPT["older"] = machines["older"].database.backup()


def interfere(lab: Lab) -> None:
    """What happens to the databases between our runs."""
    machines = lab.estate.machines
    set_value(machines["set-back-on"], "0")
    set_value(machines["set-back-off"], "0")
    of_source = machines["source"].database.backup()
    for name in COPIES:
        machines[name].database.restore(of_source)
        set_value(machines[name], "1" if "-on-" in name else "0")
    for name in RESTORED:
        database = machines[name].database
        with_window = database.backup()
        end_by_hand(lab, machines[name])
        database.restore(with_window)
    machines["older"].database.restore(KEPT["older"])
    machines["broken-record"].database.set_extended_property(PROPERTY, '{"version":2,"windows":[{"id":')


PART = Part(
    {name: first for name, (first, _then) in SEQUENCES.items()},
    {name: then for name, (_first, then) in SEQUENCES.items()},
    add,
    begin,
    interfere,
)


def notes(sequences: Sequences, name: str) -> str:
    return "\n".join(sequences.shown(name)["notes"])


def told(outcome: Outcome) -> str:
    assert not outcome.get("failed"), outcome
    return " / ".join(step["step"] for step in outcome["steps"])


def test_a_mode_of_somebody_else_is_left_alone_by_enable(sequences: Sequences) -> None:
    plain, named, _look = sequences.first["by-hand"]
    for outcome in (plain, named):
        assert not outcome["changed"]
        assert (outcome["status"]["mode"], outcome["status"]["managed"]) == ("maintenance", False)
        assert outcome["status"]["verified"] is None
    assert "somebody else" in notes(sequences, "by-hand")
    assert sequences.left["by-hand"].record is None


def test_a_mode_of_somebody_else_is_turned_off_by_plain_disable(sequences: Sequences) -> None:
    close, again, _look = sequences.then["by-hand"]
    assert "restarted W3SVC" in told(close)
    assert (close["status"]["mode"], again["changed"]) == ("normal", False)
    assert sequences.differs("by-hand") == []


def test_a_mode_of_somebody_else_is_no_window_to_close(sequences: Sequences) -> None:
    """Who closes CHG0042 does not end what somebody else began."""
    outcome = sequences.first["by-hand-named"][0]
    assert (outcome["changed"], outcome["status"]["mode"]) == (False, "maintenance")
    assert "maintenance mode off" in told(sequences.then["by-hand-all"][0])


@pytest.mark.parametrize("name", ["set-back-on", "set-back-off"])
def test_set_back_behind_our_back_is_seen(sequences: Sequences, name: str) -> None:
    """The database says off, the AOS runs on; nobody knows but by the record."""
    assert sequences.shown(name)["mode"] == "changing"
    assert sequences.shown(name)["verified"] is False
    assert notes(sequences, name) != ""


def test_set_back_behind_our_back_and_on_again(sequences: Sequences) -> None:
    on, off, _look = sequences.then["set-back-on"]
    assert "restarted W3SVC" in told(on)
    assert (on["status"]["mode"], on["status"]["verified"]) == ("maintenance", True)
    assert "started" in told(off)


@pytest.mark.parametrize("name", COPIES)
def test_a_record_from_another_machine_is_reported_and_not_followed(sequences: Sequences, name: str) -> None:
    assert "SOURCE" in notes(sequences, name)
    assert sequences.shown(name)["verified"] is None
    assert sequences.shown(name)["windows"] == []
    assert sequences.shown(name)["mode"] == ("maintenance" if "-on-" in name else "normal")


def test_a_mode_that_came_with_a_copy_is_somebody_elses(sequences: Sequences) -> None:
    on, off, _look = sequences.then["copy-on-enable"]
    assert (on["changed"], on["status"]["managed"]) == (False, False)
    assert "restarted W3SVC" in told(off)
    assert "stopped" not in told(off)


def test_a_record_that_came_with_a_copy_starts_and_stops_nothing(sequences: Sequences) -> None:
    outcome = sequences.then["copy-off-disable"][0]
    assert (outcome["changed"], told(outcome)) == (False, "")
    assert sequences.end["copy-off-disable"].services == sequences.origin["copy-off-disable"].services


def test_a_window_opens_over_a_record_that_came_with_a_copy(sequences: Sequences) -> None:
    on, off, _look = sequences.then["copy-off-enable"]
    assert "restarted W3SVC" in told(on)
    assert [window["id"] for window in on["status"]["windows"]] == ["default"]
    assert "started" in told(off)


@pytest.mark.parametrize("name", RESTORED)
def test_a_record_from_before_a_restore_is_not_followed(sequences: Sequences, name: str) -> None:
    """The database says on, by a backup from the time of the window; the AOS never started with it."""
    assert sequences.shown(name)["verified"] is not True
    assert "restored" in notes(sequences, name)


@pytest.mark.parametrize("name", [name for name in RESTORED if "disable" not in name])
def test_enable_after_a_restore_claims_nothing_that_nobody_saw(sequences: Sequences, name: str) -> None:
    on = sequences.then[name][0]
    assert on["status"]["verified"] is not True or "restarted W3SVC" in told(on)


def test_a_database_from_before_the_window(sequences: Sequences) -> None:
    """Variable and record are gone with it. That the services do not run is said."""
    assert sequences.shown("older")["mode"] == "normal"
    assert all(service in notes(sequences, "older") for service in BACKGROUND)
    assert "restarted W3SVC" in told(sequences.then["older"][0])


def test_a_broken_record_stops_both_ways_with_the_way_out(sequences: Sequences) -> None:
    for outcome in sequences.then["broken-record"][:2]:
        assert outcome["failed"]
        assert "sp_dropextendedproperty" in outcome["msg"]
        assert "Traceback" not in outcome["msg"]
    assert sequences.shown("broken-record")["mode"] in ("maintenance", "unknown")
    assert sequences.left["broken-record"].modes == {True}
    assert "sp_dropextendedproperty" in notes(sequences, "broken-record")


ALL_BACK = [name for name in SEQUENCES if name not in ("by-hand-named", "broken-record", "copy-off-disable", "older")]


@pytest.mark.parametrize("name", ALL_BACK)
def test_in_the_end_all_is_as_it_was(sequences: Sequences, name: str) -> None:
    assert sequences.differs(name) == []


def test_a_record_of_another_machine_is_left_to_a_person(sequences: Sequences) -> None:
    assert sequences.end["copy-off-disable"].record is not None
