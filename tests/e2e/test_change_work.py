"""The work of a change window: a role, a playbook, a person; and what is refused before anything is switched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.lab_system import LabSystem, lab_system
from lab.thread import LoopThread
from playbook import ROOT, Done, Running
from playbook.documented import examples
from playbook.estate import Lab
from playbook.shared import new_lab
from playbook.terminal import at_a_terminal

LIMIT = 60.0  # real seconds after which something that has to happen counts as not happening
SECRET = "s3cret-of-the-file"
VAULT_PASSWORD = "password-of-the-vault"
PROMPT = "Change the configuration keys"
ASKS = """
- hosts: all
  vars_prompt: [{name: build, prompt: Which build}]
  tasks: []
"""

FILES = {
    "roles/update/tasks/main.yml": """
- name: Work in a role
  ansible.builtin.debug: {msg: "role for {{ window.id }}"}
  changed_when: true
  notify: Handle it
- name: Use a module of the role
  module_of_the_role:
""",
    "roles/update/library/module_of_the_role.py": """
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({}).exit_json(msg="the role's own module")
""",
    "roles/update/handlers/main.yml": """
- name: Handle it
  ansible.builtin.debug: {msg: handled}
""",
    "roles/broken/tasks/main.yml": "- no_such_module: {}\n",
    # A role of the collection has this name, too.
    "roles/launch/tasks/main.yml": """
- name: Work in the user's role
  ansible.builtin.debug: {msg: "own role for {{ window.id }}"}
""",
    "roles/without_tasks/defaults/main.yml": "text: nothing\n",
    "works.yml": """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Leave a program running that holds the output of the playbook
      ansible.builtin.shell: |
        child=$(pgrep -o -f 'ansible[.]cli[.]playbook.*{{ playbook_dir }}/works.yml')
        setsid sleep 300 </dev/null >/proc/$child/fd/1 2>&1 &
        echo $! > {{ left }}
      changed_when: false
    - name: Work on the controller
      ansible.builtin.debug:
        msg: "{{ window.id }} {{ window.reason }} {{ text }} {{ number + 1 }} {{ locked | length }}"
    - name: Search the processes
      ansible.builtin.shell: cat /proc/[0-9]*/cmdline | tr '\\0' ' '
      register: processes
      changed_when: false
    - name: Keep what was found
      ansible.builtin.copy:
        content: "{{ processes.stdout }}"
        dest: "{{ found }}"
        mode: "0600"
      no_log: true
- hosts: all
  gather_facts: false
  tasks:
    - name: Work on a host
      ansible.builtin.debug: {msg: "host {{ inventory_hostname }}"}
    - name: Fail unless it is left out
      ansible.builtin.fail: {msg: it was not left out}
      tags: left_out
""",
    "fails.yml": """
- hosts: launch01
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Fail
      ansible.builtin.fail: {msg: the update failed}
""",
    "waits.yml": """
- hosts: launch01
  gather_facts: false
  tasks:
    - name: Say that it begins
      ansible.builtin.file: {path: "{{ begun }}", state: touch, mode: "0600"}
      delegate_to: localhost
      vars: {ansible_connection: local}
    - name: Wait for the test
      ansible.builtin.wait_for: {path: "{{ begun }}.go", timeout: 60, sleep: 1}
      delegate_to: localhost
      vars: {ansible_connection: local}
""",
    "update.yml": """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Say that the example runs
      ansible.builtin.debug: {msg: the example runs}
""",
    "asks.yml": """
- import_playbook: asks_at_last.yml
""",
    "collections/ansible_collections/acme/d365/playbooks/asks.yml": """
