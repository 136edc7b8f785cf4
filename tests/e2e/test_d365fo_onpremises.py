"""Dynamics 365 on-premises: maintenance mode by Microsoft's script, once for a cluster, in the usual order."""

from __future__ import annotations

import importlib
import json
import re
import time
from typing import Any

import yaml

from lab.estate import Environment
from lab.onpremises import LOCAL_FOLDER, SQL_LOGIN
from lab.servicefabric import Instance
from lab.windows.programs import sqlcmd
from lab.windows.programs.maintenance_script import Faults
from playbook import Done
from playbook.estate import PROPERTY, Lab, message, row, unchanged

NAME = "quiesce.maintenance"
COLLECTION = f"ansible_collections.{NAME}"
URL_ONLY = ("d365fo_cluster_url", "d365fo_cluster_client_cert", "d365fo_cluster_client_key")


def add(lab: Lab, name: str, nodes: int = 1, transport: str = "basic", **variables: Any) -> Environment:
    """A cluster whose nodes are called after it: prod-01, prod-02..."""
    environment = lab.estate.add_cluster(name, nodes=nodes, transport=transport, prefix=f"{name}-")
    for node in environment.variables.values():
        node.update(variables)
    return environment


def by_odbc(lab: Lab, environment: Environment) -> Environment:
    """The database is reached from the controller; the nodes have no sqlcmd.exe."""
    for host in environment.onprem.hosts.values():
        host.files.delete(sqlcmd.PATH)
    for node in environment.variables.values():
        node |= {
            "d365fo_via": "odbc",
            "d365fo_odbc_driver": "FreeTDS",
            "d365fo_sql_server": environment.tds.address,
            "d365fo_sql_port": environment.tds.port,
            "d365fo_sql_login_user": SQL_LOGIN,
            "d365fo_sql_login_password": environment.sql_password,
            "d365fo_sql_ca_path": str(lab.estate.authority.ca_file),
        }
    return environment


def instances(environment: Environment) -> list[Instance]:
    return list(environment.onprem.cluster.instances.values())


def modes(environment: Environment) -> set[bool | None]:
    """What the AOS instances run with: in maintenance mode or not, None for one that does not run."""
    return {instance.maintenance_mode for instance in instances(environment)}


def value(environment: Environment) -> str | None:
    return environment.onprem.database.value("CONFIGURATIONMODE")


def record(environment: Environment) -> str | None:
    return environment.onprem.database.extended_property(PROPERTY)


def switches(environment: Environment) -> list[str]:
    """With which switch the script ran, each time."""
    return [arguments[-1] for arguments in environment.onprem.script.runs]


def state_of(environment: Environment) -> dict[str, Any]:
    """Everything about an environment that a run without a change must leave as it is."""
    return {
        "rows": environment.onprem.database.rows("SQLSYSTEMVARIABLES"),
        "record": record(environment),
        "aos": [(each.id, each.status, each.maintenance_mode, each.starts) for each in instances(environment)],
        "runs": list(environment.onprem.script.runs),
        "services": {
            name: [(each.name, each.state.name, each.starts) for each in host.services]
            for name, host in environment.onprem.hosts.items()
        },
    }


