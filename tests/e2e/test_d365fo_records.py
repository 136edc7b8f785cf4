"""Dynamics 365: the variable and its record where somebody else had his hands on them: a mode that another tool turned
on, a variable set back behind our back, a database from another machine, a restored one, a broken record.

Four runs: what is done first; windows closed of which a backup is kept; the status after somebody's interference; what
is done then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lab.estate import Machine
from lab.sql.engine import Backup
from playbook import Done
from playbook.estate import (
    BACKGROUND,
    PROPERTY,
    Lab,
    Outcome,
    aos_of,
    is_normal,
    mode_of,
    record_of,
    running,
    state_of,
)

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


@dataclass(frozen=True)
class Records:
    lab: Lab
    before: dict[str, tuple[str, str]]
    first: dict[str, list[Outcome]]
    status: Done
    left: dict[str, dict[str, Any]]
    then: dict[str, list[Outcome]]


def set_value(machine: Machine, value: str) -> None:
    machine.database.set_value("CONFIGURATIONMODE", value)


def interfere(lab: Lab, backups: dict[str, Backup]) -> None:
    """What happens to the databases between our runs."""
    machines = lab.estate.machines
    set_value(machines["set-back-on"], "0")
    set_value(machines["set-back-off"], "0")
    of_source = machines["source"].database.backup()
    for name in COPIES:
        machines[name].database.restore(of_source)
        set_value(machines[name], "1" if "-on-" in name else "0")
    for name, backup in backups.items():
        machines[name].database.restore(backup)
    machines["broken-record"].database.set_extended_property(PROPERTY, '{"version":2,"windows":[{"id":')


@pytest.fixture(scope="module")
def records(shared_lab: Lab) -> Records:
    lab = shared_lab
    for name in SEQUENCES:
        lab.add(name, via="odbc" if "odbc" in name else "sqlcmd")
    lab.start()
    machines = lab.estate.machines
    before = running(machines["by-hand"])
    for name in ("by-hand", "by-hand-named", "by-hand-all"):
        set_value(machines[name], " 1 ")  # another tool may write it with blanks
        lab.call(aos_of(machines[name]).recycle)
    backups = {"older": machines["older"].database.backup()}
    first = lab.sequences({name: first for name, (first, _then) in SEQUENCES.items()})
    backups |= {name: machines[name].database.backup() for name in RESTORED}
    lab.sequences({name: [OFF] for name in RESTORED})
    interfere(lab, backups)
    status = lab.run("status")
    left = {name: state_of(machine) for name, machine in machines.items()}
    then = lab.sequences({name: then for name, (_first, then) in SEQUENCES.items()})
    return Records(lab, before, first, status, left, then)


def notes(records: Records, name: str) -> str:
    return "\n".join(records.status.of("Gather the status", name)["status"]["notes"])


def shown(records: Records, name: str) -> dict[str, Any]:
    found: dict[str, Any] = records.status.of("Gather the status", name)["status"]
    return found


def told(outcome: Outcome) -> str:
    assert not outcome.get("failed"), outcome
    return " / ".join(step["step"] for step in outcome["steps"])


def test_a_mode_of_somebody_else_is_left_alone_by_enable(records: Records) -> None:
    plain, named, _look = records.first["by-hand"]
    for outcome in (plain, named):
        assert not outcome["changed"]
        assert (outcome["status"]["mode"], outcome["status"]["managed"]) == ("maintenance", False)
        assert outcome["status"]["verified"] is None
    assert "somebody else" in notes(records, "by-hand")
    assert records.left["by-hand"]["record"] is None


def test_a_mode_of_somebody_else_is_turned_off_by_plain_disable(records: Records) -> None:
    close, again, _look = records.then["by-hand"]
    assert "restarted W3SVC" in told(close)
    assert (close["status"]["mode"], again["changed"]) == ("normal", False)
    assert is_normal(records.lab.estate.machines["by-hand"], records.before) == []


def test_a_mode_of_somebody_else_is_no_window_to_close(records: Records) -> None:
    """Who closes CHG0042 does not end what somebody else began."""
    outcome = records.first["by-hand-named"][0]
    assert (outcome["changed"], outcome["status"]["mode"]) == (False, "maintenance")
    assert "maintenance mode off" in told(records.then["by-hand-all"][0])


@pytest.mark.parametrize("name", ["set-back-on", "set-back-off"])
def test_set_back_behind_our_back_is_seen(records: Records, name: str) -> None:
    """The database says off, the AOS runs on; nobody knows but by the record."""
    assert shown(records, name)["mode"] == "changing"
    assert shown(records, name)["verified"] is False
    assert notes(records, name) != ""


def test_set_back_behind_our_back_and_on_again(records: Records) -> None:
    on, off, _look = records.then["set-back-on"]
    assert "restarted W3SVC" in told(on)
    assert (on["status"]["mode"], on["status"]["verified"]) == ("maintenance", True)
    assert "started" in told(off)


@pytest.mark.parametrize("name", COPIES)
def test_a_record_from_another_machine_is_reported_and_not_followed(records: Records, name: str) -> None:
    assert "SOURCE" in notes(records, name)
    assert shown(records, name)["verified"] is None
    assert shown(records, name)["windows"] == []
    assert shown(records, name)["mode"] == ("maintenance" if "-on-" in name else "normal")


def test_a_mode_that_came_with_a_copy_is_somebody_elses(records: Records) -> None:
    on, off, _look = records.then["copy-on-enable"]
    assert (on["changed"], on["status"]["managed"]) == (False, False)
    assert "restarted W3SVC" in told(off)
    assert "stopped" not in told(off)


def test_a_record_that_came_with_a_copy_starts_and_stops_nothing(records: Records) -> None:
    outcome = records.then["copy-off-disable"][0]
    assert (outcome["changed"], told(outcome)) == (False, "")
    assert running(records.lab.estate.machines["copy-off-disable"]) == records.before


def test_a_window_opens_over_a_record_that_came_with_a_copy(records: Records) -> None:
    on, off, _look = records.then["copy-off-enable"]
    assert "restarted W3SVC" in told(on)
    assert [window["id"] for window in on["status"]["windows"]] == ["default"]
    assert "started" in told(off)


@pytest.mark.parametrize("name", RESTORED)
def test_a_record_from_before_a_restore_is_not_followed(records: Records, name: str) -> None:
    """The database says on, by a backup from the time of the window; the AOS never started with it."""
    assert shown(records, name)["verified"] is not True
    assert "restored" in notes(records, name)


@pytest.mark.parametrize("name", [name for name in RESTORED if "disable" not in name])
def test_enable_after_a_restore_claims_nothing_that_nobody_saw(records: Records, name: str) -> None:
    on = records.then[name][0]
    assert on["status"]["verified"] is not True or "restarted W3SVC" in told(on)


def test_a_database_from_before_the_window(records: Records) -> None:
    """Variable and record are gone with it. That the services do not run is said."""
    assert shown(records, "older")["mode"] == "normal"
    assert all(service in notes(records, "older") for service in BACKGROUND)
    assert "restarted W3SVC" in told(records.then["older"][0])


def test_a_broken_record_stops_both_ways_with_the_way_out(records: Records) -> None:
    for outcome in records.then["broken-record"][:2]:
        assert outcome["failed"]
        assert "sp_dropextendedproperty" in outcome["msg"]
        assert "Traceback" not in outcome["msg"]
    assert shown(records, "broken-record")["mode"] in ("maintenance", "unknown")
    assert mode_of(records.lab.estate.machines["broken-record"]) is True
    assert "sp_dropextendedproperty" in notes(records, "broken-record")


ALL_BACK = [name for name in SEQUENCES if name not in ("by-hand-named", "broken-record", "copy-off-disable", "older")]


@pytest.mark.parametrize("name", ALL_BACK)
def test_in_the_end_all_is_as_it_was(records: Records, name: str) -> None:
    assert is_normal(records.lab.estate.machines[name], records.before) == []


def test_a_record_of_another_machine_is_left_to_a_person(records: Records) -> None:
    assert record_of(records.lab.estate.machines["copy-off-disable"]) is not None