- import_playbook: asks_at_last.yml
""",
    "collections/ansible_collections/acme/d365/playbooks/asks_at_last.yml": ASKS,
    "asks_at_last.yml": ASKS,
    "elsewhere.yml": "- {hosts: launch02, gather_facts: false, tasks: []}\n",
    "wrong.yml": "- {hosts: all, tasks: [{no_such_module: {}}]}\n",
    "no_list.yml": "hosts: all\n",
    "empty.yml": "[]\n",
    "everywhere.yml": "- {hosts: all, gather_facts: false, tasks: []}\n",
    # Added to the inventory of the refusals: the controller as a host like every other.
    "controller.yml": "all: {hosts: {localhost: {ansible_connection: local}}}\n",
}

REFUSED: dict[str, tuple[Mapping[str, Any], str]] = {
    "nothing": ({}, "Invalid window_work: there is none"),
    "blank": ({"window_work": " ", "window_pause": ""}, "Invalid window_work: there is none"),
    "no pause": ({"window_pause": "false"}, "Invalid window_work: there is none"),
    "two": ({"window_work": "update", "window_pause": PROMPT}, "Invalid window_pause: there is window_work, too"),
    "no terminal": ({"window_pause": "yes"}, "there is no terminal"),
    "a job": ({"window_pause": "yes", "awx_job_id": 7}, "there is no terminal (it is a job)"),
    "no file": ({"window_work": "missing.yml"}, "Invalid window_work: there is no file missing.yml in"),
    "no tasks": ({"window_work": "empty.yml"}, "empty.yml has no tasks"),
    "a role without tasks": ({"window_work": "without_tasks"}, "without_tasks has no tasks"),
    "a folder": ({"window_work": "./roles"}, "roles has no tasks"),
    "the controller": ({"window_work": "everywhere.yml"}, '"hosts: all" of '),
    "no role": ({"window_work": "missing"}, 'there is no role "missing" in'),
    "nothing in a collection": ({"window_work": "quiesce.maintenance.missing"}, "cannot be read as a role"),
    "a broken role": ({"window_work": "broken"}, "cannot be read as a role"),
    "a question": ({"window_work": "asks.yml"}, "asks for build (vars_prompt)"),
    "a question in a collection": ({"window_work": "acme.d365.asks"}, "acme.d365.asks asks for build (vars_prompt)"),
    "no host": ({"window_work": "elsewhere.yml"}, "no host of the window takes part in"),
    "a wrong module": ({"window_work": "wrong.yml"}, "cannot be read as a playbook"),
    "no list": ({"window_work": "no_list.yml"}, "is not a list of tasks"),
}


@dataclass
class Works:
    """The estate, what came of each run, which of the runs left the mode on, and which processes."""

    lab: Lab
    launch: LabSystem
    runs: dict[str, Done] = field(default_factory=dict)
    left: dict[str, bool] = field(default_factory=dict)
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)
    waited: bool = False  # whether the run went on only when the program had ended that its playbook left

    @property
    def folder(self) -> Path:
        return self.lab.folder

    def window(self, name: str, **more: Any) -> dict[str, Any]:
        return {"quiesce_window": name, "quiesce_expires": "2h", **more}

    def run(self, name: str, *arguments: str, **more: Any) -> None:
        done = self.lab.run(self.folder / "window.yml", "-l", "launch01", *arguments, **self.window(name, **more))
        self.keep(name, done)

    def keep(self, name: str, done: Done) -> None:
        self.runs[name] = done
        self.left[name] = self.launch.in_maintenance()


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    with LoopThread() as loop, new_lab(tmp_path_factory.mktemp("work"), loop) as lab:
        systems = [lab_system("launch")(lab, f"launch0{number}") for number in (1, 2)]
        lab.start()
        found = Works(lab, systems[0])
        for name, text in FILES.items():
            (lab.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (lab.folder / name).write_text(text, encoding="utf-8")
        # As a project folder of AWX has it: roles and playbooks lie beside it.
        text = yaml.safe_dump([{"import_playbook": str(ROOT / "playbooks/window.yml")}])
        (lab.folder / "window.yml").write_text(text, encoding="utf-8")
        refuse(found)
        every_run(found)
        yield found


def refuse(works: Works) -> None:
    """Each refusal is a task of one run, which finds the systems as the playbook does."""
    window = works.window("refused")
    tasks = [
        {"name": name, "quiesce.maintenance.change_window": {"state": "opened"}, "vars": {**window, **given}}
        for name, (given, _said) in REFUSED.items()
    ]
    find = {"name": "Find", "quiesce.maintenance.systems_info": {}, "register": "quiesce_estate"}
    tasks += examples("change_work")
    inventory = str(works.folder / "controller.yml")
    done = works.lab.task(find, *tasks, hosts="launch01", arguments=["-l", "launch01", "-i", inventory])
    works.refused = {name: done.of(name) for name in REFUSED}
    works.keep("refused", done)


def every_run(works: Works) -> None:
    folder = works.folder
    works.run("role", window_work="update")
    works.run("own-role", window_work="launch")
    works.run("fails", window_work="fails.yml")
    (folder / "secret.json").write_text(json.dumps({"text": SECRET, "number": 41}), encoding="utf-8")
    (folder / "password").write_text(VAULT_PASSWORD, encoding="utf-8")
    locked = subprocess.run(
        ["ansible-vault", "encrypt_string", "--vault-id", f"prod@{folder}/password", "four"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (folder / "vault.yml").write_text(
        f"quiesce_reason: !unsafe 'New {{# build #}}'\nlocked: {locked}", encoding="utf-8"
    )
    works.run(
        "works",
        f"--extra-vars=@{folder}/secret.json",
        f"--extra-vars=@{folder}/vault.yml",
        f"--vault-id=prod@{folder}/password",
        "--skip-tags=left_out",
        "-v",
        window_work="works.yml",
        found=str(folder / "processes"),
        left=str(folder / "left"),
    )
    works.waited = not ended_now(int((folder / "left").read_text(encoding="utf-8")))
    works.run("check", "--check", window_work="waits.yml", begun=str(folder / "check"))
    asked(works, "done", "\r")
    asked(works, "given-up", "\x03")
    playbook_killed(works)
    killed(works)  # and leaves the mode on
    killed_while_a_person_is_asked(works)


def ended_now(process: int) -> bool:
    """End a process. Returns False if it had ended before."""
    try:
        os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


def killed(works: Works) -> None:
    """Whatever kills ansible-playbook ends its playbook, too."""
    running = at_work(works, "killed")
    os.kill(running.process.pid, signal.SIGTERM)
    works.keep("killed", running.wait())
    works.children["killed"] = last_children(works)


def playbook_killed(works: Works) -> None:
    """Whatever kills the playbook ends the programs that work for it, which it could not tell."""
    running = at_work(works, "playbook-killed")
    os.kill(int(children(works).split()[0]), signal.SIGKILL)
    works.keep("playbook-killed", running.wait())
    works.children["playbook-killed"] = last_children(works)


def at_work(works: Works, name: str) -> Running:
    """Begin a window whose playbook waits, and return once it does."""
    begun = works.folder / f"{name}-begun"
    window = works.window(name, window_work="waits.yml", begun=str(begun))
    running = works.lab.begin(works.folder / "window.yml", "-l", "launch01", **window)
    end = time.monotonic() + LIMIT
    while not begun.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return running


def last_children(works: Works) -> str:
    """Return what doesn't end for long, though not as long as what it waits for."""
    end = time.monotonic() + LIMIT / 2
    while (found := children(works)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def killed_while_a_person_is_asked(works: Works) -> None:
    asked(works, "nobody", None)
    end = time.monotonic() + LIMIT
    while processes("quiesce_window.*nobody", works) and time.monotonic() < end:
        time.sleep(0.05)


def children(works: Works) -> str:
    return processes("ansible.cli.playbook", works)


def processes(command: str, works: Works) -> str:
    pattern = f"{command}.*{works.folder}|{works.folder}.*{command}"
    return subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False).stdout


