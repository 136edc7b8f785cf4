"""HCL Launch: the role, credentials, and what the documentation shows."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Generator
from datetime import datetime, timezone
from typing import Any

import yaml

from lab.rest import launch_access as rights
from lab.rest.launch import LaunchServer
from lab.rest.launch_blackout import Blackout
from lab.rest.launch_process import ManualTask, Process, Work
from playbook import ROOT, Done
from playbook.courses import LOCAL, Course, Task, Turn, course
from playbook.launch import ENVIRONMENT_TOKEN, PASSWORD, SERVER_WORDS, TOKEN, Play, url


def role(state: str, server: LaunchServer, play: Play) -> dict[str, Any]:
    """The variables with which the role is run."""
    return {
        "launch_state": state,
        "launch_url": url(server),
        "launch_username": "admin",
        "launch_password": PASSWORD,
        "launch_ca_path": play.ca_file,
        "launch_drain_interval": "1s",
        "launch_owner": "mary",
        "quiesce_reason": "upgrade",
        "launch_ticket": " ",  # a survey's blank answer
        "launch_expires": "",
    }


ROLE: list[Task] = [
    {"name": "role", "ansible.builtin.include_role": {"name": "quiesce.maintenance.launch"}},
    {"name": "row", "ansible.builtin.debug": {"var": "launch_status"}},
]


@course(Play)
def test_role(play: Play) -> Course:
    """What its rows say of a server on which something runs; what every role owes is in tests/contract."""
    server = play.server("7.2.1.0")
    server.seconds_per_look = 1000

    def row(state: str) -> Generator[Turn, Done, tuple[Done, dict[str, Any]]]:
        play.stage.variables.update(role(state, server, play))
        done = yield from play.run(*ROLE)
        return done, done.of("row")["launch_status"]["status"]

    server.begin("application", "Deploy", Work(1500), user="mary")
    done, found = yield from row("enabled")
    (window,) = found.pop("windows")
    assert found == {
        "system": play.stage.name,
        "host": "",
        "kind": "Launch",
        "mode": "maintenance",
        "verified": True,
        "managed": True,
        "since": window["opened"],
        "owner": "mary",
        "reason": "upgrade",
        "expires": None,
        "overdue": False,
        "notes": [],
        "faults": [],
    }
    assert f"{play.stage.name}: draining" in done.output
    assert server.running == []
    blackout = Blackout(time.time() - 60, time.time() + 36000)
    server.calendar.entries[blackout.id] = blackout
    server.processes["old"] = Process("application", "Deploy", "mary", time.time(), (ManualTask("Check"),))
    _done, found = yield from row("status")
    assert found["mode"] == "maintenance"
    assert found["expires"] is None
    blackout_note, idle_note, person_note = found["notes"]
    end = datetime.fromtimestamp(blackout.end, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert blackout_note == f"maintenance blackout is on, nothing starts; Estimated End Date {end}"
    assert idle_note == "not idle: 1 process(es) that began before still run"
    assert person_note.startswith("Deploy (JPetStore to PROD) by mary since ")
    assert person_note.endswith('waits for a person: manual task "Check"')


@course(Play)
def test_status_never_fails_and_says_what_it_could_not_see(play: Play) -> Course:
    without_blackouts, without_mode, blind = play.server("7.0.3.1"), play.server("7.0.2.0"), play.server("8.1.1.0")
    blind.add_user("viewer", "viewer-pw", frozenset({rights.VIEW_SETTINGS}))
    with_names = {"without blackouts": without_blackouts, "without mode": without_mode, "blind": blind}
    tasks: list[Task] = []
    for name, server in with_names.items():
        login = {"launch_username": "viewer", "launch_password": "viewer-pw"} if name == "blind" else {}
        tasks += [{**ROLE[0], "vars": {**role("status", server, play), **login}}, {**ROLE[1], "name": name}]
    done = yield from play.run(*tasks)
    rows = {name: done.of(name)["launch_status"]["status"] for name in with_names}
    assert (rows["without blackouts"]["mode"], rows["without blackouts"]["notes"]) == ("normal", [])
    assert rows["without mode"]["mode"] == "unknown"
    assert "version 7.0.2.0 has no maintenance mode" in rows["without mode"]["notes"][0]
    assert rows["blind"]["mode"] == "normal"
    assert f"viewer {SERVER_WORDS} View Activity" in rows["blind"]["notes"][0]
    assert [server.writes for server in with_names.values()] == [0, 0, 0]


@course(Play)
def test_no_secret_is_printed(play: Play) -> Course:
    """Not at -vvvvv, not in a failure, not by the lab; and a task works for a host that is reached otherwise."""
    server = play.server()
    server.begin("application", "Deploy", Work(1), user="mary")
    file = play.stage.folder / "token"
    file.write_text(TOKEN + "\n")
    play.stage.variables.update(role("disabled", server, play))
    done = yield from play.run(
        play.task(server, state="enabled", drain=True, drain_interval="1s", task="token"),
        play.task(server, state="enabled", username="admin", password=PASSWORD, task="password"),
        play.task(server, state="enabled", token=None, token_file=str(file), task="file"),
        play.task(server, "blackout_info", username="admin", password=PASSWORD, task="blackouts"),
        play.task(server, state="enabled", username="admin", password=TOKEN, task="token as password"),
        *ROLE,
        {**play.task(server, "maintenance_mode_info", task="delegated"), "delegate_to": "localhost"},
        fails=True,
        verbose=True,
    )
    assert [done.of(name)["failed"] for name in ("token", "password", "file", "token as password")] == [
        False,
        False,
        False,
        True,
    ]
    assert done.of("delegated")["version"] == "8.0.1.3"
    encoded = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    for secret in ("C4n4ry", "c4n4ry", encoded, encoded[8:]):
        assert secret not in done.output
        assert secret not in str(server.log)


@course(Play)
def test_credentials_of_the_environment_and_delegation(play: Play) -> Course:
    """For a host that cannot be reached: the requests go out from the controller, whatever host the task is for."""
    server = play.server()
    server.add_user("environment", "environment-pw", token=ENVIRONMENT_TOKEN)
    play.stage.variables.update(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=9)
    task = play.task(server, state="enabled", token=None, drain=True, task="delegated")
    done = yield from play.run(
        task,
    )
    assert done.last["changed"] is True
    assert server.maintenance


def adapted(text: str, server: LaunchServer, play: Play) -> Any:
    """YAML from the documentation, with the lab's server in place of the one in the text."""
    return yaml.safe_load(
        text.replace("https://launch.example.com:8443", url(server))
        .replace("/etc/ssl/launch.pem", play.ca_file)
        .replace("/etc/ansible/launch.pem", play.ca_file)
    )


