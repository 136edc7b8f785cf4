"""Status, check mode, on, again, off, again; by playbook and by role; refused, cut off, interrupted; no secret seen.

One system of each registered kind, and one run after the other over all of them (contract/runs.py).
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from contract.lab_system import lab_system
from contract.runs import NAMES, NUMBER, Run, Runs, role_options
from playbook import ROOT, Done
from playbook.secrets import found

IN, OUT, UNKNOWN = "maintenance", "normal", "unknown"


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a registered system, of which the lab has one."""
    try:
        lab_system(request.param)
    except LookupError as missing:
        pytest.fail(str(missing))
    return str(request.param)


def changed(runs: Runs, name: str, run: str) -> int:
    """How many tasks of a run that succeeded changed a system."""
    done = runs[run].done
    assert done.code == 0, done.output[-3000:]
    return done.recap[runs.systems[name].host]["changed"]


def verbose(done: Done) -> bool:
    """Whether a run said everything that it could."""
    return "ansible-playbook [core" in done.output


def told(run: Run, name: str) -> str:
    """What the row of a system says to people."""
    return " ".join(run.row(name)["notes"])


# --- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("run", "mode"), [("status", OUT), ("status while on", IN)])
def test_the_status_says_what_is(runs: Runs, name: str, run: str, mode: str) -> None:
    row = runs[run].row(name)
    assert (row["mode"], row["overdue"]) == (mode, False)
    assert runs[run].after[name].in_maintenance is (mode == IN)
    assert changed(runs, name, run) == 0


@pytest.mark.parametrize("run", ["status", "check", "status while on", "enable again", "disable again"])
def test_what_only_looks_sends_no_write(runs: Runs, name: str, run: str) -> None:
    assert runs[run].writes(name) == 0
    assert runs[run].after[name].state == runs[run].before[name].state


def test_check_mode_says_that_it_would_change(runs: Runs, name: str) -> None:
    assert changed(runs, name, "check") == 1


@pytest.mark.parametrize("run", ["enable", "role enabled"])
def test_on(runs: Runs, name: str, run: str) -> None:
    assert changed(runs, name, run) == 1
    assert runs[run].writes(name) > 0
    assert runs[run].after[name].in_maintenance
    row = runs[run].row(name)
    assert (row["mode"], row["verified"]) == (IN, runs.systems[name].VERIFIED)


@pytest.mark.parametrize("run", ["disable", "role disabled"])
def test_and_back(runs: Runs, name: str, run: str) -> None:
    assert changed(runs, name, run) == 1
    assert not runs[run].after[name].in_maintenance
    assert runs[run].after[name].state == runs["status"].before[name].state
    assert runs[run].row(name)["mode"] == OUT


@pytest.mark.parametrize(("run", "look"), [("enable again", "status while on"), ("disable again", "status")])
def test_again_is_no_more_than_a_look(runs: Runs, name: str, run: str, look: str) -> None:
    assert changed(runs, name, run) == 0
    assert runs[run].requests(name) <= runs[look].requests(name)


def test_every_row_is_as_its_schema_says(runs: Runs, name: str) -> None:
    """Of the runs that failed, too."""
    schema = json.loads((ROOT / "docs/row.schema.json").read_text(encoding="utf-8"))
    with_row = [
        run for each, run in runs.runs.items() if each != "interrupted" and each.partition(": ")[2] in ("", name)
    ]
    for run in with_row:
        jsonschema.validate(run.row(name), schema, format_checker=jsonschema.FormatChecker())


# --- windows ----------------------------------------------------------------------------------------------------------


def ids(run: Run, name: str) -> list[str]:
    return [window["id"] for window in run.row(name)["windows"]]


def test_a_window_says_who_why_and_until_when(runs: Runs, name: str) -> None:
    row = runs["ann's window"].row(name)
    assert (row["mode"], row["owner"], row["reason"], row["managed"]) == (IN, "ann", "Patch day", True)
    assert row["expires"] > row["since"]
    assert ids(runs["ann's window"], name) == ["CHG1"]


def test_the_mode_ends_with_the_last_window(runs: Runs, name: str) -> None:
    assert ids(runs["ben's window"], name) == ["CHG1", "CHG2"]
    assert runs["ben's window"].row(name)["windows"][1]["ticket"] == "T-2"
    one_left = runs["ann's is closed"]
    assert (one_left.after[name].in_maintenance, one_left.row(name)["mode"], ids(one_left, name)) == (
        True,
        IN,
        ["CHG2"],
    )
    assert "ben" in told(one_left, name)
    none_left = runs["ben's is closed"]
    assert (none_left.row(name)["mode"], ids(none_left, name)) == (OUT, [])
    assert none_left.after[name].state == runs["status"].before[name].state


def test_no_record_is_left(runs: Runs) -> None:
    out = ["status", "check", "disable", "disable again", "ben's is closed", "role disabled", "disable after that"]
    assert {run: set(runs[run].records) for run in out} == {run: set() for run in out}
    assert runs["enable"].records


# --- the role, and values as text -------------------------------------------------------------------------------------


