"""Dynamics 365 on a VHD: maintenance mode by Microsoft's setup tool, in the usual order, and each way it can fail."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import yaml

from lab.estate import Machine
from lab.windows.machines import TOOL, Layout
from lab.windows.programs.setup_tool import Faults, SetupTool
from playbook import Done
from playbook.estate import PROPERTY, Lab, message, mode_of, row, running, state_of, unchanged

BACKGROUND = ("DynamicsAxBatch", "MR2012ProcessService")
COLLECTION = "ansible_collections.quiesce.maintenance"
PACKAGES = r"J:\AosService\PackagesLocalDirectory"
# What cmd.exe, the tool's own parser, YAML and Jinja would each like to read as something else.
CANARY = 'C4nary "two" %PATH% ^&|<>!ö\\'


def tool_of(machine: Machine) -> SetupTool:
    assert machine.host.setup_tool is not None
    return machine.host.setup_tool


def add_vhd(lab: Lab, name: str, transport: str = "basic", **variables: Any) -> Machine:
    machine = lab.estate.add_vhd(name, transport=transport)
    machine.variables.update(variables)
    return machine


def add_login(machine: Machine, password: str) -> None:
    """Let the tool sign in with a password of the test's own."""
    machine.sql.add_login("setupuser", password)
    machine.database.grant("setupuser", "db_owner")
    machine.variables |= {"d365fo_sql_login_user": "setupuser", "d365fo_sql_login_password": password}


def parameters(mode: str, user: str = "axdbadmin", password: str = "", packages: str = PACKAGES) -> dict[str, str]:
    return {
        "metadatadir": packages,
        "bindir": rf"{packages}\bin",
        "sqlserver": ".",
        "sqldatabase": "AxDB",
        "sqluser": user,
        "sqlpwd": password,
        "setupmode": "maintenancemode",
        "isinmaintenancemode": mode,
    }


def test_the_whole_order(lab: Lab) -> None:
    """By Basic, the tool lies below the packages; by NTLM, it lies in the web root."""
    vhd = add_vhd(lab, "vhd01")
    layout = Layout(kind="vhd", tool_in_packages=False)
    other = lab.add("vhd02", transport="ntlm", layout=layout, d365fo_sync=True)
    add_login(vhd, CANARY)
    other.variables |= {"d365fo_sql_login_user": "axdbadmin", "d365fo_sql_login_password": other.sql_password}
    machines = [vhd, other]
    names = [machine.name for machine in machines]
    lab.start()
    tool_of(other).seconds["sync"] = 700.0
    before = {machine.name: running(machine) for machine in machines}

    status = lab.run("status")
    assert unchanged(status)
    assert [row(status, name)["mode"] for name in names] == ["normal"] * 2

    states = [state_of(machine) for machine in machines]
    check = lab.run("enable", "--check", "--diff", d365fo_reason="CHG0042")
    assert check.code == 0, check.output
    assert [state_of(machine) for machine in machines] == states
    assert [tool_of(machine).runs for machine in machines] == [[], []]

    done = lab.run("enable", "--diff", d365fo_reason="CHG0042")
    assert done.code == 0, done.output
    assert tool_of(vhd).runs == [parameters("true", "setupuser", CANARY)]
    assert tool_of(other).runs == [parameters("true", password=other.sql_password, packages=layout.packages)]
    for machine in machines:
        assert mode_of(machine) is True
        assert [running(machine)[name][0] for name in BACKGROUND] == ["STOPPED", "STOPPED"]
        record = json.loads(machine.database.extended_property(PROPERTY) or "")
        assert (record["phase"], record["reason"]) == ("settled", "CHG0042")
        for task in ("Run the setup tool", "Have the AOS take the variable over"):
            assert check.of(task, machine.name)["diff"] == done.of(task, machine.name)["diff"]
        assert check.recap[machine.name]["changed"] == done.recap[machine.name]["changed"] - 1  # the record of the end

    # again: one look, nothing else
    asked = [len(machine.winrm.commands) for machine in machines]
    states = [state_of(machine) for machine in machines]
    assert unchanged(lab.run("enable", d365fo_reason="CHG0042"))
    assert [state_of(machine) for machine in machines] == states
    assert [len(machine.winrm.commands) - count for machine, count in zip(machines, asked, strict=True)] == [1, 1]
    check = lab.run("disable", "--check", "--diff")
    assert check.code == 0, check.output
    assert [state_of(machine) for machine in machines] == states
    done = lab.run("disable", "--diff")
    assert done.code == 0, done.output
    assert tool_of(vhd).runs[1:] == [parameters("false", "setupuser", CANARY)]
    # after the variable is off, and before the AOS restarts
    assert [run["setupmode"] for run in tool_of(other).runs] == ["maintenancemode", "maintenancemode", "sync"]
    assert tool_of(other).syncs == 1
    told = r"vhd02: still busy to have the setup tool synchronise the database, \d+ s of 7200 s: .*: [1-9]0% of tables"
    assert re.search(told, done.output)
    for machine in machines:
        assert mode_of(machine) is False
        assert running(machine) == before[machine.name]
        assert machine.database.value("CONFIGURATIONMODE") == "0"
        assert machine.database.extended_property(PROPERTY) is None
    assert unchanged(lab.run("disable"))


