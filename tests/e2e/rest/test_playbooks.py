"""The playbooks of the collection over an estate with every product of this folder: on, again, off, off, status.

On dev01 are Dynamics 365 and the silences of an Alertmanager; those of dev02 are set up as the guide shows. launch01 is
a Launch server, web01.example.com a computer of a Trend manager that is no system by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from lab.estate import Machine
from lab.rest.alertmanager import Daemon, Front
from lab.rest.launch import LaunchServer
from lab.rest.trend import Computer, TrendManager
from playbook import ROOT, Done
from playbook.alertmanager import TOKEN, adapted, free_port
from playbook.estate import Lab, mode_of, row

TABLE = "Report the status of all systems"
# As the guide's command line has it for dev01 and dev02, and for all others.
REASONS: dict[str, Any] = {"d365fo_reason": "CHG0042", "alertmanager_reason": "CHG0042", "alertmanager_expires": "2h"}
FOR_ALL: dict[str, Any] = {
    "quiesce_window": "CHG7",
    "quiesce_reason": "upgrade",
    "quiesce_expires": "2h",
    "quiesce_ticket": "",
}


@dataclass(frozen=True)
class Moment:
    """How the systems were after a run."""

    done: Done
    aos: bool | None
    silences: list[dict[str, Any]]
    launch: bool
    trend: str
    minutes: int | None

    def silences_of(self, host: str) -> list[dict[str, Any]]:
        """The silences that are about a host, the oldest first."""
        return [each for each in self.silences if each["matchers"][0]["value"].startswith(host)]

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the table by system and kind."""
        return {f"{each['system']}: {each['kind']}": each for each in self.done.of(TABLE)["rows"]}


@dataclass
class Systems:
    """The systems of the estate."""

    machine: Machine
    front: Front
    launch: LaunchServer
    manager: TrendManager

    def look(self, done: Done) -> Moment:
        """How they are after a run."""
        computer = self.manager.computers[1]
        return Moment(
            done,
            mode_of(self.machine),
            self.front.daemon.silences(),
            self.launch.maintenance,
            self.manager.state(computer),
            computer.duration,
        )


def guide() -> list[str]:
    """What docs/alertmanager.md shows of YAML, for dev02."""
    text = (ROOT / "docs/alertmanager.md").read_text(encoding="utf-8").replace("dev01", "dev02")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def build(lab: Lab) -> Systems:
    """Add the systems to an estate."""
    estate = lab.estate
    address = estate.address()
    daemon = Daemon("127.0.0.1", free_port(), lab.folder / "alertmanager")
    front = Front(daemon, address, 19093, tls=estate.authority.server(address), authorization=f"Bearer {TOKEN}")
    estate.add(front)
    url = f"https://{address}:19093/monitoring/alerts"
    common: dict[str, Any] = {"alertmanager_ca_path": str(estate.authority.ca_file), "alertmanager_retry_timeout": "1s"}
    machine = lab.add(
        "dev01",
        **common,
        quiesce_systems=["d365fo", "alertmanager"],
        alertmanager_url=url,
        alertmanager_token=TOKEN,
        alertmanager_matchers=['instance="{{ inventory_hostname }}"'],
    )
    shown = adapted(guide()[0], url)["all"]
    variables = {**shown["vars"], **shown["hosts"]["dev02"], "quiesce_systems": ["alertmanager"]}
    estate.add_to_inventory("monitored", "dev02", {**common, **variables})
    launch = estate.add_launch_server("launch01", version="8.1.1.0")
    estate.variables("launch01").update(launch_drain=False, launch_owner="release")
    manager = estate.add_trend_manager("dsm01", 0)
    manager.add(Computer(1, "web01.example.com", heartbeat=0))
    estate.only_a_manager("dsm01")
    del estate.variables("dsm01")["trend_computers"]
    estate.add_to_inventory("computers", "web01.example.com", {"quiesce_systems": ["trend"], "trend_manager": "dsm01"})
    return Systems(machine, front, launch, manager)