def test_the_whole_order(lab: Lab) -> None:
    """Waits by Service Fabric, NTLM; by the F&O URL, as the cluster is out of reach, Basic."""
    fabric = add(lab, "fabric", nodes=3, transport="ntlm")
    fallback = add(lab, "fallback", d365fo_cluster_url="https://127.0.0.1:1")
    environments = (fabric, fallback)
    names = [environment.name for environment in environments]
    lab.start()
    for late in (instances(fabric)[1], *instances(fallback)):
        late.faults.extra_build = 600.0  # so late that the waiting is seen

    status = lab.run("status")
    assert unchanged(status), status.output
    assert [line.split()[:4] for line in status.of("The estate")["table"][2:]] == [
        [name, "Dynamics", "365", "F&O"] for name in names
    ]

    states = [state_of(environment) for environment in environments]
    check = lab.run("enable", "--check", "--diff", d365fo_reason="CHG0042")
    assert check.code == 0, check.output
    assert [state_of(environment) for environment in environments] == states

    done = lab.run("enable", "--diff", d365fo_reason="CHG0042")
    assert done.code == 0, done.output
    for environment in environments:
        first = f"{environment.name}-01"
        assert modes(environment) == {True}
        assert {instance.status for instance in instances(environment)} == {"Ready"}
        assert switches(environment) == ["-Enable"]
        kept = json.loads(record(environment) or "")
        assert (kept["phase"], kept["reason"], kept["services"]) == ("settled", "CHG0042", [])
        assert done.of("Say which node works for the cluster", first)["msg"] == (
            f"{first} works for all nodes of {environment.name}."
        )
        told = done.of("Say what the script does", first)["msg"]
        assert told.startswith(f"Microsoft's script now restarts all AOS instances of {environment.name} (")
        assert told.endswith(f"), run on {first}.")
        assert check.of("Say what the script does", first)["msg"] == told
        assert check.of("Run the script", first)["diff"] == done.of("Run the script", first)["diff"]
        assert [done.recap[node]["changed"] for node in environment.variables] == [4, 0, 0][
            : len(instances(environment))
        ]
    waiting = re.findall(
        r"fabric-01: waiting for the AOS instances of \S+, \d+ s of 900 s: (\d) of 3 ready; (.*)", done.output
    )
    assert {"FABRIC-02: InBuild, the database is being synchronised"} <= {missing for _ready, missing in waiting}
    assert {"2"} <= {ready for ready, _missing in waiting}
    assert re.search(
        r"fallback-01: .*127.0.0.1:1.*Asking https://\S+ instead, which shows one AOS, not all", done.output
    )
    told = r"fallback-01: waiting for the AOS at https://\S+/namespaces/AXSF/, \d+ s of 900 s: HTTP 503"
    assert re.search(told, done.output)
    for instance in instances(fabric) + instances(fallback):
        instance.faults.extra_build = 0.0

    # again: each node is looked at, and from it the database; nothing else is asked
    states = [state_of(environment) for environment in environments]
    counts = [len(winrm.commands) for each in environments for winrm in each.winrm.values()]
    asked = [(each.gateway.requests.copy(), each.frontend.requests) for each in environments]
    done = lab.run("enable")
    assert unchanged(done), done.output
    assert [state_of(environment) for environment in environments] == states
    now = [len(winrm.commands) for each in environments for winrm in each.winrm.values()]
    assert [after - before for before, after in zip(counts, now, strict=True)] == [2] * 4
    assert [(each.gateway.requests, each.frontend.requests) for each in environments] == asked

    check = lab.run("disable", "--check", "--diff")
    assert check.code == 0, check.output
    assert [state_of(environment) for environment in environments] == states
    done = lab.run("disable", "--diff")
    assert done.code == 0, done.output
    for environment in environments:
        assert (modes(environment), value(environment), record(environment)) == ({False}, "0", None)
        assert switches(environment) == ["-Enable", "-Disable"]


def complaints(done: Done, expected: dict[str, str]) -> list[str]:
    """Which of the messages differ from what is expected of each cluster's first node (an empty pattern: success)."""
    wrong = []
    for name, pattern in expected.items():
        failed = done.recap[f"{name}-01"]["failed"] + done.recap[f"{name}-01"]["unreachable"]
        found = message(done, f"{name}-01") if failed else ""
        if bool(pattern) != bool(failed) or not re.search(pattern, found):
            wrong.append(f"{name}: {pattern!r} not in: {found}")
    return wrong