@course(Play)
def test_examples_run(play: Play) -> Course:
    """Those of every module, in one play."""
    server = play.server("8.1.1.0")
    tasks: list[Task] = []
    for path in sorted((ROOT / "plugins/modules").glob("launch_*.py")):
        found = re.search(r'EXAMPLES = r"""(.*?)"""', path.read_text(), re.DOTALL)
        assert found, path
        tasks += adapted(found[1], server, play)
    play.stage.variables.update(launch_token=TOKEN, launch_password=PASSWORD)
    done = yield from play.run(*tasks)
    assert len(done.results) == len(tasks) > 8
    # Every blackout of the examples is cancelled by a later one.
    assert [server.calendar.entries, server.writes] == [{}, 7]
    assert not server.maintenance


@course(Play)
def test_guide_runs(play: Play) -> Course:
    """The playbook, the inventory and the task of docs/launch.md; the upgrade is a look from within."""
    server = play.server("8.1.1.0")
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/launch.md").read_text(), re.DOTALL)
    (upgrade,), inventory, blackout = (adapted(block, server, play) for block in blocks)
    look = {"name": "Look", "quiesce.maintenance.launch_maintenance_mode_info": {}}
    file = play.stage.folder / "upgrade.yml"
    file.write_text(yaml.safe_dump([look]))
    (included,) = [task for task in upgrade["tasks"] if task.get("ansible.builtin.include_tasks")]
    included["ansible.builtin.include_tasks"] = str(file)
    host = inventory["launch"]["hosts"]["launch01"]
    host |= {**LOCAL, "vault_launch_token": TOKEN}
    play.stage.groups.update(inventory)
    upgrade["tasks"] += blackout
    done = yield from play.stage.play(plays=[upgrade, {"hosts": "launch", "gather_facts": False, "tasks": ROLE}])
    assert done.code == 0, done.output
    assert done.of("Look")["maintenance_mode"] is True
    assert not server.maintenance
    assert len(server.calendar.entries) == 1
    assert done.of("row")["launch_status"]["status"]["system"] == "launch01"
