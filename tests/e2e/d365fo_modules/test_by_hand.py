"""Dynamics 365: the modules that are safe by themselves, chained by hand: each checks, does, and does nothing twice;
and none of them works while the whole switch is in use.

One run, shared with other files, over some machines, each with tasks of its own.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from lab.estate import SQL_LOGIN
from lab.windows.machines import DMF, Layout
from lab.windows.services import Service
from playbook.estate import BATCH, REPORTER, Lab, modes_of, record_of, runs_of
from playbook.one_run import OneRun, Part

NAME = "quiesce.maintenance.d365fo_"
COMMENTED = (
    '    <!-- <add key="DataAccess.Database" value="OLDDB" /> <add key="DataAccess.DbServer" value="old" /> -->\n'
    '    <!--\n    <add key="DataAccess.Database" value="OLDERDB" />\n    -->'
)
Tasks = list[dict[str, Any]]


def task(name: str, module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
    return {"name": name, f"{NAME}{module}": options, **({"check_mode": True, "diff": True} if check else {})}


def services(name: str, *names: str, state: str, check: bool = False) -> dict[str, Any]:
    return task(name, "services", check=check, names=list(names), state=state)


TASKS: dict[str, Tasks] = {
    "services": [
        services("missing", "W3SVC", "NoSuchSvc", state="restarted"),
        services("display name", 'Batch" & del', state="stopped"),
        services("runs already", REPORTER, BATCH, state="started"),
        services("checked", REPORTER, "W3SVC", state="stopped", check=True),
        services("restarted", REPORTER, state="restarted"),
        services("stopped", REPORTER, state="stopped"),
        services("stopped again", REPORTER, state="stopped"),
        services("started", REPORTER, DMF, state="started"),
    ],
    "variable": [
        task("checked", "configuration_mode", check=True, state="enabled"),
        task("on", "configuration_mode", state="enabled"),
        task("on again", "configuration_mode", state="enabled"),
        task("off", "configuration_mode", state="disabled"),
    ],
    "no-row": [
        task("refused", "configuration_mode", state="enabled"),
        task("checked", "configuration_mode", check=True, state="enabled", create_missing=True),
        task("inserted", "configuration_mode", state="enabled", create_missing=True),
    ],
    "tool": [
        task("checked", "setup_tool", check=True, state="enabled"),
        task("sync checked", "database_sync", check=True),
        task("on", "setup_tool", state="enabled"),
        task("on again", "setup_tool", state="enabled"),
    ],
    "in-use": [
        task("the whole switch", "maintenance_mode", state="enabled"),
        task("variable", "configuration_mode", state="disabled"),
        task("tool", "setup_tool", state="disabled"),
    ],
    "commented": [task("facts", "info"), task("switched", "maintenance_mode", state="enabled")],
    "only-a-database": [
        {**task("facts", "info"), "vars": {"d365fo_sql_database": "AxDB"}},
        {**task("status", "maintenance_mode_info"), "vars": {"d365fo_sql_database": "AxDB"}},
    ],
    "only-a-server": [
        {**task("facts", "info"), "vars": {"d365fo_sql_server": "."}},
        {**task("switched", "maintenance_mode", state="enabled"), "vars": {"d365fo_sql_server": "."}},
    ],
    "become": [
        {
            **task(module, module, **options),
            "become": True,
            "become_method": "ansible.builtin.runas",
            "become_user": "x",
        }
        for module, options in (
            ("info", {}),
            ("maintenance_mode_info", {}),
            ("services", {"names": [BATCH], "state": "stopped"}),
            ("configuration_mode", {"state": "enabled"}),
            ("setup_tool", {"state": "enabled"}),
            ("database_sync", {}),
            ("maintenance_script", {"state": "enabled", "script": r"C:\x\Set-MaintenanceMode.ps1"}),
        )
    ],
    "cluster": [
        task("checked", "maintenance_script", check=True, state="enabled"),
        task("on", "maintenance_script", state="enabled"),
        task("on again", "maintenance_script", state="enabled"),
        task("status", "maintenance_mode_info"),
    ],
}


def add(lab: Lab) -> None:
    for name in TASKS:
        if name == "cluster":
            lab.cluster(name, nodes=2)
        elif name == "commented":
            lab.add(name, layout=Layout(comments=COMMENTED))
        else:
            machine = lab.add(name)
            if name in ("tool", "in-use"):
                machine.variables |= {
                    "d365fo_method": "sql",
                    "d365fo_sql_login_user": SQL_LOGIN,
                    "d365fo_sql_login_password": machine.sql_password,
                }
    machines = lab.estate.machines
    depends = Service("DepSvc", "Depends", dependencies=(REPORTER,), start_seconds=0.2, stop_seconds=0.2)
    machines["services"].host.services.add(depends)
    machines["no-row"].database.sqlite.execute("DELETE FROM `dbo.sqlsystemvariables` WHERE PARM = 'CONFIGURATIONMODE'")


def plays(_lab: Lab) -> list[dict[str, Any]]:
    return [{"hosts": name, "tasks": tasks} for name, tasks in TASKS.items()]


PART = Part(add, plays)


def of(one_run: OneRun, host: str, name: str) -> dict[str, Any]:
    return one_run.done.of(name, host)


def test_services_that_make_no_sense_are_refused(one_run: OneRun) -> None:
    assert re.search(r"NoSuchSvc.*\(1060\)", of(one_run, "services", "missing")["msg"])
    assert "service name" in of(one_run, "services", "display name")["msg"]
    machine = one_run.lab.estate.machines["services"]
    assert machine.host.services["W3SVC"].stops == 0, "one is missing: none is touched"


def test_services(one_run: OneRun) -> None:
    outcomes = {name: of(one_run, "services", name) for name in ("runs already", "stopped", "stopped again", "started")}
    assert {name: outcome["changed"] for name, outcome in outcomes.items()} == {
        "runs already": False,
        "stopped": True,
        "stopped again": False,
        "started": True,
    }
    checked = of(one_run, "services", "checked")
    assert (checked["changed"], checked["before"] == checked["after"]) == (True, True)
    assert checked["diff"]["before"] != checked["diff"]["after"]
    stopped = of(one_run, "services", "stopped")
    assert (stopped["before"][REPORTER]["state"], stopped["after"][REPORTER]["state"]) == ("running", "stopped")


def test_what_depends_on_a_service_is_started_again_on_a_restart(one_run: OneRun) -> None:
    """What depends on it is stopped before it, each time; a plain start starts what it names."""
    assert of(one_run, "services", "restarted")["changed"]
    depends = one_run.lab.estate.machines["services"].host.services["DepSvc"]
    assert (depends.stops, depends.starts, depends.state.name) == (2, 2, "STOPPED")


def test_the_variable(one_run: OneRun) -> None:
    outcomes = [of(one_run, "variable", name) for name in ("checked", "on", "on again", "off")]
    assert [each["changed"] for each in outcomes] == [True, True, False, True]
    assert [(each["mode_before"], each["mode_after"]) for each in outcomes] == [
        ("disabled", "enabled"),
        ("disabled", "enabled"),
        ("enabled", "enabled"),
        ("enabled", "disabled"),
    ]
    assert [each["restart_required"] for each in outcomes] == [True, True, False, True]
    assert outcomes[0]["diff"] == outcomes[1]["diff"] or "diff" not in outcomes[1]
    assert record_of(one_run.lab.systems["variable"]) is None


def test_a_missing_row(one_run: OneRun) -> None:
    assert "create_missing: true" in of(one_run, "no-row", "refused")["msg"]
    assert of(one_run, "no-row", "checked")["mode_before"] == "missing"
    assert of(one_run, "no-row", "inserted")["mode_after"] == "enabled"
    rows = one_run.lab.estate.machines["no-row"].database.rows("SQLSYSTEMVARIABLES")
    assert ("CONFIGURATIONMODE", "1", 20, None) in rows


def test_the_setup_tool(one_run: OneRun) -> None:
    outcomes = [of(one_run, "tool", name) for name in ("checked", "on", "on again")]
    assert [each["changed"] for each in outcomes] == [True, True, False]
    assert of(one_run, "tool", "sync checked")["changed"]
    assert [run["setupmode"] for run in runs_of(one_run.lab.systems["tool"])] == ["maintenancemode"]
    assert "completed" in outcomes[1]["output"]


@pytest.mark.parametrize("name", ["variable", "tool"])
def test_none_works_while_the_whole_switch_is_in_use(one_run: OneRun, name: str) -> None:
    refused = of(one_run, "in-use", name)
    assert refused["failed"]
    assert re.search(r"d365fo_maintenance_mode|window|in use", refused["msg"]), refused["msg"]
    assert modes_of(one_run.lab.systems["in-use"]) == {True}
    assert one_run.lab.estate.machines["in-use"].database.value("CONFIGURATIONMODE") == "1"


def test_the_script(one_run: OneRun) -> None:
    outcomes = [of(one_run, "cluster", name) for name in ("checked", "on", "on again")]
    assert [each["changed"] for each in outcomes] == [True, True, False]
    assert len(runs_of(one_run.lab.systems["cluster"])) == 1
    nodes = [{"name": f"CLUSTER-0{number}", "type": "AOSNodeType"} for number in (1, 2)]
    assert outcomes[1]["template"] == {"database": "AXDB", "sql_server": "sql-ls", "aos_nodes": nodes}


def test_each_aos_instance_is_shown(one_run: OneRun) -> None:
    shown = of(one_run, "cluster", "status")
    assert shown["cluster"]["expected"] == 2
    assert {each["node"] for each in shown["cluster"]["instances"]} == {"CLUSTER-01", "CLUSTER-02"}
    assert (shown["environment_kind"], shown["computer"], shown["method"]) == ("on_premises", None, "script")


def test_a_setting_that_is_commented_out_is_none(one_run: OneRun) -> None:
    facts = of(one_run, "commented", "facts")
    assert (facts["settings"]["DataAccess.Database"], facts["settings"]["DataAccess.DbServer"]) == ("AxDB", ".")
    assert facts["configuration_mode"]["mode"] == "disabled"
    assert not of(one_run, "commented", "switched")["failed"]


@pytest.mark.parametrize(
    ("host", "name"), [(host, each["name"]) for host in ("only-a-database", "only-a-server") for each in TASKS[host]]
)
def test_one_of_server_and_database_may_be_given(one_run: OneRun, host: str, name: str) -> None:
    """The other one is what web.config says."""
    result = of(one_run, host, name)
    assert not result["failed"], result["msg"]
    if name != "switched":
        assert result["configuration_mode"]["database"] == "AxDB"


@pytest.mark.parametrize("module", [each["name"] for each in TASKS["become"]])
def test_become_is_refused(one_run: OneRun, module: str) -> None:
    result = of(one_run, "become", module)
    assert result["failed"]
    assert "become" in result["msg"]
    assert one_run.after["become"].services == one_run.before["become"].services