def test_what_is_refused(lab: Lab) -> None:
    """Nothing was touched, and a way out is named; some of the ways are gone."""
    expected: dict[str, str] = {}

    def refused(name: str, pattern: str, **variables: Any) -> Environment:
        expected[name] = pattern
        return add(lab, name, **variables)

    asked = r"No node of {0} could be asked, nothing was touched. {0}-01 said: Could not "
    script = r"C:\\infrastructure\\scripts\\Set-MaintenanceMode\.ps1"
    template = r"C:\\infrastructure\\scripts\\ConfigTemplate\.xml"
    gone = refused("gone", asked + rf"read {script} on {{0}}-01: it is not there.*2\.18\.2 or later")
    gone.onprem.hosts["gone-01"].files.delete(gone.onprem.script_path)
    share = refused(
        "share", asked + r"read \\\\files01\\scripts\\Set.*double hop.*CredSSP.*delegation.*copy the scripts"
    )
    share.onprem.share_scripts()
    share.variables["share-01"]["d365fo_script"] = share.onprem.script_path
    hop = refused("hop", r"Refused.*anonymous login.*double hop\).*CredSSP.*or give a SQL login")
    hop.onprem.allow_delegation(False)
    untold = refused("untold", asked + rf"read {template} on {{0}}-01: The system cannot find the file")
    untold.onprem.hosts["untold-01"].files.delete(untold.onprem.template_path)
    refused(
        "broken", asked + rf"use the configuration template on {template} on {{0}}-01: it is no XML"
    ).onprem.write_template("<Config>")
    other = refused("other", r"Refused.*database can't be opened.*\(error 4060\)")
    other.onprem.template.database = "AXTEST"
    other.onprem.write_template()
    refused("limited", r"Refused.*not an elevated administrator").account.elevated = False
    consent = refused(
        "consent",
        r"Refused, nothing was touched on consent-01. Microsoft's script restarts all AOS instances of consent "
        r"\(CONSENT-01\): everybody who works there is thrown out. Set d365fo_restart_consent to true for this run.",
        d365fo_confirm_restart=True,
    )
    stranger = refused("stranger", r"read the health of the AOS application on \S+: HTTP 403.*client certificate")
    certificate, key = lab.estate.authority.client("stranger")
    stranger.variables["stranger-01"] |= {
        "d365fo_cluster_client_cert": str(certificate),
        "d365fo_cluster_client_key": str(key),
    }
    silent = refused(
        "silent", r"on https://127\.0\.0\.1:1: .*refuses connections", d365fo_cluster_url="https://127.0.0.1:1"
    )
    del silent.variables["silent-01"]["d365fo_url"]
    mute = refused("mute", r"Refused.*address the AOS answers.*d365fo_url, on-premises d365fo_cluster_url")
    for variable in ("d365fo_url", *URL_ONLY):
        del mute.variables["mute-01"][variable]
    relative = refused("relative", r"not the full path of a \.ps1 file", d365fo_script="Set-MaintenanceMode.ps1")
    lab.start()
    environments = lab.estate.environments
    states = {name: state_of(environment) for name, environment in environments.items()}

    done = lab.run("enable")
    assert complaints(done, {name: pattern.format(name) for name, pattern in expected.items()}) == []
    assert {name: state_of(environment) for name, environment in environments.items()} == states
    status = lab.run("status")
    assert unchanged(status), status.output
    assert row(status, "gone-01")["mode"] == "unknown"
    assert "it is not there" in row(status, "gone-01")["notes"][0]

    # the ways out
    share.onprem.allow_delegation()
    share.variables["share-01"]["d365fo_execution_policy"] = "Bypass"  # RemoteSigned takes a share for remote
    hop.onprem.allow_delegation()
    mute.variables["mute-01"]["d365fo_wait_for_aos"] = False
    relative.variables["relative-01"]["d365fo_script"] = rf"{LOCAL_FOLDER}\Set-MaintenanceMode.ps1"
    ways = {"share": share, "hop": hop, "consent": consent, "mute": mute, "relative": relative}
    nodes = ",".join(f"{name}-01" for name in ways)
    for variable in URL_ONLY:
        del hop.variables["hop-01"][variable]
    instances(hop)[0].faults.extra_build = 400.0
    done = lab.run("enable", "-l", nodes, d365fo_restart_consent=True)
    assert done.code == 0, done.output
    for name, environment in ways.items():
        assert (value(environment), switches(environment)) == ("1", ["-Enable"])
        assert modes(environment) == {True} or name == "mute"
    told = r"hop-01: waiting for the AOS at https://\S+/namespaces/AXSF/, \d+ s of 900 s: HTTP 503"
    assert re.search(told, done.output)
    # nothing left to restart: no consent is needed
    assert unchanged(lab.run("enable", "-l", "consent-01"))


