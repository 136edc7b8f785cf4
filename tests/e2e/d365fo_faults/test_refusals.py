"""Dynamics 365: what must not be switched is refused before anything is touched, with the reason and the way out.

One run, shared with other files: each machine has another fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.estate import SQL_LOGIN, Machine
from lab.windows.machines import Layout, open_visual_studio, run_iis_express, vhd_layout
from lab.windows.programs import sqlcmd
from lab.windows.services import Service, StartType, State
from playbook.estate import BATCH, PROPERTY, REPORTER, Lab, aos_of, message, row
from playbook.three_runs import Part, Run, ThreeRuns

PUBLIC_CAS = "/etc/ssl/certs/ca-certificates.crt"
MANAGED = r"managed by Microsoft.*Power Platform admin center.*Lifecycle Services"
MANAGED_DATABASE = r"is a database that Microsoft manages.*d365fo_sql_server"


def nothing(_machine: Machine) -> None:
    """The fault is in the layout or in the variables."""


@dataclass(frozen=True)
class Case:
    """A machine with one fault: what is wrong with it before and after it is switched on, and what is said of it."""

    says: str
    layout: dict[str, Any] = field(default_factory=dict)
    via: str = "sqlcmd"
    before: Callable[[Machine], object] = nothing
    after: Callable[[Lab, Machine], object] = lambda _lab, _machine: None
    never: str = "!"  # what the message must not say, since it would lead a person astray


def login(machine: Machine) -> str:
    return f"{machine.host.name}\\{machine.account.name}"


def variables(**given: Any) -> Callable[[Machine], object]:
    return lambda machine: machine.variables.update(given)


def without_row(machine: Machine) -> None:
    machine.database.sqlite.execute("DELETE FROM `dbo.sqlsystemvariables` WHERE PARM = 'CONFIGURATIONMODE'")


def value(text: str | None) -> Callable[[Machine], object]:
    return lambda machine: machine.database.set_value("CONFIGURATIONMODE", text)


def record(text: str) -> Callable[[Machine], object]:
    return lambda machine: machine.database.set_extended_property(PROPERTY, text)


def disabled(name: str) -> Callable[[Lab, Machine], object]:
    """The service runs, and could not be started again."""

    def act(_lab: Lab, machine: Machine) -> None:
        machine.host.services[name].start_type = StartType.DISABLED

    return act


def dependent(on: str) -> Callable[[Machine], object]:
    return lambda machine: machine.host.services.add(Service("DepSvc", "Depends", dependencies=(on,)))


def paused(lab: Lab, machine: Machine) -> None:
    machine.host.services["W3SVC"].can_pause = True
    lab.service(machine, "W3SVC", State.PAUSED)


def unreadable_settings(machine: Machine) -> None:
    machine.host.before_boot.append(lambda: machine.host.files.delete(r"K:\AosService\WebRoot\web.config"))


def no_http(_lab: Lab, machine: Machine) -> None:
    aos_of(machine).faults.not_http = True


CASES = {
    # who manages it, and what is going on there
    "tier1": Case(MANAGED, layout={"kind": "tier1"}),
    "tier2": Case(MANAGED, layout={"kind": "tier2"}),
    "production": Case(MANAGED, layout={"kind": "production"}),
    "unheard-of": Case(MANAGED, layout={"host_name": "x.something.new.dynamics.com"}),
    "azure-sql": Case(MANAGED_DATABASE, layout={"db_server": "spartan-srv.database.windows.net"}),
    "azure-sql-option": Case(
        MANAGED_DATABASE,
        before=variables(d365fo_sql_server="Spartan.Database.Windows.NET,1433", d365fo_sql_database="AxDB"),
    ),
    "azure-sql-odbc": Case(
        MANAGED_DATABASE, via="odbc", before=variables(d365fo_sql_server="spartan-srv.database.windows.net")
    ),
    "visual-studio": Case(
        r"Visual Studio \(devenv\.exe\) is open.*Close it", after=lambda _lab, machine: open_visual_studio(machine.host)
    ),
    "iis-express": Case(
        r"IIS Express \(iisexpress\.exe\) is running.*Stop it",
        after=lambda _lab, machine: run_iis_express(machine.host),
    ),
    "not-elevated": Case(
        r"not an elevated administrator.*local Administrators",
        before=lambda machine: setattr(machine.account, "elevated", False),
    ),
    # services
    "no-iis": Case(
        r"no World Wide Web Publishing Service \(W3SVC\)",
        before=lambda machine: machine.host.services.remove("W3SVC"),
    ),
    "iis-disabled": Case(r"W3SVC is disabled.*enable the service", after=disabled("W3SVC")),
    "iis-paused": Case(r"W3SVC is paused.*[Cc]ontinue it", after=paused),
    "batch-disabled": Case(
        rf"{BATCH} is running but disabled.*start type.*d365fo_stop_background_services: false", after=disabled(BATCH)
    ),
    "dependent-disabled": Case(
        r"DepSvc is running but disabled.*start type", before=dependent(REPORTER), after=disabled("DepSvc")
    ),
    "iis-dependent-disabled": Case(
        r"DepSvc is running but disabled.*start type", before=dependent("W3SVC"), after=disabled("DepSvc")
    ),
    # the database
    "read-only": Case(
        r"may not write to database AxDB.*UPDATE on SQLSYSTEMVARIABLES.*ALTER on the database",
        before=lambda machine: machine.database.revoke(login(machine), "UPDATE", "INSERT", "DELETE", "ALTER"),
    ),
    "no-alter": Case(
        r"may not write to database AxDB.*ALTER on the database",
        before=lambda machine: machine.database.revoke(login(machine), "ALTER"),
    ),
    "blind": Case(
        r"permission.*\(error 229\).*SELECT",
        before=lambda machine: machine.database.revoke(login(machine), "db_owner"),
    ),
    "stranger": Case(
        r"login failed \(error 18456\).*d365fo_sql_login_user",
        before=lambda machine: machine.sql.logins.pop(login(machine).lower()),
    ),
    "wrong-password": Case(
        r"login failed \(error 18456\).*d365fo_sql_login_password",
        before=variables(d365fo_sql_login_user="axdbadmin", d365fo_sql_login_password="wr0ng"),
    ),
    "half-a-login": Case(
        r"Invalid d365fo_sql_login_password: it is missing", before=variables(d365fo_sql_login_user="axdbadmin")
    ),
    "no-database": Case(r"cannot open the database.*\(error 4060\).*d365fo_sql_database", layout={"database": "AxDB"}),
    "offline": Case(
        r"cannot open the database.*\(error 4060\).*state of the database",
        after=lambda _lab, machine: setattr(machine.database, "available", False),
    ),
    "other-database": Case(
        r"no table SQLSYSTEMVARIABLES \(error 208\).*d365fo_sql_database",
        before=variables(d365fo_sql_server=".", d365fo_sql_database="master"),
    ),
    "no-row": Case(r"no row CONFIGURATIONMODE.*d365fo_create_missing: true", before=without_row),
    "two-rows": Case(
        r"2 rows of it \(0, 0\).*Delete all but one",
        before=lambda machine: machine.database.insert("SQLSYSTEMVARIABLES", ("CONFIGURATIONMODE", "0", 20, None)),
    ),
    "value-x": Case(r"its value is \"x\", neither 0 nor 1.*set it to 0 or 1", before=value("x")),
    "value-2": Case(r"its value is \"2\", neither 0 nor 1", before=value("2")),
    "value-null": Case(r"neither 0 nor 1", before=value(None)),
    "other-version": Case(r"record of this version.*sp_dropextendedproperty", before=record('{"version": 99}')),
    "broken-record": Case(r"cannot be read.*sp_dropextendedproperty", before=record("not JSON")),
    "record-of-lies": Case(
        r"cannot be read.*sp_dropextendedproperty", before=record('{"version": 2, "windows": 7, "phase": []}')
    ),
    "no-sqlcmd": Case(
        r"sqlcmd\.exe is not on the search path.*d365fo_sqlcmd_path.*d365fo_via: odbc",
        before=lambda machine: machine.host.files.delete(sqlcmd.PATH),
    ),
    # the settings
    "no-settings": Case(r"web\.config was not found.*d365fo_sql_server", before=unreadable_settings),
    "encrypted": Case(
        r"DataAccess\.DbServer and DataAccess\.Database (is|are) encrypted.*d365fo_sql_server and d365fo_sql_database",
        layout={"encrypted": True},
    ),
    "no-server": Case(
        r"DataAccess\.DbServer is missing.*d365fo_sql_server", layout={"missing": ("DataAccess.DbServer",)}
    ),
    # the AOS
    "no-address": Case(
        r"The address of the AOS is not known \(Infrastructure\.HostUrl.*d365fo_url",
        layout={"missing": ("Infrastructure.HostUrl",)},
    ),
    "address-unresolvable": Case(
        r"nosuch\.invalid.*does not resolve.*d365fo_url\b",
        before=variables(d365fo_url="https://nosuch.invalid/"),
        never=r"authority's certificate",
    ),
    "address-closed": Case(
        r"127\.0\.0\.1:1/.*refused.*d365fo_url\b",
        before=variables(d365fo_url="https://127.0.0.1:1/"),
        never=r"authority's certificate",
    ),
    "address-untrusted": Case(
        r"certificate cannot be verified.*d365fo_url_ca_path", before=variables(d365fo_url_ca_path=PUBLIC_CAS)
    ),
    "untrusted-on-host": Case(
        r"from the host.*UNTRUSTED_ROOT|certificate.*not trusted", before=variables(d365fo_aos_from="host")
    ),
    "no-such-authority": Case(
        r"/nosuch/ca\.pem.*d365fo_url_ca_path|d365fo_url_ca_path.*/nosuch/ca\.pem",
        before=variables(d365fo_url_ca_path="/nosuch/ca.pem"),
    ),
    "no-http": Case(r"the answer is not HTTP.*d365fo_url\b", after=no_http, never=r"authority's certificate"),
    # the setup tool
    "no-tool": Case(
        r"setup tool was not found.*d365fo_setup_tool.*d365fo_method: sql",
        layout={"kind": "vhd", "tool_in_packages": False, "tool_in_web_root": False},
        before=lambda machine: machine.variables.update(
            d365fo_sql_login_user=SQL_LOGIN, d365fo_sql_login_password=machine.sql_password
        ),
    ),
    "tool-without-login": Case(
        r"not support integrated login.*d365fo_sql_login_user", before=variables(d365fo_method="setup_tool")
    ),
    # the connection
    "become": Case(
        r"become.*does not reach.*remove become",
        before=variables(ansible_become=True, ansible_become_user="x", ansible_become_method="ansible.builtin.runas"),
    ),
    "wrong-winrm-password": Case(r"credentials.*rejected", before=variables(ansible_password="wr0ng")),
}
SSH_CASES = {
    "ssh-with-sql-login": r"no safe place.*d365fo_sql_login|SQL login.*ssh|password.*ssh|ssh.*password",
    "ssh-with-setup-tool": r"ssh.*(password|setup tool)|(password|setup tool).*ssh|no safe place",
}


def add(lab: Lab) -> None:
    for name, case in CASES.items():
        # "How long to wait for the AOS": nobody waits for one that was never asked for anything.
        machine = lab.add(name, via=case.via, layout=Layout(**case.layout), d365fo_aos_timeout="30s")
        case.before(machine)
    for name in SSH_CASES:
        machine = lab.vhd(name, layout=Layout() if name == "ssh-with-sql-login" else vhd_layout())
        lab.by_ssh(machine, "cmd")
    lab.estate.machines["no-database"].variables |= {"d365fo_sql_server": ".", "d365fo_sql_database": "AxDW"}


def faults(lab: Lab) -> None:
    for name, case in CASES.items():
        case.after(lab, lab.estate.machines[name])


PART = Part(add, first=faults)


@pytest.mark.parametrize("name", [*CASES, *SSH_CASES])
def test_the_reason_and_the_way_out(first: Run, name: str) -> None:
    said = message(first.done, name)
    case = CASES.get(name)
    assert re.search(SSH_CASES[name] if case is None else case.says, said), said
    assert case is None or not re.search(case.never, said), said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", [*CASES, *SSH_CASES])
def test_nothing_was_touched(first: Run, three_runs: ThreeRuns, name: str) -> None:
    assert first.after[name].state == first.before[name].state
    assert first.done.recap[name]["changed"] == 0
    assert not [batch for batch in three_runs.lab.estate.machines[name].database.statements if "TRANSACTION" in batch]


def test_the_table_says_why(first: Run) -> None:
    """Who missed the message finds the reason in the table at the end."""
    told = {name: row(first.done, name)["notes"] for name in CASES if name not in ("wrong-winrm-password", "become")}
    assert [name for name, notes in told.items() if not notes] == []


def test_no_password_in_the_refusals(first: Run) -> None:
    assert "wr0ng" not in first.done.output