def test_values_as_text_do_the_same(runs: Runs, name: str) -> None:
    """The role had booleans and numbers as text, and blank what was not given; the playbook had them as they are."""
    assert without_own(runs["role enabled"].row(name)) == without_own(runs["enable"].row(name))
    assert runs["role enabled"].writes(name) == runs["enable"].writes(name)
    assert without_own(runs["role disabled"].row(name)) == without_own(runs["disable"].row(name))
    assert runs["role disabled"].writes(name) == runs["disable"].writes(name)


def without_own(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is each run's own: its moments and its reason."""
    return {key: value for key, value in row.items() if key not in ("since", "expires", "windows", "reason")}


def test_a_reason_may_be_a_number(runs: Runs, name: str) -> None:
    given = [str(NUMBER)] if f"{name}_reason" in role_options(name) else []
    assert [row for row in [runs["role enabled"].row(name)["reason"]] if row] == given


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["status while cut off", "role status while cut off"])
def test_a_status_never_fails_and_the_row_says_why(runs: Runs, name: str, run: str) -> None:
    assert (runs[run].done.code, runs[run].row(name)["mode"]) == (0, UNKNOWN), runs[run].done.output
    assert "connect" in told(runs[run], name)


@pytest.mark.parametrize("what", ["cut off", "refused"])
def test_what_fails_fails_and_says_why(runs: Runs, name: str, what: str) -> None:
    """The row says no more than is known, and why; and so does the end of the run."""
    run, system = runs[f"{what}: {name}"], runs.systems[name]
    why = system.REFUSAL if what == "refused" else "connect"
    counts = run.done.recap[system.host]
    assert (run.done.code, counts["failed"] + counts["unreachable"]) == (2, 1), run.done.output
    assert run.row(name)["mode"] in (UNKNOWN, IN if run.after[name].in_maintenance else OUT)
    assert re.search(why, told(run, name)), told(run, name)
    assert re.search(why, run.done.of("Report what failed", system.host)["msg"])


def test_ctrl_c_ends_a_run_at_once(runs: Runs, name: str) -> None:
    run = runs["interrupted"]
    assert run.done.code == 99, run.done.output
    assert name in runs.held, run.done.output
    assert run.writes(name) > 0


def test_the_next_run_finishes_what_was_interrupted(runs: Runs, name: str) -> None:
    run = runs["enable after that"]
    assert run.done.code == 0, run.done.output[-3000:]
    assert (run.after[name].in_maintenance, run.row(name)["mode"]) == (True, IN)


def test_and_the_way_back_brings_everything_back(runs: Runs, name: str) -> None:
    run = runs["disable after that"]
    assert run.done.code == 0, run.done.output[-3000:]
    assert run.after[name].state == runs["status"].before[name].state


def test_no_traceback(runs: Runs) -> None:
    """At the highest verbosity Ansible prints those of its connection plugins."""
    dones = {name: run.done for name, run in runs.runs.items()}
    assert [name for name, done in dones.items() if not verbose(done) and "Traceback" in done.output] == []
    assert [name for name, done in dones.items() if "Traceback" in json.dumps(done.results)] == []


# --- nodes ------------------------------------------------------------------------------------------------------------

QUERIES = yaml.safe_load((ROOT / "extensions/audit/event_query.yml").read_text(encoding="utf-8"))


def nodes(runs: Runs, run: str, name: str) -> set[str]:
    """The identities that the audit's queries find in the results of a run, of one kind of system."""
    found: list[dict[str, Any]] = []
    for action, each in QUERIES.items():
        results = [json.dumps(entry["result"]) for entry in runs[run].done.results if entry["action"] == action]
        answer = subprocess.run(
            ["jq", "-c", each["query"]], input="\n".join(results), capture_output=True, text=True, check=True
        )
        found += [json.loads(line) for line in answer.stdout.splitlines()]
    assert all(each["name"] and each["facts"]["device_type"] for each in found)
    return {json.dumps(each["canonical_facts"]) for each in found if each["canonical_facts"]["kind"] == name}


@pytest.mark.parametrize("run", ["enable", "disable", "role enabled"])
def test_a_node_that_was_managed_through_another_one_is_counted_once(runs: Runs, name: str, run: str) -> None:
    """By its platform's own id, or its name in the inventory; by playbook and by role it is the same one."""
    counted = register()[name].module in QUERIES
    assert len(nodes(runs, run, name)) == counted
    assert nodes(runs, run, name) == nodes(runs, "enable", name)


@pytest.mark.parametrize("run", ["status", "enable again", "status while cut off", "role status while cut off"])
def test_what_was_only_looked_at_is_not_counted(runs: Runs, name: str, run: str) -> None:
    assert nodes(runs, run, name) == set()


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_there_is_a_secret_to_look_for(runs: Runs, name: str) -> None:
    takes_one = any(option.get("no_log") for option in role_options(name).values())
    assert bool(runs.secrets_of(name)) is takes_one


def test_no_secret_is_printed_or_returned(runs: Runs) -> None:
    assert {"enable", "disable", "status while cut off", *(f"refused: {name}" for name in runs.systems)} == {
        name for name, run in runs.runs.items() if verbose(run.done)
    }
    for run in runs.runs.values():
        assert found(run.done.output, runs.secrets()) == []
        assert found(json.dumps(run.done.results), runs.secrets()) == []


def test_no_secret_is_in_the_logs_of_the_system(runs: Runs, name: str) -> None:
    heard = runs.systems[name].heard()
    assert heard
    assert found(heard, runs.secrets()) == []
