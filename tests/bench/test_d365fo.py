"""Dynamics 365: what a switch costs the controller and the wire, compared with one ``raw`` task on the same machines.

Fleets of 1 to 200 development machines, 0 to 150 ms away. CPU is that of ansible-playbook and its workers (getrusage);
HTTP requests are counted by the lab. With ``BEFORE=<commit>`` in the environment an older state of the collection runs
on the same machines in the same run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FLEETS = tuple(int(number) for number in os.environ.get("FLEETS", "1 10 50 200").split())
LATENCIES = tuple(float(number) for number in os.environ.get("LATENCIES", "0 0.03 0.15").split())
FORKS = "25"

RAW = "- {hosts: all, gather_facts: false, tasks: [{ansible.builtin.raw: sc.exe query W3SVC}]}\n"


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds, seconds of CPU, requests and shells a machine."""

    wall: float
    cpu: float
    requests: float
    shells: float


class Fleet:
    """Machines in a process of their own."""

    def __init__(self, folder: Path, machines: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("d365fo_lab.py")), str(folder), str(machines)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        )
        self.inventory = self._answer()["inventory"]

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command to the process."""
        assert self.process.stdin is not None
        print(command, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def run(self, collections: Path, playbook: Path, *arguments: str) -> Cost:
        """Run a playbook and return what it cost."""
        self.ask("reset")
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", self.inventory, str(playbook), *arguments],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": str(collections),
                "ANSIBLE_FORKS": FORKS,
                "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stdout[-3000:]
        counts = self.ask("counts")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(wall, cpu, counts["requests"], counts["shells"])

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where each state of the collection lies: "now", and "before" if a commit was named."""
    found = {"now": ROOT / ".cache/collections"}
    if commit := os.environ.get("BEFORE"):
        found["before"] = tmp_path_factory.mktemp("before")
        place = found["before"] / "ansible_collections/quiesce/maintenance"
        place.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as packed:
            packed.extractall(place, filter="data")
    return found


@pytest.fixture(params=FLEETS, ids=lambda number: f"{number} machines")
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "lab", request.param)
    yield fleet
    fleet.stop()


def best(costs: Sequence[Cost]) -> Cost:
    """The run that was disturbed least."""
    return min(costs, key=lambda cost: cost.cpu)


@pytest.mark.parametrize("latency", LATENCIES, ids=lambda seconds: f"{seconds * 1000:.0f} ms")
def test_cost_of_a_switch(fleet: Fleet, latency: float, collections: dict[str, Path], tmp_path: Path) -> None:
    fleet.ask(f"latency {latency}")
    raw = tmp_path / "raw.yml"
    raw.write_text(RAW)
    times = 3 if latency == 0 else 1
    base = best([fleet.run(collections["now"], raw) for _run in range(times)])
    rows = {"one raw task": base}
    for state, place in collections.items():
        playbooks = place / "ansible_collections/quiesce/maintenance/playbooks"
        interval = ("-e", "d365fo_aos_interval=1")
        again = times if state == "now" else 1  # the older state may take minutes
        nothing = best([fleet.run(place, playbooks / "disable.yml", *interval) for _run in range(again)])
        rows[f"nothing to do, {state}"] = nothing
        rows[f"enable, {state}"] = fleet.run(place, playbooks / "enable.yml", *interval)
        rows[f"disable, {state}"] = fleet.run(place, playbooks / "disable.yml", *interval)
    print(f"\n{fleet.folder.parent.name}, {latency * 1000:.0f} ms")
    for name, cost in rows.items():
        print(
            f"| {name} | {cost.wall:.1f} | {cost.wall / base.wall:.2f} | {cost.cpu:.1f} | {cost.cpu / base.cpu:.2f} "
            f"| {cost.requests:.1f} | {cost.shells:.1f} |"
        )
    now = rows["nothing to do, now"]
    assert round(now.requests) == round(base.requests)  # under load a long poll may be asked for once more
    assert rows["enable, now"].shells == rows["disable, now"].shells == 1
