"""A change window over a system of each registered kind: it is closed whatever happens, by itself or by the sweep.

One estate; each case is one run of the playbook, with the sweep behind it if the run could not do it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible.release import __version__
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from contract.lab_system import LabSystem, lab_system
from contract.runs import NAMES
from lab.thread import LoopThread
from playbook import ROOT, Done, Running
from playbook.estate import Lab
from playbook.shared import new_lab

CORE = tuple(int(part) for part in __version__.split(".")[:2])
# ansible-core 2.16 ends a run that lost a host for all of them, see docs/change-window.md.
GOES_ON = CORE >= (2, 17)
LIMIT = 60.0  # real seconds after which something that has to happen counts as not happening
SOON = 5  # seconds: longer than any one request takes
LATER = 15  # seconds: mostly longer than a run takes from its first switch to its way out
WORK = """
- name: Do it
  ansible.builtin.debug: {msg: "at work for {{ window.id }} of {{ window.owner }}"}
- name: Fail
  ansible.builtin.fail: {msg: the update failed}
  when: inventory_hostname == fails | default('')
- name: Lose the host
  ansible.builtin.raw: whoami
  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
  when: lost is defined
- name: Go no further
  ansible.builtin.debug: {msg: never done}
  when: lost is defined
- name: Include a file with the name of a step
  ansible.builtin.include_tasks: ready.yml
  when: own is defined
- name: Lose one host for all
  ansible.builtin.raw: whoami
  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}
  run_once: true
  when: fatal is defined
- name: Say that it begins
  ansible.builtin.file: {path: "{{ begun }}", state: touch, mode: "0600"}
  delegate_to: localhost
  vars: {ansible_connection: local}
  run_once: true
  when: begun is defined
- name: Wait for the test
  ansible.builtin.wait_for: {path: "{{ begun }}.go", timeout: 60, sleep: 1}
  delegate_to: localhost
  vars: {ansible_connection: local}
  run_once: true
  when: begun is defined
"""
WAY_IN, WORK_OF, WAY_OUT = "killed-on-the-way-in", "killed-in-the-work", "killed-on-the-way-out"
# At each point of a run each signal, and at each point the systems of each wave; over the three each wave by each.
KILLED = {
    WAY_IN: {"gates": signal.SIGKILL, "applications": signal.SIGTERM, "protections": signal.SIGINT},
    WORK_OF: {"gates": signal.SIGTERM, "applications": signal.SIGINT, "protections": signal.SIGKILL},
    WAY_OUT: {"gates": signal.SIGINT, "applications": signal.SIGKILL, "protections": signal.SIGTERM},
}
TOLD = """
- name: Tell the people
  ansible.builtin.debug: {msg: "told of {{ window.id }} of {{ window.owner }} until {{ window.expires }}"}
"""
OVER = """
- name: Tell the people
  ansible.builtin.debug: {msg: "{{ windows.overdue | length }} overdue"}
"""
FAILS = """
- name: Tell the people
  ansible.builtin.fail: {msg: the mail server is down}