def complaints(done: Done, expected: dict[str, str]) -> list[str]:
    """Which of the messages differ from what is expected (an empty pattern: success)."""
    wrong = []
    for name, pattern in expected.items():
        failed = done.recap[name]["failed"]
        found = message(done, name) if failed else ""
        if bool(pattern) != bool(failed) or not re.search(pattern, found):
            wrong.append(f"{name}: {pattern!r} not in: {found}")
    return wrong


NOT_ON = ".*Maintenance mode was not turned on. The services that ran before run again"
ENDED = r"Could not have the setup tool set maintenance mode enabled on {name}: the setup tool ended with "


def test_every_way_to_fail(lab: Lab) -> None:
    expected: dict[str, str] = {}

    def add(name: str, pattern: str, **variables: Any) -> Machine:
        expected[name] = pattern.format(name=name)
        return add_vhd(lab, name, **variables)

    # refused before anything is touched
    gone = add("gone", r"Refused, nothing was touched on {name}. The setup tool was not found.*d365fo_setup_tool")
    gone.host.files.delete(rf"{PACKAGES}\bin\{TOOL}")
    nologin = add("nologin", r"Refused, nothing was touched.*no integrated login; give d365fo_sql_login_user")
    for name in ("user", "password"):
        del nologin.variables[f"d365fo_sql_login_{name}"]
    add("badlogin", r"Refused.*login failed \(error 18456\)", d365fo_sql_login_password="wr0ng")
    limited = add("limited", r"Refused.*not an elevated administrator.*Administrators")
    limited.account.elevated = False
    untouched = ("gone", "nologin", "badlogin", "limited")
    # the tool fails, nothing was changed
    add(
        "nowhere", ENDED + r"exit code 1: The system cannot find the path" + NOT_ON, d365fo_setup_tool=r"J:\x\Setup.exe"
    )
    stranger = {"sqluser": "nobody"}
    add("stranger", ENDED + r"exit code -532462766.*Login failed for user 'nobody'" + NOT_ON).variables |= {
        "d365fo_setup_tool_arguments": stranger
    }
    crash = add(
        "crash", ENDED + r"exit code -532462766 \(an unhandled \.NET exception\).*boom.*d365fo_method: sql" + NOT_ON
    )
    tool_of(crash).faults.crashes = "boom"
    hang = add(
        "hang", r"no end after 2 s, so the command was given up.*time limit" + NOT_ON, d365fo_setup_tool_timeout=2
    )
    tool_of(hang).faults.hangs = True
    liar = add(
        "liar", r"verify the change on the setup tool on {name}: after the write.*'disabled'.*wanted was" + NOT_ON
    )
    tool_of(liar).faults.does_nothing = True
    # the tool fails although it wrote: that is taken back, or batch would not start again
    stderr = add("stderr", ENDED + r"exit code 0, but text on stderr: .*completed\. Careful now\..*" + NOT_ON)
    tool_of(stderr).faults.complains = "Careful now"
    lab.start()
    before = {name: running(machine) for name, machine in lab.estate.machines.items()}
    states = {name: state_of(lab.estate.machines[name]) for name in untouched}

    done = lab.run("enable")
    assert complaints(done, expected) == []
    for name, machine in lab.estate.machines.items():
        assert running(machine) == before[name], name
        assert mode_of(machine) is False
        assert machine.database.value("CONFIGURATIONMODE") == "0"
        assert machine.database.extended_property(PROPERTY) is None
        assert machine.host.processes.named(TOOL) == [], name
    assert {name: state_of(lab.estate.machines[name]) for name in untouched} == states
    assert "wr0ng" not in done.output

    # the reasons are mended, or there is another way: the next run does the work
    gone.variables["d365fo_method"] = "sql"
    some = {machine.name: machine for machine in (gone, crash, stderr)}
    for machine in some.values():
        tool_of(machine).faults = Faults()
    done = lab.run("enable", "-l", ",".join(some))
    assert done.code == 0, done.output
    assert [mode_of(machine) for machine in some.values()] == [True] * 3
    assert tool_of(gone).runs == []

    # and on the way back: the machines stay in maintenance mode, and the record says that it ends
    tool_of(crash).faults.crashes = "boom"
    tool_of(stderr).faults.complains = "Careful now"
    back = {
        "gone": "",
        "crash": r"Could not have the setup tool set maintenance mode disabled on crash.*boom",
        "stderr": r"text on stderr: .*Careful now",
    }
    still_on = {name: running(machine) for name, machine in some.items() if name != "gone"}
    done = lab.run("disable", "-l", ",".join(some))
    assert complaints(done, back) == []
    status = lab.run("status", "-l", ",".join(some))
    for name, states_then in still_on.items():
        assert (mode_of(some[name]), running(some[name])) == (True, states_then), name
        assert row(status, name)["mode"] == ("switching" if name == "stderr" else "maintenance")
        tool_of(some[name]).faults = Faults()
    runs = len(tool_of(stderr).runs)
    done = lab.run("disable", "-l", ",".join(some))
    assert done.code == 0, done.output
    assert len(tool_of(stderr).runs) == runs  # the variable is off already; the AOS had to take it over
    for name, machine in some.items():
        assert (mode_of(machine), running(machine)) == (False, before[name]), name
        assert machine.database.extended_property(PROPERTY) is None