@pytest.fixture(scope="module")
def moments(shared_lab: Lab) -> dict[str, Moment]:
    """What came of each run."""
    lab = shared_lab
    systems = build(lab)
    given = {**REASONS, **FOR_ALL}
    window: dict[str, Any] = {"quiesce_window": FOR_ALL["quiesce_window"]}
    (around,) = yaml.safe_load(guide()[1])

    def with_silences(state: str, playbook: str) -> str:
        """The guide's own playbook, and after it one of the collection."""
        play = {**around, "hosts": "dev02", "vars": {**around["vars"], "alertmanager_state": state}}
        return yaml.safe_dump([play, {"ansible.builtin.import_playbook": str(ROOT / f"playbooks/{playbook}.yml")}])

    moments = {"on": systems.look(lab.play(with_silences("enabled", "enable"), **given))}
    moments["again"] = systems.look(lab.run("enable", **given))
    systems.front.refusing = True
    moments["refused"] = systems.look(lab.run("disable", **window))
    systems.front.refusing = False
    moments["off"] = systems.look(lab.run("disable", **window))
    moments["status"] = systems.look(lab.play(with_silences("disabled", "status")))
    return moments


def test_beside_dynamics_on_one_host(moments: dict[str, Moment]) -> None:
    """The playbooks switch both systems of dev01, in their waves; when Alertmanager refuses, Dynamics goes back all the
    same."""
    on, again, refused, off, status = moments.values()
    assert on.done.code == 0, on.done.output
    assert on.aos is True
    assert [each["comment"].partition("\n")[0] for each in on.silences_of("dev01")] == ["CHG0042"]
    rows = [each for each in on.rows.values() if each["system"] == "dev01"]
    assert [(each["kind"], each["mode"], each["verified"]) for each in rows] == [
        ("D365 F&O", "maintenance", True),
        ("Alertmanager", "maintenance", True),
    ]
    assert all(len(line) <= 120 for line in on.done.of(TABLE)["table"])

    assert (again.done.code, again.done.recap["dev01"]["changed"]) == (0, 0)

    assert refused.done.code == 2
    assert re.search(
        "Prometheus Alertmanager: .*silences are for operators", refused.done.of("Report what failed")["msg"]
    )
    assert refused.aos is False
    assert len(refused.silences_of("dev01")) == 1

    assert (off.done.code, off.silences_of("dev01")) == (0, [])
    rows = [each for each in off.rows.values() if each["system"] == "dev01"]
    assert [each["mode"] for each in rows] == ["normal", "normal"]
    assert row(status.done, "dev01")["mode"] == "normal"
    assert [name for name, each in moments.items() if TOKEN in each.done.output] == []


def test_alertmanagers_guide_runs(moments: dict[str, Moment]) -> None:
    """The inventory of docs/alertmanager.md, with the playbooks of the collection and the one that it shows."""
    assert [each["matchers"][0]["value"] for each in moments["on"].silences_of("dev02")] == ["dev02(:[0-9]+)?"] * 2
    assert "CHG0042" in moments["again"].rows["dev02: Alertmanager"]["reason"]
    (left,) = moments["off"].silences_of("dev02")
    assert '"window": "switch"' in left["comment"]
    assert moments["status"].silences == []
    assert moments["status"].rows["dev02: Alertmanager"]["mode"] == "normal"


def test_by_variables_for_all_systems(moments: dict[str, Moment]) -> None:
    """One change, one -e for every system; a system's own variable counts before it."""
    on, refused = moments["on"], moments["refused"]
    shown = {name: on.rows[name] for name in ("launch01: Launch", "web01.example.com: Trend AC")}
    assert {name: (row["owner"], row["reason"], row["managed"]) for name, row in shown.items()} == {
        "launch01: Launch": ("release", "upgrade", True),
        "web01.example.com: Trend AC": ("tester", "upgrade", True),
    }
    (window,) = shown["web01.example.com: Trend AC"]["windows"]
    assert window["id"] == "CHG7"
    assert shown["web01.example.com: Trend AC"]["expires"] == window["expires"]
    assert on.minutes == 120
    assert (refused.launch, refused.trend) == (False, "off"), refused.done.output
    assert [refused.done.recap[host]["failed"] for host in ("launch01", "web01.example.com")] == [0, 0]