"""


@dataclass(frozen=True)
class Case:
    """A run, the sweep behind it, and what the systems were after each."""

    done: Done
    after: Mapping[str, Any]
    evidence: tuple[Mapping[str, Any], ...]
    swept: Done | None = None
    after_sweep: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Windows:
    """The estate, and what came of each case by its name."""

    lab: Lab
    systems: dict[str, LabSystem]
    before: Mapping[str, Any]
    cases: dict[str, Case] = field(default_factory=dict)
    early: tuple[Done, Mapping[str, Any], Mapping[str, Any]] | None = None
    """A sweep while work went on, and what the systems were before and after it."""

    @property
    def folder(self) -> Path:
        return self.lab.folder

    def variables(self, name: str, **more: Any) -> dict[str, Any]:
        return {
            "quiesce_window": name,
            "quiesce_expires": "2h",
            "quiesce_owner": "ann",
            "window_work": str(self.folder / "work.yml"),
            "window_evidence": str(self.folder / "evidence"),
            **more,
        }

    def run(self, name: str, *arguments: str, **more: Any) -> None:
        """Run the playbook to its end."""
        done = self.lab.run("window", *arguments, **self.variables(name, **more))
        self.keep(name, done)

    def begin(self, name: str, *arguments: str, **more: Any) -> Running:
        return self.lab.begin("window", *arguments, **self.variables(name, **more))

    def keep(self, name: str, done: Done, swept: Done | None = None, after: Mapping[str, Any] | None = None) -> None:
        now = self.states()
        self.cases[name] = Case(done, now if after is None else after, self.evidence(name), swept, now)

    def sweep(self, *, take_over: bool = True, **more: Any) -> Done:
        """Run the sweep, which need not wait for the leases of runs that are known to be dead."""
        known: dict[str, Any] = {f"{name}_take_over": take_over for name in [*self.systems, "window"]}
        evidence = str(self.folder / "evidence")
        return self.lab.run("expire", quiesce_on_expiry="close", window_evidence=evidence, **known, **more)

    def all(self, act: Callable[[LabSystem], object]) -> None:
        for system in self.systems.values():
            act(system)

    def states(self) -> dict[str, Any]:
        return {name: (system.in_maintenance(), system.state()) for name, system in self.systems.items()}

    def evidence(self, name: str) -> tuple[Mapping[str, Any], ...]:
        file = self.folder / f"evidence/{name}.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return tuple(json.loads(line) for line in lines)


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    with LoopThread() as loop, new_lab(tmp_path_factory.mktemp("window"), loop) as lab:
        systems = {name: lab_system(name)(lab, f"{name}01") for name in NAMES}
        lab.start()
        found = Windows(lab, systems, {})
        found.before = found.states()
        (lab.folder / "work.yml").write_text(WORK, encoding="utf-8")
        (lab.folder / "fails.yml").write_text(FAILS, encoding="utf-8")
        (lab.folder / "told.yml").write_text(TOLD, encoding="utf-8")
        (lab.folder / "over.yml").write_text(OVER, encoding="utf-8")
        (lab.folder / "ready.yml").write_text(
            "- ansible.builtin.debug: {msg: in a file of its own}\n", encoding="utf-8"
        )
        (lab.folder / "unknown.yml").write_text("- no_such_module: {}\n", encoding="utf-8")
        (lab.folder / "imports.yml").write_text("- ansible.builtin.import_tasks: unknown.yml\n", encoding="utf-8")
        every_case(found)
        yield found


def extended(windows: Windows) -> None:
    """A window of plain enable gets a later end on every system."""
    windows.lab.run("enable", quiesce_window="longer", quiesce_expires="1h")
    done = windows.lab.run("extend", quiesce_window="longer", window_extend="9h")
    after = windows.states()
    windows.keep("longer", done, windows.lab.run("disable", quiesce_window="longer"), after)


def every_case(windows: Windows) -> None:
    extended(windows)
    windows.run("no-such-work", window_work=str(windows.folder / "missing.yml"))
    told = str(windows.folder / "told.yml")
    hooks = {f"window_{name}": told for name in ("before_open", "opened", "closed")}
    windows.run("went-well", own=True, **hooks)
    windows.run("work-failed", fails="d365fo01")
    windows.run("lost-in-the-work", lost=True)
    fails = str(windows.folder / "fails.yml")
    fatal_for_all(windows, fails)
    windows.run("before-open-fails", "-l", "launch01", window_before_open=fails)
    windows.run("opened-fails", "-l", "launch01", window_opened=fails)
    windows.run("no-such-module", "-l", "launch01", window_work=str(windows.folder / "imports.yml"))
    for name, system in windows.systems.items():
        system.refuse(True)
        windows.run(f"{name}-refuses")
        system.refuse(False)
    windows.all(lambda system: system.cut_off(True))
    windows.run("lost-from-the-beginning")
    windows.all(lambda system: system.cut_off(False))
    lost_at_the_end(windows)
    for where, waves in KILLED.items():
        killed(windows, where, waves)


def fatal_for_all(windows: Windows, fails: str) -> None:
    """Work that is fatal for every host. What an old Ansible can't go on after, the sweep closes."""
    more = {} if GOES_ON else {"quiesce_expires": f"{SOON}s"}
    windows.run("fatal-for-all", "-l", "launch01,trend01", fatal=True, window_work_failed=fails, **more)
    if not GOES_ON:
        time.sleep(SOON)
        found = windows.cases["fatal-for-all"]
        windows.keep("fatal-for-all", found.done, windows.sweep(), found.after)


