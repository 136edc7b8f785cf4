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

from lab.estate import TDS_PORT
from playbook import ROOT, Done
from playbook.estate import (
    BACKGROUND,
    REPORTER,
    Lab,
    aos_of,
    failed,
    is_normal,
    message,
    mode_of,
    modes_of,
    record_of,
    running,
    runs_of,
    steps,
    windows_of,
)

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
QUICK = "seconds_between_requests=1"
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


@dataclass(frozen=True)
class Examples:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    count: int
    examples: Done
    readme: Done
    seen_in_readme: list[bool | None]
    role: Done
    role_left: tuple[bool | None, list[str]]
    by_hand: dict[str, Done]
    states_by_hand: dict[tuple[str, str], tuple[bool | None, list[str]]]


@pytest.fixture(scope="module")
def run(shared_lab: Lab) -> Examples:
    lab = shared_lab
    vhd = lab.vhd("vhd01", login=False)
    lab.cluster("contoso", nodes=1)
    dev = lab.add("dev01")
    hands = [lab.add(name, via="odbc" if name == "hand-odbc" else "sqlcmd") for name in HANDS]
    assert vhd.host.setup_tool is not None
    vhd.host.setup_tool.seconds["sync"] = 20.0
    lab.start()
    before = {name: running(system) for name, system in lab.systems.items()}

    replace = {"dev01.example.com": vhd.host.address}
    on_vhd = [task for module in ON_A_VHD for task in examples(module, replace)]
    on_node = [task for module in ON_A_NODE for task in examples(module, {})]
    odbc = {"sql_port": TDS_PORT, "sql_ca_path": str(lab.estate.authority.ca_file)}
    done = lab.plays(
        {
            "hosts": "vhd01",
            "ignore_errors": False,
            "vars": {"vault_axdbadmin_password": vhd.sql_password},
            "module_defaults": {f"{COLLECTION}.d365fo_configuration_mode": odbc},
            "tasks": on_vhd,
        },
        {"hosts": "contoso", "ignore_errors": False, "tasks": on_node},
    )

    # The README's play as it stands; nobody is there to press a key.
    modes: list[bool | None] = []
    dev.host.services["W3SVC"].when_stopped.append(lambda: modes.append(aos_of(dev).maintenance_mode))
    change = lab.play(yaml.safe_dump(from_readme("A change as one playbook"), sort_keys=False))

    role = lab.play(yaml.safe_dump(from_readme("d365fo", "roles/d365fo/README.md"), sort_keys=False))
    role_left = mode_of(dev), windows_of(dev)
    lab.run("disable", "-l", "dev01")

    by_hand, states = {}, {}
    for state in ("enabled", "disabled"):
        by_hand[state] = lab.run(BY_HAND, "-l", ",".join(HANDS), "-e", f"d365fo_state={state}", "-e", QUICK)
        for machine in hands:
            stopped = [name for name, (now, _kind) in running(machine).items() if now == "STOPPED"]
            states[state, machine.name] = (mode_of(machine), sorted(stopped))
    count = len(on_vhd) + len(on_node)
    return Examples(lab, before, count, done, change, modes[:2], role, role_left, by_hand, states)


def test_every_module_has_examples_that_were_run() -> None:
    found = {path.stem for path in (ROOT / "plugins/modules").glob("d365fo_*.py")}
    assert found == {*ON_A_VHD, *ON_A_NODE}


def test_the_examples_run(run: Examples) -> None:
    assert run.examples.code == 0, run.examples.output[-3000:]
    assert sum(counts["ok"] for counts in run.examples.recap.values()) == run.count


def test_what_the_examples_say_is_true(run: Examples) -> None:
    assert "vhd: configuration mode disabled" in run.examples.output
    assert "normal, 0 open windows" in run.examples.output
    first = run.examples.of("Enable maintenance mode for a change of configuration keys")
    assert [window["id"] for window in first["status"]["windows"]] == ["CHG0042"]
    last = run.examples.of("Disable maintenance mode and synchronise the database")
    assert "synchronised" in " / ".join(step["step"] for step in last["steps"])


def test_what_the_examples_left(run: Examples) -> None:
    vhd, contoso = run.lab.systems["vhd01"], run.lab.systems["contoso"]
    # the setup tool twice in the switch's example (off, and the synchronisation), once by itself, once to synchronise
    assert len(runs_of(vhd)) >= 2
    assert (modes_of(vhd), record_of(vhd)) == ({True}, None)
    assert (modes_of(contoso), len(runs_of(contoso))) == ({True}, 1)


def test_the_play_of_the_readme(run: Examples) -> None:
    assert run.readme.code == 0, run.readme.output[-3000:]
    assert run.readme.recap["dev01"]["changed"] == 2
    machine = run.lab.estate.machines["dev01"]
    assert is_normal(machine, run.before["dev01"]) == []
    assert len(run.seen_in_readme) == 2, "once restarted each way"
    told = [entry["result"]["status"] for entry in run.readme.results if "steps" in entry["result"]]
    assert (told[0]["mode"], told[0]["reason"]) == ("maintenance", "CHG0042 configuration keys")
    assert told[0]["expires"] > told[0]["since"]
    assert (told[1]["mode"], steps(run.readme, "dev01")[-1]) == ("normal", "removed the record")


def test_the_play_of_the_roles_readme(run: Examples) -> None:
    assert run.role.code == 0, run.role.output[-3000:]
    assert run.role_left == (True, ["default"])


@pytest.mark.parametrize("host", HANDS)
@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_the_steps_by_hand(run: Examples, host: str, state: str) -> None:
    done = run.by_hand[state]
    assert not failed(done, host), message(done, host)
    wanted = (True, sorted(BACKGROUND)) if state == "enabled" else (False, [])
    assert run.states_by_hand[state, host] == wanted


def test_by_hand_there_is_no_record(run: Examples) -> None:
    for name in HANDS:
        assert windows_of(run.lab.systems[name]) == []
        assert is_normal(run.lab.systems[name], run.before[name]) == []


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
def test_what_is_returned_is_documented(run: Examples, module: str) -> None:
    """Every key of a result stands in the module's RETURN, and the other way round."""
    module_file = importlib.import_module(f"ansible_collections.quiesce.maintenance.plugins.modules.{module}")
    documented = yaml.safe_load(module_file.RETURN)
    name = {"d365fo_info": "Gather facts of a development machine"}.get(module, "Gather the status")
    result = run.examples.of(name, "vhd01")
    assert CHECKS[module](result)
    own = {
        key for key in result if not key.startswith("_") and key not in ("changed", "failed", "warnings", "invocation")
    }
    assert own == {key for key, entry in documented.items() if entry["returned"] == "success"}
    assert REPORTER in result["services"]
