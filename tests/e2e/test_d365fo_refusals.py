"""Dynamics 365: everything that is refused before anything is touched, and what SQL Server's errors are called.

Many machines, each with another fault, in one run.
"""

from __future__ import annotations

import re
from typing import Any

from lab.estate import Machine
from lab.windows.machines import Layout, open_visual_studio
from lab.windows.programs import sqlcmd
from lab.windows.services import StartType
from playbook.estate import PROPERTY, Lab, message, state_of

ROW = ("CONFIGURATIONMODE", "0", 20, None)


def said(pattern: str, text: str) -> None:
    assert re.search(pattern, text), f"{pattern!r} not in: {text}"


def delete_row(machine: Machine) -> None:
    machine.database.sqlite.execute("DELETE FROM `dbo.sqlsystemvariables` WHERE PARM = 'CONFIGURATIONMODE'")


def windows_login(machine: Machine) -> str:
    return f"{machine.host.name}\\{machine.account.name}"


def test_refused_before_anything_is_touched(lab: Lab) -> None:
    expected: dict[str, str] = {}

    def add(name: str, pattern: str, **more: Any) -> Machine:
        expected[name] = pattern
        return lab.add(name, **more)

    add("tier1", r"managed by Microsoft.*Power Platform.*Lifecycle Services", layout=Layout(kind="tier1"))
    add("tier2", r"uat\.sandbox\.operations\.eu\.dynamics\.com is managed by Microsoft", layout=Layout(kind="tier2"))
    studio = add("studio", r"Visual Studio \(devenv\.exe\) is open.*Close it")
    add("limited", r"not an elevated administrator").account.elevated = False
    no_iis = add("noiis", r"no World Wide Web Publishing Service \(W3SVC\).*IIS Express")
    no_iis.host.services.remove("W3SVC")
    add("iisoff", r"W3SVC is disabled").host.services["W3SVC"].start_type = StartType.DISABLED
    denied = add("readonly", r"may not write in database AxDB.*ALTER on the database")
    denied.database.revoke(windows_login(denied), "UPDATE", "INSERT", "DELETE", "ALTER")
    blind = add("blind", r"permission \(error 229\).*Grant it SELECT")
    blind.database.revoke(windows_login(blind), "db_owner")
    stranger = add("stranger", r"login failed \(error 18456\)")
    del stranger.sql.logins[windows_login(stranger).lower()]
    add(
        "badlogin",
        r"login failed \(error 18456\)",
        d365fo_sql_login_user="axdbadmin",
        d365fo_sql_login_password="wr0ng",
    )
    add("nodb", r"database can't be opened.*\(error 4060\).*Check sql_database", d365fo_sql_database="AxDW")
    offline = add("offline", r"database can't be opened.*\(error 4060\)")
    offline.database.available = False
    other = add("otherdb", r"no table SQLSYSTEMVARIABLES \(error 208\).*not an AXDB", d365fo_sql_database="master")
    assert other.sql.databases["master"]
    missing = add("norow", r"no row CONFIGURATIONMODE.*create_missing: true")
    delete_row(missing)
    add("tworows", r"2 rows of it \(0, 0\).*Delete all but one").database.insert("SQLSYSTEMVARIABLES", ROW)
    add("strange", r"its value is 'x', neither 0 nor 1").database.set_value("CONFIGURATIONMODE", "x")
    record = add("newer", r"does not hold a record of this version.*sp_dropextendedproperty")
    record.database.set_extended_property(PROPERTY, '{"version": 2}')
    tool = add("nosqlcmd", r"no sqlcmd\.exe on its path.*sqlcmd_path")
    tool.host.files.delete(sqlcmd.PATH)
    config = add("noconfig", r"web\.config was not found")
    config.host.before_boot.append(lambda: config.host.files.delete(r"K:\AosService\WebRoot\web.config"))
    add(
        "encrypted",
        r"DataAccess\.DbServer and DataAccess\.Database encrypted; give sql_server",
        layout=Layout(encrypted=True),
    )
    add("nosettings", r"does not name both", layout=Layout(missing=("DataAccess.DbServer",)))
    add("nourl", r"Infrastructure\.HostUrl.*d365fo_url", layout=Layout(missing=("Infrastructure.HostUrl",)))
    add("badend", r"'tomorrow' is neither a time.*nor a duration", d365fo_expires="tomorrow")
    add("toolong", r"2500 is the most.*Shorten reason", d365fo_reason="x" * 2600)
    add("nowinrm", r"(?i)credentials|unauthorized|401").variables["ansible_password"] = "wr0ng"
    add(
        "become",
        r"use become.*does not reach",
        ansible_become=True,
        ansible_become_user="x",
        ansible_become_method="ansible.builtin.runas",
    )
    lab.start()
    open_visual_studio(studio.host)
    before = {name: state_of(machine) for name, machine in lab.estate.machines.items() if name != "norow"}

    done = lab.run("enable")
    problems = []
    for name, pattern in expected.items():
        found = message(done, name)
        if not re.search(pattern, found):
            problems.append(f"{name}: {pattern!r} not in: {found}")
        if done.recap[name]["changed"]:
            problems.append(f"{name} changed")
        if name in before and state_of(lab.estate.machines[name]) != before[name]:
            problems.append(f"{name} was touched")
        if lab.estate.machines[name].database.extended_property(PROPERTY) not in (None, '{"version": 2}'):
            problems.append(f"{name} has a record")
    assert problems == []
    assert done.recap["nowinrm"]["unreachable"] == 1
    assert "wr0ng" not in done.output