def lost_at_the_end(windows: Windows) -> None:
    """A window that is over soon, on the way out of which nobody answers."""
    name = "lost-at-the-end"
    begun = windows.folder / f"{name}.begun"
    running = windows.begin(name, quiesce_expires=f"{SOON}s", begun=str(begun))
    until(begun.exists, running)
    windows.all(lambda system: system.cut_off(True))
    begun.with_suffix(".begun.go").touch()
    done = running.wait()
    windows.all(lambda system: system.cut_off(False))
    time.sleep(SOON)  # the last system began its window at the latest when the work did
    after = windows.states()
    windows.keep(name, done, windows.sweep(), after)


def killed(windows: Windows, where: str, waves: Mapping[str, signal.Signals]) -> None:
    """A window over the systems of each wave, all at once, each ended by its own signal at this point of the run."""
    runs: dict[str, Running] = {}
    if where == WAY_IN:
        windows.all(lambda system: system.hold(True))
    for wave in waves:
        hosts = ",".join(windows.systems[name].host for name in NAMES if register()[name].wave == wave)
        begun = {} if where == WAY_IN else {"begun": str(windows.folder / f"{wave}-{where}.begun")}
        expires = f"{LATER if where == WAY_OUT else SOON}s"
        runs[wave] = windows.begin(f"{wave}-{where}", "-l", hosts, quiesce_expires=expires, **begun)
    if where == WAY_IN:
        each_is_in_its_middle(windows, where, runs)
    else:
        for wave, running in runs.items():
            until((windows.folder / f"{wave}-{where}.begun").exists, running)
    over = time.monotonic() + (LATER if where == WAY_OUT else SOON)  # by now the last system has begun its window
    if where == WORK_OF:
        time.sleep(max(0.0, over - time.monotonic()))
        swept_too_early(windows)
    if where == WAY_OUT:
        windows.all(lambda system: system.hold(True))
        for wave in waves:
            (windows.folder / f"{wave}-{where}.begun.go").touch()
        each_is_in_its_middle(windows, where, runs)
    done = {wave: ended_by(running, waves[wave], f"{wave}-{where}") for wave, running in runs.items()}
    if where == WORK_OF:
        for wave in waves:  # a task goes on after its run has ended
            (windows.folder / f"{wave}-{where}.begun.go").touch()
    else:
        windows.all(lambda system: system.hold(False))
    after = windows.states()
    time.sleep(max(0.0, over - time.monotonic()))
    swept = windows.sweep()
    for wave in waves:
        windows.keep(f"{wave}-{where}", done[wave], swept, after)


def each_is_in_its_middle(windows: Windows, where: str, runs: Mapping[str, Running]) -> None:
    """Wait for it. On a slow machine a silence ends by itself before its run gets to end it."""

    def is_there(name: str) -> bool:
        out = where == WAY_OUT and windows.states()[name] == windows.before[name]
        return windows.systems[name].held() or out

    for name in NAMES:
        until(partial(is_there, name), runs[register()[name].wave])


def swept_too_early(windows: Windows) -> None:
    """The time of the windows is over, and their work goes on."""
    before = windows.states()
    done = windows.sweep(take_over=False, window_overdue=str(windows.folder / "over.yml"))
    windows.early = done, before, windows.states()


def ended_by(running: Running, how: signal.Signals, name: str) -> Done:
    os.kill(running.process.pid, how)
    if how == signal.SIGKILL:
        # The workers of ansible-core 2.19 and later have sessions of their own; with them goes what else it started.
        its_own = f"ansible-playbook.*{running.output.parent}.*quiesce_window: {name}[,}}]"
        subprocess.run(["pkill", "-9", "-f", its_own], check=False)
    return running.wait()


def until(true: Callable[[], bool], running: Running) -> None:
    end = time.monotonic() + LIMIT
    while not true():
        assert running.process.poll() is None, running.output.read_text(encoding="utf-8")[-4000:]
        assert time.monotonic() < end, running.output.read_text(encoding="utf-8")[-4000:]
        time.sleep(0.05)


REFUSES = [f"{name}-refuses" for name in NAMES]
BY_ITSELF = [
    "went-well",
    "work-failed",
    "lost-in-the-work",
    "opened-fails",
    *REFUSES,
    "lost-from-the-beginning",
    *(["fatal-for-all"] if GOES_ON else []),
]
BY_THE_SWEEP = [
    "lost-at-the-end",
    *(f"{wave}-{where}" for where, waves in KILLED.items() for wave in waves),
    *([] if GOES_ON else ["fatal-for-all"]),
]