def test_every_way_to_fail(lab: Lab) -> None:
    expected: dict[str, str] = {}

    def add_failing(
        name: str, pattern: str, nodes: int = 1, faults: Faults | None = None, **variables: Any
    ) -> Environment:
        expected[name] = pattern.format(name)
        environment = add(lab, name, nodes=nodes, **variables)
        environment.onprem.script.faults = faults or Faults()
        return environment

    ended = r"Could not have Set-MaintenanceMode\.ps1 set maintenance mode enabled on {0}-01: the script ended with "
    off = ".*Maintenance mode was not turned on.$"
    unsettled = r".*could not be settled; run again, enable or disable"
    # nothing was changed
    policy = add_failing("policy", ended + r"exit code 1: .*The host's policy forbids.*execution_policy" + off)
    policy.onprem.hosts["policy-01"].execution_policy = "Restricted"
    add_failing(
        "throws", ended + r"exit code 1: boom .*whether the AOS instances run" + off, faults=Faults(throws="boom")
    )
    add_failing("crashes", ended + r".*unhandled \.NET exception\).*boom" + off, faults=Faults(crashes="boom"))
    hangs = add_failing("hangs", r"no end after 2 s.*last output: Enabling" + off, faults=Faults(hangs=True))
    hangs.variables["hangs-01"]["d365fo_script_timeout"] = 2
    liar = (
        r"verify the change on the configuration mode, asked from {0}-01: after the write.*'disabled'.*wanted was" + off
    )
    add_failing("nothing", liar, faults=Faults(does_nothing=True))
    elsewhere = r"verify the change on odbc-01: no failure was reported, but the database says disabled"
    by_odbc(lab, add_failing("odbc", elsewhere + off, faults=Faults(does_nothing=True)))
    untouched = ("odbc", "policy", "throws", "crashes", "hangs", "nothing")
    # something was
    add_failing(
        "stderr", ended + "exit code 0, but text on stderr.*careful" + unsettled, faults=Faults(complains="careful")
    )
    add_failing("halfway", ended + "exit code 1.*boom" + unsettled, faults=Faults(throws_before_restart="boom"))
    # the script succeeds, the AOS do not
    waits = r"see the change in effect within 3 s on the AOS instances of \S+: still pending: "
    down = add_failing(
        "down", waits + r"1 of 2 ready; DOWN-02: the AOS instance is Down.*Run again to go on waiting", nodes=2
    )
    node = add_failing("node", waits + r"2 of 3 ready; NODE-03: the node is Down", 3, Faults(loses_node="NODE-03"))
    # the node that works for the others is lost
    add_failing("speaker", "The connection to speaker-01 broke", 2, Faults(loses_node="SPEAKER-01"))
    for environment in (down, node):
        for variables in environment.variables.values():
            variables["d365fo_aos_timeout"] = 3
    lab.start()
    instances(down)[1].faults.stays_down = True
    environments = lab.estate.environments
    states = {name: state_of(environment) for name, environment in environments.items()}

    done = lab.run("enable", "-l", "*-01")
    assert complaints(done, expected) == []
    for name in untouched:
        now = state_of(environments[name])
        assert {**now, "runs": []} == {**states[name], "runs": []}, name
        assert len(now["runs"]) == (0 if name == "policy" else 1)
    for name in untouched:
        assert (value(environments[name]), record(environments[name])) == ("0", None)
    for name in ("down", "node"):
        assert json.loads(record(environments[name]) or "")["phase"] == "set"
    status = lab.run("status", "-l", "*-01,speaker-02")
    shown = {name: row(status, f"{name}-0{2 if name == 'speaker' else 1}") for name in environments}
    assert {name: line["mode"] for name, line in shown.items() if line["mode"] != "normal"} == dict.fromkeys(
        ("stderr", "halfway", "down", "node", "speaker"), "switching"
    )

    # the reasons are mended: the next run does the rest, and the script only where it has not run to its end
    runs = {name: len(environment.onprem.script.runs) for name, environment in environments.items()}
    for environment in environments.values():
        environment.onprem.script.faults = Faults()
        for instance in instances(environment):
            instance.faults.stays_down = False
    lab.loop.run(node.onprem.cluster.bring_node_back("NODE-03"))
    policy.variables["policy-01"]["d365fo_execution_policy"] = "Bypass"
    some = ("policy", "stderr", "halfway", "down", "node")
    done = lab.run("enable", "-l", ",".join(f"{name}-01" for name in some), d365fo_aos_timeout=60)
    assert done.code == 0, done.output
    for name in some:
        assert modes(environments[name]) == {True}, name
        assert json.loads(record(environments[name]) or "")["phase"] == "settled"
    again = {name: len(environments[name].onprem.script.runs) - runs[name] for name in some}
    assert again == {**dict.fromkeys(some, 0), "policy": 1, "stderr": 1, "halfway": 1}

    # another node works where the first one is lost; only when that is back all are ready
    done = lab.run("enable", "-l", "speaker-*", d365fo_aos_timeout=3)
    assert done.of("Say which node works for the cluster")["msg"] == "speaker-02 works for all nodes of speaker."
    told = done.of("Say what the script does", "speaker-02")["msg"]
    assert told.endswith("Not ready before it, and awaited after it: SPEAKER-01: the node is Down.")
    assert "1 of 2 ready; SPEAKER-01: the node is Down" in message(done, "speaker-02")
    lab.loop.run(environments["speaker"].onprem.cluster.bring_node_back("SPEAKER-01"))
    done = lab.run("enable", "-l", "speaker-*")
    assert done.code == 0, done.output
    assert modes(environments["speaker"]) == {True}
    assert switches(environments["speaker"]) == ["-Enable", "-Enable"]


