"""Dynamics 365: status, check mode, apply, again, back, on machines of every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.estate import Machine
from lab.windows.machines import DMF, Layout
from lab.windows.services import StartType, State
from playbook.estate import PROPERTY, Lab, microsoft_driver, mode_of, row, running, state_of, unchanged

BACKGROUND = ("DynamicsAxBatch", "MR2012ProcessService", DMF)
WHY: dict[str, Any] = {
    "d365fo_reason": "CHG0042 configuration keys; don't {touch}",
    "d365fo_expires": "2h",
    "d365fo_owner": "Žofie",
}


def written(machine: Machine) -> list[str]:
    """The batches that write."""
    return [batch for batch in machine.database.statements if "TRANSACTION" in batch]


def asked_for(machine: Machine) -> list[str]:
    """The batches that concern the variable (a driver has questions of its own when it connects)."""
    return [batch for batch in machine.database.statements if "N'CONFIGURATIONMODE'" in batch]


@pytest.mark.smoke
def test_there_and_back(lab: Lab) -> None:
    machine = lab.add("dev01")
    lab.start()
    before = running(machine)
    done = lab.run("enable")
    assert done.code == 0, done.output
    assert mode_of(machine) is True
    assert unchanged(lab.run("enable"))
    done = lab.run("disable")
    assert done.code == 0, done.output
    assert (mode_of(machine), running(machine)) == (False, before)
    assert machine.database.extended_property(PROPERTY) is None


def test_the_whole_order(lab: Lab) -> None:
    """Sqlcmd by Basic, ODBC with FreeTDS by NTLM, ODBC with Microsoft's driver; one service is stopped and manual."""
    machines = [
        lab.add("sqlcmd01"),
        lab.add("freetds01", via="odbc", transport="ntlm", d365fo_odbc_driver="FreeTDS"),
        lab.add("msodbc01", via="odbc", layout=Layout(drive="J:", service_drive=None)),
    ]
    machines[2].variables["d365fo_odbc_driver"] = microsoft_driver()
    lab.start()
    for machine in machines:
        report = machine.host.services["MR2012ProcessService"]
        report.start_type = StartType.DEMAND
        lab.loop.run(machine.host.services.stop(report.name))
        lab.loop.run(machine.host.services.reached(report.name, State.STOPPED))
        machine.host.services[DMF].start_type = StartType.DEMAND
    as_before = {machine.name: running(machine) for machine in machines}

    # check mode says what would change, and changes nothing
    states = [state_of(machine) for machine in machines]
    check = lab.run("quiesce.maintenance.enable", "--check", "--diff", **WHY)
    assert check.code == 0, check.output
    assert [state_of(machine) for machine in machines] == states
    assert [written(machine) for machine in machines] == [[], [], []]
    assert [check.recap[machine.name]["changed"] for machine in machines] == [4, 4, 4]

    # apply: the same is done and seen
    done = lab.run("quiesce.maintenance.enable", "--diff", **WHY)
    assert done.code == 0, done.output
    for machine in machines:
        assert mode_of(machine) is True
        states_now = running(machine)
        assert [states_now[name][0] for name in BACKGROUND] == ["STOPPED"] * 3
        assert {name: kind for name, (_state, kind) in states_now.items()} == {
            name: kind for name, (_state, kind) in as_before[machine.name].items()
        }
        record = json.loads(machine.database.extended_property(PROPERTY) or "")
        assert (record["phase"], record["owner"], record["reason"]) == ("settled", "Žofie", WHY["d365fo_reason"])
        assert sorted(record["services"]) == sorted(["DynamicsAxBatch", DMF, "W3SVC"])
        told = check.of("Record that it is set", machine.name)["diff"]["after"]
        did = done.of("Record that it is set", machine.name)["diff"]["after"]
        assert {**told["record"], "since": "", "expires": ""} == {**did["record"], "since": "", "expires": ""}
        assert told["configuration_mode"] == did["configuration_mode"] == "enabled"
        stopped = [run.of("Stop the background services", machine.name)["diff"] for run in (check, done)]
        assert stopped[0] == stopped[1]
        restarted = [run.of("Have the AOS take the variable over", machine.name)["diff"] for run in (check, done)]
        assert restarted[0] == restarted[1]
        assert restarted[0]["before"] != restarted[0]["after"]

    # again: one look, nothing else
    asked = [(len(machine.winrm.commands), len(asked_for(machine))) for machine in machines]
    states = [state_of(machine) for machine in machines]
    assert unchanged(lab.run("enable", **WHY))
    assert [state_of(machine) for machine in machines] == states
    for machine, (commands, statements) in zip(machines, asked, strict=True):
        assert len(machine.winrm.commands) - commands == 1
        assert len(asked_for(machine)) - statements == 1
        assert machine.winrm.shells_open == 0

    # the table says it all, later too
    status = lab.run("quiesce.maintenance.status")
    assert unchanged(status)
    table = status.of("The estate")["table"]
    assert len(table) == 2 + len(machines)
    for machine in machines:
        shown = row(status, machine.name)
        assert (shown["mode"], shown["in_effect"], shown["managed"], shown["notes"]) == ("maintenance", True, True, [])
        assert (shown["owner"], shown["reason"], shown["overdue"]) == ("Žofie", WHY["d365fo_reason"], False)

    # the way back
    states = [state_of(machine) for machine in machines]
    check = lab.run("disable", "--check", "--diff")
    assert check.code == 0, check.output
    assert [state_of(machine) for machine in machines] == states
    assert [check.recap[machine.name]["changed"] for machine in machines] == [3, 3, 3]
    done = lab.run("quiesce.maintenance.disable", "--diff")
    assert done.code == 0, done.output
    for machine in machines:
        assert mode_of(machine) is False
        assert running(machine) == as_before[machine.name]
        assert machine.database.extended_property(PROPERTY) is None
        assert machine.database.value("CONFIGURATIONMODE") == "0"
        assert (
            check.of("Record that it is off", machine.name)["diff"]
            == done.of("Record that it is off", machine.name)["diff"]
        )
    asked = [(len(machine.winrm.commands), len(asked_for(machine))) for machine in machines]
    assert unchanged(lab.run("disable"))
    for machine, (commands, statements) in zip(machines, asked, strict=True):
        assert len(machine.winrm.commands) - commands == 1
        assert len(asked_for(machine)) - statements == 1