@pytest.mark.parametrize("case", BY_ITSELF)
def test_every_system_is_as_it_was(windows: Windows, case: str) -> None:
    assert windows.cases[case].after == windows.before


@pytest.mark.parametrize("case", BY_THE_SWEEP)
def test_the_sweep_closes_what_the_run_could_not(windows: Windows, case: str) -> None:
    found = windows.cases[case]
    assert found.after != windows.before, "the run closed it, so this case shows nothing"
    assert found.swept is not None
    assert found.swept.code == 0, found.swept.output[-4000:]
    assert found.after_sweep == windows.before


def test_nothing_is_closed_while_the_work_goes_on(windows: Windows) -> None:
    """Although its time is over."""
    assert windows.early is not None
    done, before, after = windows.early
    assert (done.code, after) == (2, before)
    said = " ".join(done.output.split())
    closable = [name for name in NAMES if before[name] != windows.before[name]]  # a silence ended by itself
    assert len(closable) >= len(NAMES) - 1
    for name in closable:
        assert re.search(rf"the window {register()[name].wave}-{WORK_OF} .*? its work still goes on", said), said
    assert f"{len(closable)} overdue" in said, "the people are told"


@pytest.mark.parametrize("case", ["no-such-work", "no-such-module"])
def test_work_that_cannot_be_read_is_refused_before_anything_changes(windows: Windows, case: str) -> None:
    found = windows.cases[case]
    assert (found.done.code, found.after, found.evidence) == (2, windows.before, ())
    assert "Invalid window_work: " in " ".join(found.done.output.split())
    assert "PLAY [Put the gates into maintenance mode]" not in found.done.output


def test_the_end_of_a_run_that_went_well(windows: Windows) -> None:
    assert windows.cases["went-well"].done.code == 0, windows.cases["went-well"].done.output[-4000:]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("work-failed", r"d365fo01: Fail: the update failed"),
        ("lost-in-the-work", r"left the run before the work was done"),
        ("lost-from-the-beginning", r"[Cc]ould not connect"),
        ("opened-fails", r"localhost: Tell the people: the mail server is down"),
        *[(f"{name}-refuses", lab_system(name).REFUSAL) for name in NAMES],
    ],
)
def test_the_end_of_a_run_that_failed(windows: Windows, case: str, says: str) -> None:
    done = windows.cases[case].done
    assert done.code in (2, 4)
    # A system that does not even let itself be looked at is refused before the others are switched for nothing.
    last = "Open" if not windows.cases[case].evidence else "Close"
    said = " ".join(done.output[done.output.rindex(f"PLAY [{last} the window]") :].split())
    assert re.search(says, said), said


@pytest.mark.parametrize("case", [*REFUSES, "lost-from-the-beginning", "opened-fails"])
def test_no_work_without_maintenance_mode(windows: Windows, case: str) -> None:
    found = windows.cases[case]
    assert "at work for" not in found.done.output
    switched = "PLAY [Put the gates into maintenance mode]" in found.done.output
    assert ("not worked" in [line["event"] for line in found.evidence]) is switched


def test_systems_that_cannot_be_asked_keep_the_others_from_being_switched(windows: Windows) -> None:
    found = windows.cases["lost-from-the-beginning"]
    assert "Nothing was switched." in " ".join(found.done.output.split())
    assert (found.after, found.evidence) == (windows.before, ())


def test_a_host_that_is_lost_gets_no_further(windows: Windows) -> None:
    assert "never done" not in windows.cases["lost-in-the-work"].done.output
    assert "at work for went-well of ann" in windows.cases["went-well"].done.output


def test_the_people_are_told_before_it_opens_when_it_is_open_and_at_the_end(windows: Windows) -> None:
    said = windows.cases["went-well"].done.output
    marks = [
        r"told of went-well of ann until \d{4}-",
        r"PLAY \[Put the gates into maintenance mode\]",
        r"told of went-well",
        r"PLAY \[Do the work\]",
        r"PLAY \[Close the window\]",
        r"told of went-well",
    ]
    assert re.search(".*?".join(marks), said, re.DOTALL), said