SCRIPT_RUNS = r"-File .*Set-MaintenanceMode\.ps1"
FIRST_RECORD = "sp_addextendedproperty"
NEXT_RECORD = "sp_updateextendedproperty"


def test_cut_off(lab: Lab) -> None:
    """The connection breaks; what was started on the node goes on. The next run finishes, whichever it is.

    The script runs again only where nothing says that it ran to its end.
    """
    cut_at = {
        # name: (the command that runs then, how often the script has run after the next run)
        "recording": (FIRST_RECORD, 1),
        "running": (SCRIPT_RUNS, 2),
        "ended": (NEXT_RECORD, 1),
    }
    # the same, and then the window is given up
    given_up = {"running-off": (SCRIPT_RUNS, ["-Enable", "-Disable"])}
    again = {name: add(lab, name) for name in cut_at}
    back = {name: add(lab, name) for name in given_up}
    both: dict[str, Environment] = {**again, **back}

    def cut(playbook: str, at: dict[str, str]) -> None:
        for name, pattern in at.items():
            both[name].winrm[f"{name}-01"].faults.drop_in = pattern
        done = lab.run(playbook, *nodes(at))
        for name in at:
            assert done.recap[f"{name}-01"]["unreachable"] == 1, done.output
            assert "run again, the next run looks first and finishes the work" in message(done, f"{name}-01")
        # what goes on without its client ends sooner than a person runs the playbook again
        deadline = time.monotonic() + 20
        hosts = [host for environment in both.values() for host in environment.onprem.hosts.values()]
        while any(host.processes.named("powershell.exe") for host in hosts):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def nodes(some: dict[str, Any]) -> tuple[str, str]:
        return "-l", ",".join(f"{name}-01" for name in some)

    lab.start()
    cut("enable", {name: pattern for name, (pattern, _then) in {**cut_at, **given_up}.items()})
    done = lab.run("enable", *nodes(again))
    assert done.code == 0, done.output
    for name, environment in again.items():
        assert (modes(environment), switches(environment)) == ({True}, ["-Enable"] * cut_at[name][1]), name
        assert json.loads(record(environment) or "")["phase"] == "settled"
    done = lab.run("disable", *nodes(back))
    assert done.code == 0, done.output
    for name, environment in back.items():
        assert (modes(environment), switches(environment)) == ({False}, given_up[name][1]), name
        assert (value(environment), record(environment)) == ("0", None)

    # and on the way back
    cut("disable", {"recording": NEXT_RECORD, "running": SCRIPT_RUNS, "ended": SCRIPT_RUNS})
    done = lab.run("disable", *nodes({"recording": 1, "running": 1}))
    assert done.code == 0, done.output
    for name, runs in (("recording", 1), ("running", 2)):
        assert switches(again[name])[cut_at[name][1] :] == ["-Disable"] * runs
        assert (modes(again[name]), value(again[name]), record(again[name])) == ({False}, "0", None)
    # on again instead
    done = lab.run("enable", *nodes({"ended": 1}))
    assert done.code == 0, done.output
    assert (modes(again["ended"]), switches(again["ended"])) == ({True}, ["-Enable", "-Disable", "-Enable"])


