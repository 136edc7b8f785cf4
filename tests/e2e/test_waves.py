"""Several systems of each kind in one run: in by waves, each when the one before it is complete; out whatever happens.

One estate, and one run after the other over it: something fails in each wave, in both directions.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab.rest.launch_process import Work
from playbook import ROOT, Done
from playbook.estate import Lab, aos_of

APPLICATIONS = ("dev01", "dev02")
COMPUTERS = {"dev01": 1, "dev02": 2}  # of the manager dsm01, by their numbers
QUICK: dict[str, Any] = {"launch_drain_timeout": "1s", "trend_wait_timeout": "20s", "d365fo_aos_timeout": "60s"}
FOREVER = 10.0**9


@dataclass
class Waves:
    """The estate, and what came of each run: its output, and what every system was after it."""

    lab: Lab
    done: dict[str, Done] = field(default_factory=dict)
    modes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, name: str, playbook: Path | str, *arguments: str, strategy: str = "linear") -> None:
        records = str(self.lab.folder / "kept")  # for all runs; a new inventory begins with none of its own
        self.done[name] = self.lab.run(
            playbook,
            *arguments,
            environment={"ANSIBLE_STRATEGY": strategy},
            d365fo_reason="CHG0042",
            quiesce_store_path=records,
            **QUICK,
        )
        manager = self.lab.estate.managers["dsm01"]
        self.modes[name] = {
            **{each: server.maintenance for each, server in self.lab.estate.launch_servers.items()},
            **{each: aos_of(self.lab.estate.machines[each]).maintenance_mode for each in APPLICATIONS},
            **{f"ac-{each}": manager.state(manager.computers[number]) for each, number in COMPUTERS.items()},
        }


@pytest.fixture(scope="module")
def waves(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Waves:
    lab, estate = shared_lab, shared_lab.estate
    for name in APPLICATIONS:
        lab.add(name, quiesce_systems=["d365fo", "trend"], trend_manager="dsm01")
    manager = estate.add_trend_manager("dsm01")
    for name, number in COMPUTERS.items():
        lab.estate.machines[name].variables["trend_computer"] = manager.computers[number].host_name
    estate.only_a_manager("dsm01")
    servers = [estate.add_launch_server(name) for name in ("launch01", "launch02")]
    estate.add_to_inventory("others", "db01", {"ansible_connection": "local"})
    lab.start()
    waves = Waves(lab)

    # on the way in: a gate, an application, a protection fails; then all goes well
    deployment = servers[1].begin("application", "Deploy web shop", Work(FOREVER))
    waves.run("gate fails", "enable")
    servers[1].processes.pop(deployment.id)
    estate.machines["dev02"].winrm.faults.refuse_connections = True
    waves.run("application fails", "enable")
    estate.machines["dev02"].winrm.faults.refuse_connections = False
    manager.computers[2].go_offline()
    waves.run("protection fails", "enable")
    manager.computers[2].come_back()
    waves.run("all in", "enable")
    waves.run("again", "enable")
    waves.run("status", "status", strategy="free")

    # on the way out: a protection, an application, a gate
    manager.computers[2].go_offline()
    waves.run("protection fails on the way out", "disable")
    manager.computers[2].come_back()
    waves.run("in again", "enable")
    estate.machines["dev02"].winrm.faults.refuse_connections = True
    waves.run("application fails on the way out", "disable", strategy="free")
    waves.run("the gates alone", "disable", "-l", "launch01,launch02")
    estate.machines["dev02"].winrm.faults.refuse_connections = False
    waves.run("all out", "disable")
    waves.run("one host", "enable", "-l", "dev01", "--check")
    waves.run("no system", "enable", "-l", "db01")
    waves.run("one that is none", "enable", "-l", "dev01,db01")
    waves.run("a typing error", "enable", "-l", "dev01,dve02")
    waves.run("a misspelled variable", "disable", "-e", "quiesce_windw=42")
    waves.run("an option that cannot be used", "enable", "-e", "trend_duration=2x")

    window = "quiesce_window=42 quiesce_expires=2h window_work=extensions/awx/project/tasks/work.yml"
    waves.run("a database that does not answer", "window", "-e", f"{window} d365fo_sql_server=nowhere")

    # somebody else's window, and work that fails between enable and disable
    waves.run("in for one window", "enable")
    doubtful = ("-e", "launch_sees_all_activity=false", "-e", "trend_duration=2h")
    waves.run("in for another window", "enable", "-l", "dev01,launch01", "-e", "quiesce_window=42", *doubtful)
    waves.run("a check of the way out", "disable", "--check")
    waves.run("out for one window", "disable")
    waves.run("out for the other", "disable", "-l", "dev01,launch01", "-e", "quiesce_window=42")
    waves.run("out alone", "disable", "-l", "launch02")
    work = tmp_path_factory.mktemp("work") / "work.yml"
    work.write_text(WORK)
    waves.run("the work fails", work)
    return waves


WORK = """
- import_playbook: quiesce.maintenance.enable
- hosts: all
  gather_facts: false
  tasks:
    - name: Work
      ansible.builtin.command: "{{ 'false' if inventory_hostname == 'dev01' else 'true' }}"
      delegate_to: localhost
      vars: {ansible_connection: local}
    - name: Lose a host
      ansible.builtin.raw: whoami
      vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
      when: inventory_hostname == 'dev02'