def test_a_window_of_which_nothing_was_switched_is_taken_back(windows: Windows) -> None:
    found = windows.cases["before-open-fails"]
    assert (found.done.code, found.after) == (2, windows.before)
    assert "PLAY [Put the gates into maintenance mode]" not in found.done.output
    assert "the mail server is down" in " ".join(found.done.output.split())
    assert [line["event"] for line in found.evidence] == ["opened", "before", "cancelled"]


def test_the_work_includes_its_own_files(windows: Windows) -> None:
    assert "in a file of its own" in windows.cases["went-well"].done.output


def test_a_window_is_extended_on_every_system(windows: Windows) -> None:
    found = windows.cases["longer"]
    assert found.done.code == 0, found.done.output[-4000:]
    rows = [row for entry in found.done.results for row in entry["result"].get("rows", ())][-len(NAMES) :]
    ends = {window["expires"] for row in rows for window in row["windows"]}
    first = {window["opened"] for row in rows for window in row["windows"]}
    assert len(ends) == 1, "one end for all"
    assert datetime.fromisoformat(ends.pop()[:-1]) - datetime.fromisoformat(min(first)[:-1]) >= timedelta(hours=10)
    assert found.after != windows.before
    assert found.after_sweep == windows.before


def test_nothing_is_left_in_the_store(windows: Windows) -> None:
    left = [file.name for file in (windows.lab.estate.folder / "records").glob("*") if file.suffix != ".lock"]
    assert sorted(left) == ["recent-windows.json", "service-times.json"]


def test_the_status_knows_the_windows_that_were_closed(windows: Windows) -> None:
    """How each ended; none that was refused."""
    text = (windows.lab.estate.folder / "records/recent-windows.json").read_text(encoding="utf-8")
    closed = {window["id"]: window["result"] for window in json.loads(text)["windows"]}
    assert closed["went-well"] == "ok"
    opened = [case for case in REFUSES if windows.cases[case].evidence]  # it let itself be looked at
    assert {closed[case] for case in ("work-failed", "opened-fails", *opened)} == {"failed"}
    assert {closed[case] for case in BY_THE_SWEEP} == {"swept"}
    assert not {"no-such-work", "no-such-module", "lost-from-the-beginning", *REFUSES} - {*opened} & closed.keys()


def test_no_process_is_left(windows: Windows) -> None:
    """The guard of a window ends with the window, or with its run."""
    found = subprocess.run(
        ["pgrep", "-f", f"ansible-playbook.*{windows.folder}"], capture_output=True, text=True, check=False
    ).stdout
    assert found == ""


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_the_evidence_tells_the_whole_story(windows: Windows) -> None:
    lines = windows.cases["went-well"].evidence
    events = [line["event"] for line in lines]
    number = len(NAMES)
    assert events[0] == "opened"
    assert events[-1] == "closed"
    assert events.count("before") == events.count("after") == number
    assert [line["to"] for line in lines if line["event"] == "switch"] == ["maintenance"] * number + ["normal"] * number
    assert {line["result"] for line in lines if line["event"] == "switch"} == {"ok"}
    assert (lines[0]["window"]["owner"], lines[-1]["result"]) == ("ann", "ok")


@pytest.mark.parametrize("case", BY_THE_SWEEP)
def test_the_sweep_adds_to_the_evidence(windows: Windows, case: str) -> None:
    assert windows.cases[case].evidence[-1]["event"] == "closed by the sweep"


def test_sha256sum_and_jq_verify_the_evidence(windows: Windows) -> None:
    """As docs/change-window.md shows it."""
    page = (ROOT / "docs/change-window.md").read_text(encoding="utf-8")
    script = next(block for block in re.findall(r"```shell\n(.*?)```", page, re.DOTALL) if "sha256sum" in block)
    folder = windows.folder / "evidence"

    def verified(name: str) -> str:
        text = script.replace("CHG0042", name)
        return subprocess.run(["sh", "-c", text], cwd=folder, capture_output=True, text=True, check=True).stdout

    said = verified("went-well")
    assert "broken" not in said
    assert said.split()[-1] in windows.cases["went-well"].done.output
    lines = (folder / "went-well.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "changed.jsonl").write_text("\n".join([lines[0].replace("ann", "eve"), *lines[1:]]) + "\n")
    assert "broken" in verified("changed")