def test_the_password_is_shown_nowhere_but_to_the_tool(lab: Lab) -> None:
    """The tool prints its arguments: as it works on, when it hangs, when it fails, when it succeeds."""
    machines = {name: add_vhd(lab, name) for name in ("works", "fails", "hangs")}
    for machine in machines.values():
        add_login(machine, CANARY)
        tool_of(machine).faults.prints_arguments = True
    tool_of(machines["works"]).seconds["maintenancemode"] = 650.0
    tool_of(machines["fails"]).faults.crashes = 'the password is "' + CANARY + '"'
    tool_of(machines["hangs"]).faults.hangs = True
    machines["hangs"].variables["d365fo_setup_tool_timeout"] = 6
    lab.start()
    done = lab.run("enable", "--diff", verbose=True)
    assert done.of("Run the setup tool", "works")["output"].startswith("Arguments: --metadatadir")
    assert "--sqlpwd ********" in done.of("Run the setup tool", "works")["output"]
    assert re.search(r"works: still busy to have .*, 5 s of 900 s: Arguments: ", done.output)
    given_up = "no end after 6 s, so the command was given up; last output: .*--sqlpwd [*]{8} --setupmode"
    assert re.search(given_up, message(done, "hangs"))
    assert "the password is" in message(done, "fails")
    for machine in machines.values():
        assert [run["sqlpwd"] for run in tool_of(machine).runs] == [CANARY] * len(tool_of(machine).runs)
        assert tool_of(machine).runs
    everything = "\n".join(
        [done.output, json.dumps(done.results, ensure_ascii=False)]
        + [line for machine in machines.values() for line in machine.winrm.commands]
        + [text for machine in machines.values() for text in machine.database.statements]
    )
    # the part between blanks is whole in every spelling
    for part in (CANARY, "C4nary", "%PATH% ^&|", "^^^&^|^<^>", "|<>!ö"):
        assert part not in everything, everything[max(0, everything.index(part) - 300) :][:600]