- import_playbook: quiesce.maintenance.disable
"""


IN = {"launch01": True, "launch02": True, "dev01": True, "dev02": True, "ac-dev01": "on", "ac-dev02": "on"}
OUT = {"launch01": False, "launch02": False, "dev01": False, "dev02": False, "ac-dev01": "off", "ac-dev02": "off"}
MODES = {
    "gate fails": {**OUT, "launch01": True, "launch02": True},
    "application fails": {**OUT, "launch01": True, "launch02": True, "dev01": True},
    "protection fails": {**IN, "ac-dev01": "off", "ac-dev02": "off"},
    "all in": IN,
    "again": IN,
    "protection fails on the way out": {**OUT, "ac-dev02": "stop-requested"},
    "in again": IN,
    "application fails on the way out": {**OUT, "launch01": True, "launch02": True, "dev02": True},
    "the gates alone": {**OUT, "dev02": True},
    "all out": OUT,
    "out for one window": {**OUT, "launch01": True, "launch02": True, "dev01": True, "ac-dev01": "on"},
    "out for the other": {**OUT, "launch02": True},
    "out alone": OUT,
    "the work fails": OUT,
}
FAILS = {
    "gate fails": ["launch02"],
    "application fails": ["dev02"],
    "protection fails": ["dev01"],
    "protection fails on the way out": ["dev01"],
    "application fails on the way out": ["dev02"],
    "the work fails": ["dev01", "dev02"],
}


@pytest.mark.smoke
@pytest.mark.parametrize("name", MODES)
def test_what_is_in_maintenance_mode(waves: Waves, name: str) -> None:
    """In, nothing behind an incomplete wave is touched; out, everything is, but that a gate stays shut on half an
    estate."""
    assert waves.modes[name] == MODES[name], waves.done[name].output[-4000:]


@pytest.mark.parametrize("name", FAILS)
def test_a_run_in_which_something_failed_fails(waves: Waves, name: str) -> None:
    done = waves.done[name]
    assert done.code == 2
    assert [host for host, counts in done.recap.items() if counts["failed"] or counts["unreachable"]] == FAILS[name]


@pytest.mark.parametrize("name", [name for name in FAILS if name != "the work fails"])
def test_the_table_comes_all_the_same(waves: Waves, name: str) -> None:
    """Every system is in it; one that failed with the reason."""
    rows = waves.done[name].of("Report the status of all systems")["rows"]
    found = {(row["system"], row["kind"]) for row in rows}
    assert {("launch01", "Launch"), ("launch02", "Launch"), ("dev01", "D365 F&O"), ("dev02", "D365 F&O")} <= found
    assert [row for row in rows if row["kind"] == "Trend AC"] != []
    failed = [row for row in rows if row["notes"] and "not touched" not in row["notes"][0]]
    assert failed != []


SAYS = {
    "gate fails": r"Launch.*Deploy web.*touched: D365 F&O of dev01, dev02; Trend AC of dev01, dev02\..*enable again",
    "application fails": r"Dynamics 365 Finance \+ .*: Could not connect on dev02.*touched: Trend AC of dev01, dev02\.",
    "protection fails": r"Trend Micro Application Control.*web02.*[Oo]ffline",
    "protection fails on the way out": r"Trend Micro Application Control.*web02.*[Oo]ffline.*run disable again",
    "the work fails": r"A task before this playbook failed on it.*run disable again",
    "application fails on the way out": r"connect on dev02.*touched: Launch of launch01, launch02.*run disable again",
}


@pytest.mark.parametrize("name", SAYS)
def test_the_end_says_what_to_do(waves: Waves, name: str) -> None:
    for host in FAILS[name]:
        said = waves.done[name].of("Report what failed", host)["msg"]
        assert re.search(SAYS[name], said, re.DOTALL), said
    assert "Traceback" not in waves.done[name].output


@pytest.mark.smoke
@pytest.mark.parametrize("name", ["all in", "again", "status", "all out", "the gates alone", "one host"])
def test_a_run_that_went_well(waves: Waves, name: str) -> None:
    """Few banners, nothing included, nothing skipped, no warning about products that the estate does not have."""
    done = waves.done[name]
    assert done.code == 0, done.output[-4000:]
    banners = [line for line in done.output.splitlines() if line.startswith("TASK [")]
    assert len(banners) <= (10 if name == "all out" else 8)
    assert not re.search(r"^included:|^skipping: \[|\[WARNING\]", done.output, re.MULTILINE)
    assert all(counts["skipped"] == 0 for counts in done.recap.values())


@pytest.mark.parametrize("name", ["all in", "status", "application fails on the way out"])
def test_the_table_comes_once(waves: Waves, name: str) -> None:
    """With the strategy "free" of an ansible.cfg, too, which runs every task on every host."""
    assert len(re.findall(r"^SYSTEM +KIND", waves.done[name].output, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["all in", "status", "gate fails", "protection fails on the way out"])
def test_the_rows_are_as_their_schema_says(waves: Waves, name: str) -> None:
    schema = json.loads((ROOT / "docs/row.schema.json").read_text(encoding="utf-8"))
    for row in waves.done[name].of("Report the status of all systems")["rows"]:
        jsonschema.validate(row, schema, format_checker=jsonschema.FormatChecker())


def test_again_nothing_changes(waves: Waves) -> None:
    assert [counts["changed"] for counts in waves.done["again"].recap.values()] == [0] * 4


def test_one_host_of_several_systems_is_alone(waves: Waves) -> None:
    """With its own computer only; the manager is asked although it is not in the limit."""
    rows = waves.done["one host"].of("Report the status of all systems")["rows"]
    assert [(row["system"], row["kind"]) for row in rows] == [("dev01", "D365 F&O"), ("web01", "Trend AC")]


def test_the_computers_of_one_manager_are_one_task(waves: Waves) -> None:
    results = [
        each["result"]["systems"]["trend"]
        for each in waves.done["all in"].results
        if "trend" in each["result"].get("systems", {})
    ]
    assert len(results) == 1
    assert [row["system"] for row in results[0]["rows"]] == ["web01", "web02"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "no system",
            r"the limit db01: none of its hosts is one; expected hosts with quiesce_systems, or in the groups launch",
        ),
        ("one that is none", r"db01 is not a system.*Nothing was done"),
        ("a typing error", r"no host and no group of the inventory is called dve02.*Nothing was done"),
        ("a misspelled variable", r"Invalid quiesce_windw: no such variable.*Did you mean quiesce_window\?"),
    ],
)
def test_a_run_that_would_not_switch_all_of_its_limit_fails(waves: Waves, name: str, says: str) -> None:
    """A pipeline that goes on would patch a live system."""
    done = waves.done[name]
    assert done.code == 2
    assert re.search(says, done.of("Find the systems of this run")["msg"])
    assert waves.modes[name] == OUT


def test_options_of_a_later_wave_are_refused_before_the_first(waves: Waves) -> None:
    name = "an option that cannot be used"
    assert waves.done[name].code == 2
    said = [each["result"]["msg"] for each in waves.done[name].results if each["result"].get("failed")]
    assert len(said) == 1
    assert re.search('Invalid trend_duration: "2x" is not a duration.*Nothing was switched', said[0])
    assert waves.modes[name] == OUT


def test_no_gate_is_drained_for_a_system_whose_database_does_not_answer(waves: Waves) -> None:
    """Its host does, so that the look did not fail."""
    name = "a database that does not answer"
    said = " ".join(waves.done[name].output.split())
    assert waves.done[name].code == 2
    assert re.search("dev01, dev02: Could not read CONFIGURATIONMODE.*Nothing was switched", said)
    assert "PLAY [Put the gates into maintenance mode]" not in said
    assert waves.modes[name] == OUT


def test_a_gate_stays_shut_for_the_window_of_somebody_else(waves: Waves) -> None:
    """Nothing failed, yet the gate is not out, as was asked: the end says why, and what opens it."""
    done = waves.done["out for one window"]
    assert done.code == 2
    said = done.of("Report what failed", "launch02")["msg"]
    assert said.startswith("Not touched: dev01 is still in maintenance mode. Run disable again with the same")
    notes = {row["system"]: row["notes"] for row in done.of("Report the status of all systems")["rows"]}
    assert notes["launch02"][0] == "left in maintenance mode: a wave before it is not complete"


def test_a_gate_with_another_window_closes_the_one_that_is_over(waves: Waves) -> None:
    """Otherwise it would stay shut when everybody is done, and every run would say that all went well."""
    done = waves.done["out for one window"]
    assert done.recap["launch01"]["failed"] == 0
    rows = {row["system"]: row for row in done.of("Report the status of all systems")["rows"]}
    assert [window["id"] for window in rows["launch01"]["windows"]] == ["42"]
    assert waves.done["out for the other"].code == waves.done["out alone"].code == 0


def test_what_the_modules_warn_of_is_shown(waves: Waves) -> None:
    """Each with its host: an empty list of processes that may be no idle server, a mode without an end."""
    text = " ".join(waves.done["in for another window"].output.split())
    assert re.search(r"\[WARNING\]: launch01: .*sees_all_activity.*\[WARNING\]: dev01: .*end", text), text


def test_a_check_of_the_way_out_says_which_gate_would_stay(waves: Waves) -> None:
    done = waves.done["a check of the way out"]
    assert waves.modes["a check of the way out"] == waves.modes["in for one window"] == IN
    assert done.code == 2
    assert [host for host, counts in done.recap.items() if counts["failed"]] == ["launch02"]
