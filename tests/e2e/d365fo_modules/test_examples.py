"""Dynamics 365: what the documentation shows is run: every example of every module, the playbook of the README, and the
example playbook that chains the steps by hand."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from lab.estate import TDS_PORT, Machine
from playbook import ROOT, Done
from playbook.estate import BACKGROUND, REPORTER, Lab, about, aos_of, failed, is_normal, message, running, steps
from playbook.one_run import OneRun, Part

COLLECTION = "quiesce.maintenance"
# In this order, on one machine after the other.
ON_A_VHD = (
    "d365fo_info",
    "d365fo_maintenance_mode",
    "d365fo_maintenance_mode_info",
    "d365fo_configuration_mode",
    "d365fo_services",
    "d365fo_setup_tool",
    "d365fo_database_sync",
)
ON_A_NODE = ("d365fo_maintenance_script",)
HANDS = ("hand", "hand-odbc")
BY_HAND = ROOT / "playbooks/examples/d365fo_by_hand.yml"


def examples(module: str, replace: dict[str, str]) -> list[dict[str, Any]]:
    text: str = importlib.import_module(f"ansible_collections.quiesce.maintenance.plugins.modules.{module}").EXAMPLES
    for there, here in replace.items():
        text = text.replace(there, here)
    found: list[dict[str, Any]] = yaml.safe_load(text)
    assert found, f"{module} has no example"
    return found


def from_readme(heading: str, path: str = "README.md") -> list[dict[str, Any]]:
    text = (ROOT / path).read_text(encoding="utf-8")
    block = re.search(rf"#+ {heading}\n.*?```yaml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    found: list[dict[str, Any]] = yaml.safe_load(block[1])
    return found


def add(lab: Lab) -> None:
    vhd = lab.vhd("vhd01", login=False)
    assert vhd.host.setup_tool is not None
    vhd.host.setup_tool.seconds["sync"] = 20.0
    lab.cluster("contoso", nodes=1)
    for name in ("dev01", "dev02"):
        lab.add(name)


def plays(lab: Lab) -> list[dict[str, Any]]:
    """The examples, and the plays of both READMEs as they stand; nobody is there to press a key."""
    vhd = lab.estate.machines["vhd01"]
    odbc = {"sql_port": TDS_PORT, "sql_ca_path": str(lab.estate.authority.ca_file)}
    return [
        {
            "hosts": "vhd01",
            "vars": {"vault_axdbadmin_password": vhd.sql_password},
            "module_defaults": {f"{COLLECTION}.d365fo_configuration_mode": odbc},
            "tasks": [
                task for module in ON_A_VHD for task in examples(module, {"dev01.example.com": vhd.host.address})
            ],
        },
        {"hosts": "contoso", "tasks": [task for module in ON_A_NODE for task in examples(module, {})]},
        *from_readme("A change as one playbook"),
        *({**play, "hosts": "dev02"} for play in from_readme("d365fo", "roles/d365fo/README.md")),
    ]


PART = Part(add, plays)


@dataclass(frozen=True)
class ByHand:
    """The example playbook, on and back in one run, and what the AOS ran with whenever IIS was stopped."""

    lab: Lab
    done: Done
    before: dict[str, dict[str, tuple[str, str]]]
    modes: dict[str, list[bool | None]]


@pytest.fixture(scope="module")
def by_hand(shared_lab: Lab) -> ByHand:
    lab, modes = shared_lab, {}
    for name in HANDS:
        machine = lab.add(name, via="odbc" if name == "hand-odbc" else "sqlcmd")
        modes[name] = note_modes(machine)
    lab.start()
    before = {name: running(system) for name, system in lab.systems.items()}
    both = [
        {"import_playbook": str(BY_HAND), "vars": {"d365fo_state": state, "seconds_between_requests": 1}}
        for state in ("enabled", "disabled")
    ]
    return ByHand(lab, lab.play(yaml.safe_dump(both)), before, modes)


def note_modes(machine: Machine) -> list[bool | None]:
    modes: list[bool | None] = []
    # before the AOS itself gets to know of it
    machine.host.services["W3SVC"].when_stopped.insert(0, lambda: modes.append(aos_of(machine).maintenance_mode))
    return modes


def test_every_module_has_examples_that_were_run() -> None:
    found = {path.stem for path in (ROOT / "plugins/modules").glob("d365fo_*.py")}
    assert found == {*ON_A_VHD, *ON_A_NODE}


@pytest.mark.parametrize(("host", "modules"), [("vhd01", ON_A_VHD), ("contoso", ON_A_NODE)])
def test_the_examples_run(one_run: OneRun, host: str, modules: tuple[str, ...]) -> None:
    counts = one_run.done.recap[host]
    assert (counts["failed"], counts["ignored"]) == (0, 0), about(one_run.done, host)
    assert counts["ok"] == sum(len(examples(module, {})) for module in modules)


def test_what_the_examples_say_is_true(one_run: OneRun) -> None:
    assert "vhd: configuration mode disabled" in one_run.done.output
    assert "normal, 0 open windows" in one_run.done.output
    first = one_run.done.of("Enable maintenance mode for a change of configuration keys")
    assert [window["id"] for window in first["status"]["windows"]] == ["CHG0042"]
    last = one_run.done.of("Disable maintenance mode and synchronise the database")
    assert "synchronised" in " / ".join(step["step"] for step in last["steps"])


def test_what_the_examples_left(one_run: OneRun) -> None:
    vhd, contoso = one_run.after["vhd01"], one_run.after["contoso"]
    # the setup tool twice in the switch's example (off, and the synchronisation), once by itself, once to synchronise
    assert len(vhd.state["runs"]) >= 2
    assert (vhd.modes, vhd.record) == ({True}, None)
    assert (contoso.modes, len(contoso.state["runs"])) == ({True}, 1)


def test_the_play_of_the_readme(one_run: OneRun) -> None:
    counts = one_run.done.recap["dev01"]
    assert (counts["failed"], counts["ignored"], counts["changed"]) == (0, 0, 2), about(one_run.done, "dev01")
    assert one_run.after["dev01"].differs(one_run.before["dev01"].services) == []
    assert aos_of(one_run.lab.estate.machines["dev01"]).starts == 3, "at boot, and once restarted each way"
    results = [each["result"] for each in one_run.done.results if each["host"] == "dev01" and "steps" in each["result"]]
    told = [result["status"] for result in results]
    assert (told[0]["mode"], told[0]["reason"]) == ("maintenance", "CHG0042 configuration keys")
    assert told[0]["expires"] > told[0]["since"]
    assert (told[1]["mode"], steps(one_run.done, "dev01")[-1]) == ("normal", "removed the record")


def test_the_play_of_the_roles_readme(one_run: OneRun) -> None:
    counts = one_run.done.recap["dev02"]
    assert (counts["failed"], counts["ignored"]) == (0, 0), about(one_run.done, "dev02")
    assert one_run.after["dev02"].modes == {True}
    assert [window["id"] for window in (one_run.after["dev02"].record or {})["windows"]] == ["default"]


@pytest.mark.parametrize("host", HANDS)
def test_the_steps_by_hand(by_hand: ByHand, host: str) -> None:
    """On and back, and each AOS really ran so when IIS was stopped; in between the background services do not run."""
    assert not failed(by_hand.done, host), message(by_hand.done, host)
    assert by_hand.modes[host] == [False, True]
    services = by_hand.done.of("Gather facts of the machine", host)["services"]
    assert [services[name]["state"] for name in BACKGROUND] == ["stopped"] * 3


@pytest.mark.parametrize("host", HANDS)
def test_by_hand_there_is_no_record(by_hand: ByHand, host: str) -> None:
    assert is_normal(by_hand.lab.systems[host], by_hand.before[host]) == []


def test_the_comment_of_the_example_is_true() -> None:
    """Its command line names itself and its variable."""
    text = BY_HAND.read_text(encoding="utf-8")
    assert (
        "ansible-playbook -i inventory playbooks/examples/d365fo_by_hand.yml -l dev01 -e d365fo_state=enabled" in text
    )


CHECKS: dict[str, Callable[[Any], bool]] = {
    "d365fo_info": lambda result: result["environment_kind"] == "vhd",
    "d365fo_maintenance_mode_info": lambda result: result["method"] in ("sql", "setup_tool"),
}


@pytest.mark.parametrize("module", CHECKS)
def test_what_is_returned_is_documented(one_run: OneRun, module: str) -> None:
    """Every key of a result stands in the module's RETURN, and the other way round."""
    module_file = importlib.import_module(f"ansible_collections.quiesce.maintenance.plugins.modules.{module}")
    documented = yaml.safe_load(module_file.RETURN)
    name = {"d365fo_info": "Gather facts of a development machine"}.get(module, "Gather the status")
    result = one_run.done.of(name, "vhd01")
    assert CHECKS[module](result)
    own = {
        key for key in result if not key.startswith("_") and key not in ("changed", "failed", "warnings", "invocation")
    }
    assert own == {key for key, entry in documented.items() if entry["returned"] == "success"}
    assert REPORTER in result["services"]