def test_nodes_that_do_not_answer(lab: Lab) -> None:
    """The first node that can be asked works for all; where none can, nothing happens.

    One has its commands sent by exec_command, the other its database asked by ODBC.
    """
    lost = add(lab, "lost", nodes=2, d365fo_run_by="exec_command")
    bare, dead = by_odbc(lab, add(lab, "bare", nodes=2)), add(lab, "dead", nodes=2)
    lost.winrm["lost-01"].faults.refuse_connections = True
    bare.onprem.hosts["bare-01"].files.delete(bare.onprem.script_path)
    for winrm in dead.winrm.values():
        winrm.faults.refuse_connections = True
    lab.start()
    state = state_of(dead)
    done = lab.run("enable")
    for name, environment in (("lost", lost), ("bare", bare)):
        assert done.of("Say which node works for the cluster", f"{name}-02")["msg"].startswith(f"{name}-02 works")
        assert (modes(environment), switches(environment)) == ({True}, ["-Enable"])
        assert [done.recap[f"{name}-0{number}"]["failed"] for number in (1, 2)] == [0, 0]
    for node in ("dead-01", "dead-02"):
        told = message(done, node)
        assert f"No node of dead could be asked, nothing was touched. {node} said: " in told
        assert re.search("HTTPSConnectionPool|Connection (aborted|reset)", told)  # as the moment of the reset has it
    assert state_of(dead) == state
    status = lab.run("status")
    assert status.code == 0, status.output
    table = status.of("The estate")["table"][2:]
    assert sorted(line.split()[0] for line in table if not line.startswith(" ")) == [
        *("bare", "bare-01", "dead-01", "dead-02", "lost", "lost-01"),
    ]
    # the other one speaks now
    lost.winrm["lost-01"].faults.refuse_connections = False
    done = lab.run("disable", "-l", "lost-*,bare-*")
    assert done.code == 0, done.output
    assert "lost-01 works for all nodes of lost." in done.output
    assert any("-EncodedCommand" in command for command in lost.winrm["lost-01"].commands)
    for environment in (lost, bare):
        assert (modes(environment), value(environment), record(environment)) == ({False}, "0", None)