def asked(works: Works, name: str, answer: str | None) -> None:
    options = [f"-e{json.dumps(works.window(name, window_pause=PROMPT))}", "-llaunch01"]
    inventory = str(works.lab.estate.inventory)
    playbook = str(works.folder / "window.yml")
    works.keep(name, at_a_terminal(works.folder, playbook, "-i", inventory, *options, answers={f"{PROMPT}:": answer}))


@pytest.mark.parametrize("case", list(REFUSED))
def test_work_that_cannot_be_done_is_refused(works: Works, case: str) -> None:
    found = works.refused[case]
    assert found["failed"]
    assert REFUSED[case][1] in found["msg"]
    assert "{{" not in found["msg"]
    assert not works.left["refused"]


def test_the_documented_examples(works: Works) -> None:
    """The second one waits for a person, whom there is not."""
    done = works.runs["refused"]
    assert done.of("Run a playbook")["changed"], done.output[-3000:]
    assert "| msg: the example runs" in " ".join(done.output.split())
    assert "stdin is not interactive" in done.of("Wait for a person")["msg"]


def test_a_role_is_the_work(works: Works) -> None:
    done = works.runs["role"]
    assert done.code == 0, done.output[-4000:]
    assert "role for role" in done.output
    assert done.of("Use a module of the role")["msg"] == "the role's own module"
    assert "handled" in done.output
    assert not works.left["role"]


