"""Dynamics 365 on-premises: what is refused, what goes wrong with script, nodes and AOS instances, and how it goes on.

Three runs, shared with other files: with the faults; without them, each environment on or back; all back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.estate import SQL_LOGIN, Environment
from lab.servicefabric import Instance
from lab.windows.programs import sqlcmd
from lab.windows.programs.maintenance_script import Faults
from playbook.estate import (
    Lab,
    failed,
    message,
    row,
)
from playbook.three_runs import REASON, Part, Run, ThreeRuns

Act = Callable[[Lab, Environment], object]
SCRIPT = r"C:\\infrastructure\\scripts\\Set-MaintenanceMode\.ps1"
CLUSTER_URL = ("d365fo_cluster_url", "d365fo_cluster_client_cert", "d365fo_cluster_client_key")


def nothing(_lab: Lab, _environment: Environment) -> None:
    """No fault, or one that needs no mending."""


@dataclass(frozen=True)
class Case:
    """An environment with one fault, what is said of it (nothing: it works all the same), and what is left.

    "normal", "set": the variable is on and the AOS are not all seen with it, "halfway": the next look will tell.
    """

    says: str = ""
    left: str = "normal"
    then: str = "enabled"
    nodes: int = 1
    variables: dict[str, Any] = field(default_factory=dict)
    before: Act = nothing
    fault: Act = nothing
    mend: Act = nothing


def variables(**given: Any) -> Act:
    return lambda _lab, environment: environment.variables.update(given)


def without(*names: str) -> Act:
    return lambda _lab, environment: [environment.variables.pop(name) for name in names]


def both(*acts: Act) -> Act:
    return lambda lab, environment: [act(lab, environment) for act in acts]


def script(**faults: Any) -> Act:
    """Faults of the script; a node among them is given by its number."""

    def act(_lab: Lab, environment: Environment) -> None:
        environment.onprem.script.faults = Faults(**faults)

    return act


def script_loses(number: int) -> Act:
    def act(_lab: Lab, environment: Environment) -> None:
        environment.onprem.script.faults = Faults(loses_node=f"{environment.name}-{number:02}".upper())

    return act


def node_back(number: int) -> Act:
    def act(lab: Lab, environment: Environment) -> None:
        environment.onprem.script.faults = Faults()
        lab.loop.run(environment.onprem.cluster.bring_node_back(f"{environment.name}-{number:02}".upper()))

    return act


def unreachable(*numbers: int, refuse: bool = True) -> Act:
    def act(_lab: Lab, environment: Environment) -> None:
        for number in numbers:
            environment.winrm[f"{environment.name}-{number:02}"].faults.refuse_connections = refuse

    return act


def instances(environment: Environment) -> list[Instance]:
    return list(environment.onprem.cluster.instances.values())


def instance_fault(name: str, value: Any) -> Act:
    return lambda _lab, environment: setattr(instances(environment)[-1].faults, name, value)


def delete(path: str) -> Act:
    def act(_lab: Lab, environment: Environment) -> None:
        for host in environment.onprem.hosts.values():
            host.files.delete(path if path == sqlcmd.PATH else getattr(environment.onprem, path))

    return act


def template(text: str) -> Act:
    return lambda _lab, environment: environment.onprem.write_template(text)


def other_database(_lab: Lab, environment: Environment) -> None:
    environment.onprem.template.database = "AXTEST"
    environment.onprem.write_template()


def on_share(_lab: Lab, environment: Environment) -> None:
    environment.onprem.share_scripts()
    environment.variables["d365fo_script"] = environment.onprem.script_path


def policy(name: str) -> Act:
    def act(_lab: Lab, environment: Environment) -> None:
        for host in environment.onprem.hosts.values():
            host.execution_policy = name

    return act


def by_odbc(lab: Lab, environment: Environment) -> None:
    """The database is reached from the controller; the nodes have no sqlcmd.exe."""
    delete(sqlcmd.PATH)(lab, environment)
    environment.variables |= {
        "d365fo_via": "odbc",
        "d365fo_sql_server": environment.tds.address,
        "d365fo_sql_port": environment.tds.port,
        "d365fo_sql_login_user": SQL_LOGIN,
        "d365fo_sql_login_password": environment.sql_password,
        "d365fo_sql_ca_path": str(lab.estate.authority.ca_file),
    }


def stranger(lab: Lab, environment: Environment) -> None:
    certificate, key = lab.estate.authority.client("stranger")
    environment.variables |= {
        "d365fo_cluster_client_cert": str(certificate),
        "d365fo_cluster_client_key": str(key),
    }


IMPATIENT = variables(d365fo_aos_timeout="3s")
PATIENT = variables(d365fo_aos_timeout="60s")
NOBODY = "https://127.0.0.1:1"

REFUSED = {
    "no-script": Case(rf"{SCRIPT}.*2\.18\.2 or later", before=delete("script_path")),
    "no-template": Case(r"ConfigTemplate\.xml.*d365fo_template|d365fo_template", before=delete("template_path")),
    "broken-template": Case(r"ConfigTemplate\.xml.*not XML", before=template("<Config>")),
    "share": Case(r"double hop.*CredSSP.*copy the scripts", before=on_share),
    "double-hop": Case(
        r"double hop.*CredSSP", before=lambda _lab, environment: environment.onprem.allow_delegation(False)
    ),
    "template-database": Case(r"cannot open the database.*\(error 4060\)", before=other_database),
    "node-not-elevated": Case(
        r"not an elevated administrator",
        before=lambda _lab, environment: setattr(environment.account, "elevated", False),
    ),
    "no-consent": Case(r"restarts all AOS.*d365fo_restart_consent", variables={"d365fo_confirm_restart": True}),
    "no-consent-as-text": Case(
        r"restarts all AOS.*d365fo_restart_consent",
        variables={"d365fo_confirm_restart": "yes", "d365fo_restart_consent": "false"},
    ),
    "cluster-stranger": Case(r"HTTP 403.*client certificate", before=stranger),
    "nobody-to-ask": Case(
        r"127\.0\.0\.1:1.*refuse", variables={"d365fo_cluster_url": NOBODY}, before=without("d365fo_url")
    ),
    "cluster-no-address": Case(
        r"The address of the AOS is not known.*d365fo_cluster_url", before=without("d365fo_url", *CLUSTER_URL)
    ),
    "dead": Case(r"\S", nodes=2, before=unreachable(1, 2)),
}
CASES = {
    # the script
    "policy": Case(
        r"policy does not allow.*d365fo_execution_policy",
        before=policy("Restricted"),
        mend=variables(d365fo_execution_policy="Bypass"),
    ),
    "throws": Case(r"exit code 1.*boom", fault=script(throws="boom"), mend=script()),
    "throws-and-back": Case(r"exit code 1.*boom", fault=script(throws="boom"), mend=script(), then="disabled"),
    "script-crashes": Case(r"unhandled \.NET exception.*boom", fault=script(crashes="boom"), mend=script()),
    "hangs": Case(
        r"timed out after 2 s",
        variables={"d365fo_script_timeout": "2s"},
        fault=script(hangs=True),
        mend=both(script(), variables(d365fo_script_timeout="1h")),
    ),
    "does-nothing": Case(r"CONFIGURATIONMODE is disabled", fault=script(does_nothing=True), mend=script()),
    "odbc-does-nothing": Case(
        r"CONFIGURATIONMODE is disabled", before=by_odbc, fault=script(does_nothing=True), mend=script()
    ),
    "complains": Case(r"text on stderr.*careful", left="halfway", fault=script(complains="careful"), mend=script()),
    "restarts-nothing": Case(
        r"exit code 1.*boom", left="halfway", fault=script(throws_before_restart="boom"), mend=script()
    ),
    "restarts-nothing-and-back": Case(
        r"exit code 1.*boom", left="halfway", fault=script(throws_before_restart="boom"), mend=script(), then="disabled"
    ),
    "writes-nothing": Case(
        r"CONFIGURATIONMODE is disabled", fault=script(writes_nothing=True), mend=script(), then="disabled"
    ),
    # nodes and AOS instances
    "aos-down": Case(
        r"1 of 2 ready; AOS-DOWN-02.*Down.*State now: maintenance mode is set",
        left="set",
        nodes=2,
        fault=both(IMPATIENT, instance_fault("stays_down", True)),
        mend=both(PATIENT, instance_fault("stays_down", False)),
    ),
    "aos-sick": Case(
        r"AOS-SICK-01.*State now: maintenance mode is set",
        left="set",
        fault=both(IMPATIENT, instance_fault("unhealthy", True)),
        mend=both(PATIENT, instance_fault("unhealthy", False)),
    ),
    "node-lost": Case(
        r"2 of 3 ready; NODE-LOST-03: the node is Down.*State now: maintenance mode is set",
        left="set",
        nodes=3,
        fault=both(IMPATIENT, script_loses(3)),
        mend=both(PATIENT, node_back(3)),
        then="disabled",
    ),
    "speaker-lost": Case(
        r"[Rr]un again",
        left="halfway",
        nodes=2,
        fault=both(IMPATIENT, script_loses(1)),
        mend=both(PATIENT, node_back(1), variables(d365fo_take_over=True)),
    ),
    "first-node-dead": Case(nodes=2, before=unreachable(1)),
    "first-node-dead-exec": Case(nodes=2, variables={"d365fo_run_by": "exec_command"}, before=unreachable(1)),
    "gateway-dead": Case(nodes=2, variables={"d365fo_cluster_url": NOBODY}),
    "url-only": Case(before=without(*CLUSTER_URL)),
    "late": Case(nodes=2, fault=instance_fault("extra_build", 300.0)),
    "consented": Case(variables={"d365fo_confirm_restart": True, "d365fo_restart_consent": "true"}),
    "cluster-unwaited": Case(variables={"d365fo_wait_for_aos": False}),
}
ALL = {**REFUSED, **CASES}
FAILING = [name for name, case in CASES.items() if case.says]
WORKING = [name for name, case in CASES.items() if not case.says]
# the script ended before it restarted anything
NO_RESTART = ["policy", "throws", "script-crashes", "hangs", "does-nothing", "restarts-nothing"]


def add(lab: Lab) -> None:
    for name, case in ALL.items():
        case.before(lab, lab.cluster(name, nodes=case.nodes, **case.variables))


def faults(lab: Lab) -> None:
    for name, case in ALL.items():
        case.fault(lab, lab.estate.environments[name])


def mended(lab: Lab) -> dict[str, str]:
    """The faults are gone; each environment goes on, or back."""
    for name, case in CASES.items():
        case.mend(lab, lab.estate.environments[name])
    lab.estate.environments["url-only"].variables["d365fo_sync"] = True
    return {**{name: CASES[name].then for name in FAILING}, "url-only": "disabled"}


def all_back(lab: Lab) -> dict[str, str]:
    del lab.estate.environments["url-only"].variables["d365fo_sync"]
    return dict.fromkeys(CASES, "disabled")


PART = Part(add, first=faults, second=mended, third=all_back)


@pytest.mark.parametrize("name", [*REFUSED, *FAILING])
def test_it_fails_and_says_why(first: Run, name: str) -> None:
    said = message(first.done, name)
    assert re.search(ALL[name].says, said, re.DOTALL), said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_not_touched(first: Run, name: str) -> None:
    assert first.after[name].state == first.before[name].state


@pytest.mark.parametrize("name", WORKING)
def test_it_works_all_the_same(first: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert len(first.after[name].state["runs"]) == 1
    if name != "cluster-unwaited":
        assert first.after[name].modes == {True}
        assert row(first.done, name)["verified"] is True


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left == "normal"])
def test_what_the_script_did_not_do_is_not_claimed(first: Run, name: str) -> None:
    before, after = first.before[name].state, first.after[name].state
    assert (after["rows"], after["services"]) == (before["rows"], before["services"])
    said = message(first.done, name)
    assert re.search(r"was not turned on|is not set|is not known", said), said
    record = first.after[name].record
    assert record is None or record["phase"] == "prepared"
    assert row(first.done, name)["mode"] in ("normal", "changing")


@pytest.mark.parametrize("name", NO_RESTART)
def test_no_restart_is_claimed_that_nobody_saw(first: Run, name: str) -> None:
    """Nothing is known of it: the script did not get so far, or did not say."""
    assert first.after[name].state["aos"] == first.before[name].state["aos"]
    assert "the AOS was restarted" not in message(first.done, name)


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].left != "normal"])
def test_what_is_not_finished_is_recorded(first: Run, name: str) -> None:
    record = first.after[name].record
    assert record is not None
    assert record["phase"] in ("prepared", "set")
    assert [window["reason"] for window in record["windows"]] == [REASON]


def test_the_run_says_before_that_everybody_is_thrown_out(first: Run) -> None:
    told = r"node-lost: the script, run on \S+, restarts all AOS instances \(NODE-LOST-01, NODE-LOST-02, NODE-LOST-03\)"
    position = re.search(told, first.done.output)
    assert position is not None
    assert position.start() < first.done.output.index("node-lost: turned maintenance mode on with the script")


def test_waiting_says_what_is_missing(first: Run) -> None:
    told = r"late: waiting for the AOS instances of https://\S+: \d+ of 900 s, 1 of 2 ready; LATE-02: InBuild"
    assert re.search(told, first.done.output)


def test_a_gateway_that_does_not_answer_is_told_with_what_that_means(first: Run) -> None:
    about = "\n".join(line for line in first.done.output.splitlines() if "gateway-dead" in line)
    assert re.search(r"127\.0\.0\.1:1.*(one AOS|not all)", about + str(row(first.done, "gateway-dead"))), about


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "enabled"])
def test_the_next_run_goes_on(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    shown = row(second.done, name)
    assert (shown["mode"], shown["verified"]) == ("maintenance", True)


@pytest.mark.parametrize("name", [name for name in FAILING if CASES[name].then == "disabled"])
def test_the_next_run_takes_it_back(second: Run, name: str) -> None:
    assert not failed(second.done, name), message(second.done, name)
    assert second.differs(name) == []


def test_a_synchronisation_is_refused_on_premises(first: Run, second: Run) -> None:
    assert first.after["url-only"].modes == {True}
    assert re.search(r"nothing was touched.*d365fo_sync|d365fo_sync.*on-premises", message(second.done, "url-only"))


def test_the_script_does_not_run_again_where_all_that_is_missing_is_an_answer(three_runs: ThreeRuns) -> None:
    """Each run throws everybody out."""
    for name in ("aos-down", "aos-sick"):
        runs = three_runs.lab.estate.environments[name].onprem.script.runs
        assert len([run for run in runs if "-Enable" in run]) == 1, name


@pytest.mark.parametrize("name", CASES)
def test_in_the_end_all_is_as_it_was(third: Run, name: str) -> None:
    assert not failed(third.done, name), message(third.done, name)
    if name != "cluster-unwaited":
        assert third.differs(name) == []
    assert third.after[name].record is None