def test_the_modules_by_themselves(lab: Lab) -> None:
    """Their examples, with the lab's address and certificates; and what they do on other input."""
    environment = add(lab, "contoso", nodes=2)
    variables = environment.variables["contoso-01"]
    lab.start()
    examples = []
    for name in ("d365fo_maintenance_script", "d365fo_aos_wait", "d365fo_cluster_info"):
        text = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}").EXAMPLES
        for there, here in (
            ("https://sf01.example.com:19080", environment.gateway.url),
            ("https://dev01.cloud.onebox.dynamics.com/", environment.frontend.url),
            ("/etc/quiesce/cluster-client.pem", variables["d365fo_cluster_client_cert"]),
            ("/etc/quiesce/cluster-client.key", variables["d365fo_cluster_client_key"]),
            ("/etc/quiesce/cluster-ca.pem", variables["d365fo_url_ca_path"]),
        ):
            text = text.replace(there, here)
        examples += yaml.safe_load(text)
    done = lab.task(
        *examples,
        ignore_errors=False,
        module_defaults={f"{NAME}.d365fo_aos_wait": {"ca_path": variables["d365fo_url_ca_path"], "interval": 1}},
    )
    assert done.code == 0, done.output
    assert "2 of 2 AOS ready" in done.output
    assert (modes(environment), switches(environment)) == ({True}, ["-Enable"])

    module = f"{NAME}.d365fo_maintenance_script"
    script = environment.onprem.script_path
    asked = f"{NAME}.d365fo_cluster_info"
    reach = {
        "client_cert": variables["d365fo_cluster_client_cert"],
        "client_key": variables["d365fo_cluster_client_key"],
        "ca_path": variables["d365fo_url_ca_path"],
    }
    cluster = {"cluster_url": environment.gateway.url, **reach}
    environment.gateway.page_size = 1
    done = lab.task(
        {"name": "again", module: {"state": "enabled", "script": script}},
        {"name": "forced", module: {"state": "enabled", "script": script, "force": True}, "check_mode": True},
        {"name": "off", module: {"state": "disabled", "script": script}, "check_mode": True, "diff": True},
        {"name": "quoted", module: {"state": "disabled", "script": r"C:\a%b\x.ps1"}},
        {"name": "pages", asked: cluster, "delegate_to": "localhost"},
        {
            "name": "no certificate",
            asked: {**cluster, "client_cert": None, "client_key": None},
            "delegate_to": "localhost",
        },
        {"name": "no such application", asked: {**cluster, "application": "Other"}, "delegate_to": "localhost"},
        {"name": "no such nodes", asked: {**cluster, "aos_node_types": ["Mine"]}, "delegate_to": "localhost"},
        {"name": "nobody", asked: {**cluster, "cluster_url": "https://127.0.0.1:1"}, "delegate_to": "localhost"},
        hosts="contoso-01",
    )
    assert (done.of("again")["changed"], done.of("again")["mode_before"]) == (False, "enabled")
    assert done.of("again")["template"] == {
        "database": "AXDB",
        "sql_server": "sql-ls",
        "aos_nodes": [{"name": f"CONTOSO-0{number}", "type": "AOSNodeType"} for number in (1, 2)],
    }
    assert (done.of("forced")["changed"], done.of("off")["changed"]) == (True, True)
    assert done.of("off")["diff"] == {
        "before": {"configuration_mode": "enabled"},
        "after": {"configuration_mode": "disabled"},
    }
    assert "use script" in done.of("quoted")["msg"]
    assert switches(environment) == ["-Enable"]
    seen = done.of("pages")
    assert (seen["health"], seen["expected"], seen["ready"], seen["missing"]) == ("Ok", 2, 2, [])
    assert {each["node"] for each in seen["instances"]} == {"CONTOSO-01", "CONTOSO-02"}
    refused = done.of("no certificate")
    assert (refused["failed"], refused["out_of_reach"]) == (True, False)
    assert re.search("HTTP 403.*client certificate that the cluster knows", refused["msg"])
    assert "HTTP 404" in done.of("no such application")["msg"]
    assert "no node is of type Mine" in done.of("no such nodes")["msg"]
    assert (done.of("nobody")["out_of_reach"], "refuses connections" in done.of("nobody")["msg"]) == (True, True)
