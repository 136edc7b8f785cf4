"""Job slices of AWX: a fleet of development machines in one job, and in four slices. Run by ``make bench``.

Slices run on nodes of their own, so each is measured alone. The inventory has neither managers nor a host for records.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from bench.test_d365fo import ROOT, Cost, Fleet
from lab.awx.private_data import slice_of

MACHINES = int(os.environ.get("MACHINES", "200"))
SLICES = 4
WAYS = ("status", "enable", "disable")


def costs(fleet: Fleet) -> list[Cost]:
    """Each playbook once, with the inventory that the fleet has now."""
    playbooks = ROOT / "playbooks"
    return [
        fleet.run(ROOT / ".cache/collections", playbooks / f"{way}.yml", "-e", "d365fo_aos_interval=1") for way in WAYS
    ]


def test_slices(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "lab", MACHINES)
    whole = yaml.safe_load(Path(fleet.inventory).read_text(encoding="utf-8"))
    fleet.ask("latency 0.03")
    one = costs(fleet)
    sliced = []
    for number in range(1, SLICES + 1):
        file = tmp_path / f"slice{number}.yml"
        file.write_text(yaml.safe_dump(slice_of(whole, number, SLICES)), encoding="utf-8")
        fleet.inventory = str(file)
        sliced.append(costs(fleet))
    fleet.stop()
    for number, way in enumerate(WAYS):
        longest, cpu = max(each[number].wall for each in sliced), sum(each[number].cpu for each in sliced)
        job = one[number]
        print(f"| {way} | {job.wall:.1f} | {longest:.1f} | {job.cpu:.1f} | {cpu:.1f} |")
        assert longest < job.wall