def test_a_role_of_the_users_comes_before_one_of_the_collection(works: Works) -> None:
    assert "own role for own-role" in works.runs["own-role"].output


def test_a_playbook_is_the_work(works: Works) -> None:
    done = works.runs["works"]
    assert done.code == 0, done.output[-4000:]
    assert f"works New {{# build #}} {SECRET} 42 4" in " ".join(done.output.replace("|", " ").split()), "the extra vars"
    assert "host launch01" in done.output
    assert "host launch02" not in done.output
    assert not works.left["works"]


def test_a_program_that_the_playbook_left_running_holds_nothing_up(works: Works) -> None:
    assert works.runs["works"].code == 0
    assert not works.waited


def test_no_secret_is_on_a_command_line(works: Works) -> None:
    processes = (works.folder / "processes").read_text(encoding="utf-8")
    assert "ansible.cli.playbook" in processes
    assert SECRET not in processes
    assert VAULT_PASSWORD not in processes


def test_nothing_of_a_playbook_is_left(works: Works) -> None:
    assert list((works.folder / "tmp").rglob("quiesce-*/*")) == []


def test_a_playbook_that_loses_every_host_keeps_nothing_in_maintenance_mode(works: Works) -> None:
    done = works.runs["fails"]
    assert done.code == 2
    assert "fails.yml ended with 2: a host failed" in " ".join(done.output.split())
    assert not works.left["fails"]


def test_a_playbook_is_checked_in_check_mode(works: Works) -> None:
    done = works.runs["check"]
    assert done.code == 0, done.output[-4000:]
    assert "Say that it begins" in done.output
    assert not (works.folder / "check").exists()


def test_a_playbook_ends_with_the_run_that_was_killed(works: Works) -> None:
    assert works.left["killed"], "the case shows nothing"
    assert works.children["killed"] == ""


def test_what_works_for_a_playbook_ends_with_it_and_the_window_closes(works: Works) -> None:
    done = works.runs["playbook-killed"]
    assert done.code == 2, done.output[-4000:]
    assert "waits.yml ended with -9: it was killed" in " ".join(done.output.split())
    assert "PLAY [Take the gates out of maintenance mode]" in done.output
    assert not works.left["playbook-killed"]
    assert works.children["playbook-killed"] == ""


def test_a_person_says_that_the_work_is_done(works: Works) -> None:
    done = works.runs["done"]
    assert done.code == 0, done.output[-4000:]
    assert PROMPT in done.output


def test_nothing_waits_for_a_person_once_the_run_was_killed(works: Works) -> None:
    assert works.left["nobody"], "the case shows nothing"
    assert processes("quiesce_window.*nobody", works) == ""


def test_a_person_says_that_the_work_failed(works: Works) -> None:
    done = works.runs["given-up"]
    assert done.code == 2
    assert "Could not wait for the work of a person" in " ".join(done.output.split())
    assert "PLAY [Take the gates out of maintenance mode]" in done.output
