"""Whether a change is allowed: asked once on the controller, for hosts that nobody can reach, by file and by HTTPS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakes.ics import calendar, event
from lab.clock import Clock
from lab.pki import Authority
from lab.rest.calendars import Calendars
from lab.thread import LoopThread
from playbook import ROOT, run_playbook
from playbook.documented import examples

ADDRESS = "127.0.0.1"
MODULE = "quiesce.maintenance.change_allowed_info"
ALWAYS = event("DTSTART:20200101T000000Z", "DTEND:99991231T000000Z", title="Always")
LAST_YEAR = event("DTSTART;VALUE=DATE:20201220", "DTEND;VALUE=DATE:20210105", title="Year-end")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture
def server(lab_loop: LoopThread, authority: Authority) -> Iterator[Calendars]:
    server = Calendars(ADDRESS, tls=authority.server(ADDRESS), clock=Clock())
    lab_loop.run(server.start())
    yield server
    lab_loop.run(server.stop())


def guide() -> list[dict[str, Any]]:
    """The tasks of the page in docs."""
    (shown,) = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/change-calendar.md").read_text(encoding="utf-8"), re.DOTALL
    )
    tasks: list[dict[str, Any]] = yaml.safe_load(shown)[0]["tasks"]
    return tasks


def asking(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, MODULE: options, "run_once": True, "ignore_errors": True}


def test_asked_once_on_the_controller(server: Calendars, authority: Authority, tmp_path: Path) -> None:
    """The documented tasks, then freezes: one by HTTPS, one whose address is wrong, one whose server is not trusted."""
    stranger = Authority(tmp_path / "stranger")
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "saturday-nights.ics").write_text(calendar(ALWAYS, head=["X-WR-CALNAME:Allowed"]))
    (folder / "year-end.ics").write_text(calendar(LAST_YEAR))
    server.published = {"/freezes.ics": calendar(LAST_YEAR), "/now.ics": calendar(ALWAYS)}
    tasks = [
        *examples("change_allowed_info"),
        *guide(),
        asking("Frozen", freeze_calendars=f"calendars/year-end.ics,{server.url}/now.ics"),
        asking("Overridden", freeze_calendars=f"{server.url}/now.ics", override="INC0042"),
        asking("Unpublished", freeze_calendars=f"{server.url}/s3cret.ics", window_calendars=""),
        asking("Untrusted", freeze_calendars=f"{server.url}/now.ics", ca_path=str(stranger.ca_file)),
    ]
    play = {
        "hosts": "all",
        "gather_facts": False,
        "module_defaults": {"group/quiesce.maintenance.change": {"ca_path": str(authority.ca_file)}},
        "tasks": tasks,
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([play]).replace("https://calendar.example.com", server.url))
    inventory = tmp_path / "inventory.yml"
    hosts = {"ansible_connection": "winrm", "ansible_host": "192.0.2.1", "ansible_user": "x", "ansible_password": "x"}
    inventory.write_text(json.dumps({"all": {"hosts": {"aos01": hosts, "aos02": hosts}}}))
    done = run_playbook(tmp_path, playbook, "-i", str(inventory))
    assert done.code == 0, done.output

    allowed = done.of("Ask whether two hours of maintenance may begin now")
    assert (allowed["allowed"], allowed["verdict"], allowed["calendar"]) == (True, "open", "Allowed")
    assert allowed["why"] == 'Open in the allowed time "Always" for more than 400 days.'
    frozen = done.of("Frozen")
    assert (frozen["allowed"], frozen["verdict"], frozen["event"]) == (False, "freeze", "Always")
    overridden = done.of("Overridden")
    assert (overridden["allowed"], overridden["verdict"], overridden["override"]) == (True, "freeze", "INC0042")
    for name, reason in (("Unpublished", "HTTP 404"), ("Untrusted", "its certificate is not trusted")):
        failed = done.of(name)
        assert (failed["failed"], failed["allowed"]) == (True, False)
        assert reason in failed["msg"]
    assert "s3cret" not in json.dumps([entry["result"] for entry in done.results])
    # Once for each task, not once for each host; nobody asked again for what is not there.
    assert [each.path for each in server.seen] == ["/freezes.ics"] * 2 + ["/now.ics"] * 2 + ["/s3cret.ics"]