def test_cut_off_while_the_tool_runs(lab: Lab) -> None:
    """It goes on, as on Windows; the next run, whichever it is, finishes the work."""
    machines = {name: add_vhd(lab, name) for name in ("on", "off", "back")}
    lab.start()
    before = running(machines["on"])
    cut = re.escape(TOOL) + '" --metadatadir'
    for name in ("on", "off"):
        machines[name].winrm.faults.drop_in = cut
    done = lab.run("enable")
    assert mode_of(machines["back"]) is True
    machines["back"].winrm.faults.drop_in = cut
    back = lab.run("disable", "-l", "back")
    for name, found in (("on", done), ("off", done), ("back", back)):
        assert (found.recap[name]["unreachable"], found.recap[name]["failed"]) == (1, 0), found.output
        assert "The connection to " + name + " broke while trying to have the setup tool" in message(found, name)
        assert len(tool_of(machines[name]).runs) <= 2
    status = lab.run("status")
    assert [row(status, name)["mode"] for name in machines] == ["switching", "switching", "switching"]
    assert [machine.database.value("CONFIGURATIONMODE") for machine in machines.values()] == ["1", "1", "0"]
    runs = {name: len(tool_of(machine).runs) for name, machine in machines.items()}
    done = lab.run("enable", "-l", "on")
    assert done.code == 0, done.output
    assert mode_of(machines["on"]) is True
    done = lab.run("disable")
    assert done.code == 0, done.output
    assert {name: len(tool_of(machine).runs) - runs[name] for name, machine in machines.items()} == {
        "on": 1,
        "off": 1,
        "back": 0,
    }
    for machine in machines.values():
        assert (mode_of(machine), running(machine)) == (False, before)
        assert machine.database.extended_property(PROPERTY) is None


def test_the_module_by_itself(lab: Lab) -> None:
    """Its examples; encrypted settings; a database that is asked from elsewhere, by the role too."""
    machine = add_vhd(lab, "vhd01")
    hidden = lab.add("hidden", layout=Layout(kind="vhd", encrypted=True))
    odbc = lab.add("odbc", via="odbc", layout=Layout(kind="vhd"), d365fo_odbc_driver="FreeTDS")
    lab.start()
    module = "quiesce.maintenance.d365fo_setup_tool"
    examples = yaml.safe_load(importlib.import_module(f"{COLLECTION}.plugins.modules.d365fo_setup_tool").EXAMPLES)
    login = {"sql_login_user": "axdbadmin", "sql_login_password": machine.sql_password}
    tool_of(machine).seconds["sync"] = 1.0
    done = lab.task(
        *examples,
        {"name": "again", module: {"state": "enabled", **login}},
        {"name": "synchronised", module: {"state": "synchronized", **login}, "check_mode": True},
        {"name": "one word", module: {"state": "disabled", "arguments": {"verbose": True}, **login}},
        {"name": "no login", module: {"state": "enabled"}},
        {"name": "half a login", module: {"state": "enabled", "sql_login_user": "axdbadmin"}},
        {"name": "line break", module: {"state": "enabled", **login, "sql_login_password": "two\nlines"}},
        hosts="vhd01",
        vars={"vault_axdbadmin_password": machine.sql_password},
    )
    assert (mode_of(machine), tool_of(machine).syncs) == (True, 1), done.output
    again = done.of("again")
    assert (again["changed"], again["mode_before"], again["mode_after"]) == (False, "enabled", "enabled")
    assert done.of("synchronised")["changed"] is True
    assert done.of("one word")["changed"] is True
    assert [run["setupmode"] for run in tool_of(machine).runs] == ["maintenancemode", "sync", "maintenancemode"]
    assert tool_of(machine).runs[-1]["verbose"] == "true"
    assert "no value for --sqluser, --sqlpwd" in done.of("no login")["msg"]
    assert "only one of sql_login_user and sql_login_password" in done.of("half a login")["msg"]
    assert "the password holds a line break" in done.of("line break")["msg"]

    hidden.variables |= {
        "d365fo_sql_login_user": "axdbadmin",
        "d365fo_sql_login_password": hidden.sql_password,
        "d365fo_sql_server": "localhost",
        "d365fo_sql_database": "AxDB",
    }
    done = lab.run("enable", "-l", "hidden,odbc", d365fo_method="setup_tool")
    assert done.code == 0, done.output
    assert (mode_of(hidden), mode_of(odbc)) == (True, True)
    assert (tool_of(hidden).runs[0]["sqlserver"], tool_of(hidden).runs[0]["sqldatabase"]) == ("localhost", "AxDB")
    assert tool_of(odbc).runs[0]["sqlserver"] == "."
