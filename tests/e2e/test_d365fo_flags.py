"""Dynamics 365: flags that somebody else set, what depends on IIS, windows that are overdue, lost hosts."""

from __future__ import annotations

import json

from lab.windows.machines import DMF
from lab.windows.services import Service, StartType
from playbook.estate import PROPERTY, Lab, aos_of, mode_of, row, running, state_of

BACKGROUND = ("DynamicsAxBatch", "MR2012ProcessService", DMF)


def test_somebody_elses_flag(lab: Lab) -> None:
    """By hand: set and restarted; set only; and, in a window of ours, turned off behind our back."""
    by_hand, behind_for_disable, behind_for_enable = (
        lab.add("byhand01"),
        lab.add("behind01"),
        lab.add("behind02"),
    )
    lab.start()
    before = running(by_hand)
    by_hand.database.set_value("CONFIGURATIONMODE", " 1 ")  # another tool may write it with blanks
    lab.loop.loop.call_soon_threadsafe(aos_of(by_hand).recycle)
    state = state_of(by_hand)

    done = lab.run("enable")
    assert done.code == 0, done.output
    assert done.recap["byhand01"]["changed"] == 0
    assert "not by this collection" in done.of("Say that somebody else turned maintenance mode on", "byhand01")["msg"]
    shown = row(done, "byhand01")
    assert (shown["mode"], shown["in_effect"], shown["managed"]) == ("maintenance", None, False)
    assert any("set by somebody else" in note for note in shown["notes"])
    assert state_of(by_hand)["services"] == state["services"]
    assert by_hand.database.extended_property(PROPERTY) is None

    assert (mode_of(behind_for_disable), mode_of(behind_for_enable)) == (True, True)
    for machine in (behind_for_disable, behind_for_enable):
        machine.database.set_value("CONFIGURATIONMODE", "0")
    status = lab.run("status")
    assert [row(status, name)["mode"] for name in ("behind01", "behind02")] == ["switching", "switching"]

    done = lab.run("disable", "-l", "byhand01,behind01")
    assert done.code == 0, done.output
    for machine in (by_hand, behind_for_disable):
        assert mode_of(machine) is False
        assert running(machine) == before
        assert machine.database.value("CONFIGURATIONMODE") == "0"
        assert machine.database.extended_property(PROPERTY) is None

    done = lab.run("enable", "-l", "behind02")
    assert done.code == 0, done.output
    assert mode_of(behind_for_enable) is True
    record = json.loads(behind_for_enable.database.extended_property(PROPERTY) or "")
    assert set(record["services"]) == {*BACKGROUND, "W3SVC"}
    assert lab.run("disable", "-l", "behind02").code == 0
    assert running(behind_for_enable) == before


def test_dependents_overdue_and_unreachable_hosts(lab: Lab) -> None:
    """What depends on IIS is restarted with it if it runs; a window too long is shown; a lost host gets a row."""
    machine, lost = lab.add("dev01"), lab.add("lost01")
    for name, start_type in (("FtpSvc", StartType.AUTO), ("IdleSvc", StartType.DEMAND)):
        machine.host.services.add(
            Service(name, name, start_type, dependencies=("W3SVC",), start_seconds=0.2, stop_seconds=0.2)
        )
    lab.start()
    before = running(machine)
    assert (before["FtpSvc"][0], before["IdleSvc"][0]) == ("RUNNING", "STOPPED")
    done = lab.run("enable", "-l", "dev01", d365fo_expires="1s")
    assert done.code == 0, done.output
    now = running(machine)
    assert (now["FtpSvc"], now["IdleSvc"]) == (before["FtpSvc"], before["IdleSvc"])
    assert machine.host.services["FtpSvc"].starts == 2
    assert mode_of(machine) is True

    lost.winrm.faults.refuse_connections = True
    status = lab.run("status")
    assert status.code == 0, status.output
    assert row(status, "dev01")["overdue"] is True
    shown = row(status, "lost01")
    assert shown["mode"] == "unknown"
    assert "unreachable" in shown["notes"][0]
    table = "\n".join(status.of("The estate")["table"])
    assert "OVERDUE" in table
    assert "lost01" in table
    assert lab.run("disable", "-l", "dev01").code == 0
    assert running(machine) == before
