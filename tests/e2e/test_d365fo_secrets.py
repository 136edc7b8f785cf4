"""Dynamics 365: passwords as canaries, searched for in everything that is printed or left behind; and the examples."""

from __future__ import annotations

import base64
import importlib
import json
import urllib.parse
from typing import Any

import yaml
from ansible_collections.quiesce.maintenance.plugins.filter import moment as moment_filter

from lab.estate import Machine
from lab.windows.machines import vhd_layout
from playbook.estate import Lab, aos_of, message, mode_of, running

COLLECTION = "ansible_collections.quiesce.maintenance"


def spellings(secret: str) -> set[str]:
    """A secret as it is and as it could stand in a log: base64 (also PowerShell's), hexadecimal, percent-encoded."""
    raw, wide = secret.encode(), secret.encode("utf-16-le")
    return {
        secret,
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(wide).decode().rstrip("="),
        raw.hex(),
        urllib.parse.quote(secret),
        json.dumps(secret)[1:-1],
    }


def left_behind(machine: Machine) -> str:
    """Everything that the lab's machine remembers of a run, but the environment of its shells."""
    return "\n".join(
        [
            *machine.winrm.commands,
            *machine.host.processes_started,
            *machine.database.statements,
            *(event.text for event in machine.host.events),
            str(machine.sql.logins_seen),
        ]
    )


def test_no_password_is_ever_shown(lab: Lab) -> None:
    wrong = 'C4n4ry "§%{x}'
    by_sqlcmd = lab.add("sqlcmd01")
    by_sqlcmd.variables |= {
        "d365fo_sql_login_user": "axdbadmin",
        "d365fo_sql_login_password": by_sqlcmd.sql_password,
    }
    by_odbc = lab.add("odbc01", via="odbc", transport="ntlm")
    refused = [lab.add("refused01"), lab.add("refused02", via="odbc")]
    for machine in refused:
        machine.variables |= {"d365fo_sql_login_user": "axdbadmin", "d365fo_sql_login_password": wrong}
    broken = lab.add("broken01")
    broken.variables |= {"d365fo_sql_login_user": "axdbadmin", "d365fo_sql_login_password": broken.sql_password}
    broken.winrm.faults.drop_in = "UPDATE dbo"
    locked_out = lab.add("lockedout01")
    locked_out.variables["ansible_password"] = wrong
    lab.start()
    done = lab.run("enable", "--diff", verbose=True)
    assert (mode_of(by_sqlcmd), mode_of(by_odbc)) == (True, True), done.output[-3000:]
    assert ("axdbadmin", "AxDB", True) in by_sqlcmd.sql.logins_seen
    assert "18456" in message(done, "refused01")
    assert "18456" in message(done, "refused02")
    assert done.recap["broken01"]["unreachable"] == done.recap["lockedout01"]["unreachable"] == 1

    again = lab.task(
        {"name": "Look", "quiesce.maintenance.d365fo_info": {}},
        {"name": "Show", "ansible.builtin.debug": {"var": "ansible_play_name"}},
        hosts="sqlcmd01",
        arguments=["-vvvvv"],
    )
    assert again.of("Look", "sqlcmd01")["settings"]["DataAccess.SqlUser"] == "axdbadmin"
    secrets = {wrong}
    for machine in lab.estate.machines.values():
        secrets |= {machine.sql_password, machine.account.password}
    everything = "\n".join(
        [
            done.output,
            again.output,
            json.dumps(done.results),
            json.dumps(again.results),
            *(left_behind(machine) for machine in lab.estate.machines.values()),
        ]
    )
    assert [text for secret in secrets for text in spellings(secret) if text in everything] == []


def test_the_examples_run(lab: Lab) -> None:
    """Every example of the documentation, with the names of its systems replaced by those of the lab."""
    machine = lab.add("dev01", layout=vhd_layout())
    lab.start()
    before = running(machine)
    names = {
        "sql01.example.com": machine.host.address,
        "https://dev01.cloud.onebox.dynamics.com/": aos_of(machine).url,
    }
    modules = (
        "d365fo_info",
        "d365fo_configuration_mode_info",
        "d365fo_configuration_mode",
        "d365fo_services",
        "d365fo_aos_wait",
        "status_table",
    )
    tasks: list[dict[str, Any]] = []
    count = 0
    texts = [
        importlib.import_module(f"ansible_collections.quiesce.maintenance.plugins.modules.{name}").EXAMPLES
        for name in modules
    ]
    for text in [*texts, moment_filter.EXAMPLES]:
        for name, in_lab in names.items():
            text = text.replace(name, in_lab)
        # a cluster has examples, and tests, of its own
        examples = [task for task in yaml.safe_load(text) if "cluster_url" not in str(task)]
        assert examples
        tasks += examples
        count += len(examples)
    odbc = {"sql_port": machine.tds.port, "sql_ca_path": str(lab.estate.authority.ca_file)}
    done = lab.task(
        *tasks,
        ignore_errors=False,
        vars={"vault_axdbadmin_password": machine.sql_password},
        module_defaults={
            "quiesce.maintenance.d365fo_configuration_mode_info": odbc,
            "quiesce.maintenance.d365fo_configuration_mode": odbc,
            "quiesce.maintenance.d365fo_aos_wait": {"ca_path": odbc["sql_ca_path"], "interval": 1},
        },
    )
    assert done.code == 0, done.output
    assert done.recap["dev01"]["ok"] == count, done.output
    assert mode_of(machine) is True
    assert "disabled by nobody" in done.output
    assert "2026-11-24T23:00:00Z" in done.output
    # what the examples left: two background services stopped
    changed = {name for name, state in running(machine).items() if state != before[name]}
    assert changed == {"DynamicsAxBatch", "MR2012ProcessService"}
