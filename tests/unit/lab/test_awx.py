"""The lab's AWX refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.awx import Awx
from lab.awx.private_data import extra_vars, inject, slice_of
from lab.awx.workflows import Node, run
from lab.clock import Clock
from lab.thread import LoopThread

QUESTION = {"type": "text", "question_name": "Window", "variable": "window", "required": True, "min": 1}
SURVEY = {"name": "", "description": "", "spec": [QUESTION]}
SECRET = {"id": "key", "label": "Key", "secret": True}
MAIL = {"host": "h", "port": 25, "username": "", "password": "", "use_tls": False, "use_ssl": False, "sender": "s"}


class Client:
    """Asks the server."""

    def __init__(self, awx: Awx) -> None:
        self.awx = awx
        self.headers = {"Authorization": f"Bearer {awx.token}"}

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{self.awx.url}/api/v2/{path}", json=body, headers=self.headers, timeout=20)

    def make(self, path: str, **body: Any) -> int:
        answer = self.ask("POST", f"{path}/", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with a project, an inventory, job templates "run" and "asks", and a workflow of three nodes."""
    folder: Path = tmp_path_factory.mktemp("project")
    (folder / "run.yml").write_text("- hosts: all\n")
    (folder / "tasks").mkdir()
    (folder / "tasks/more.yml").write_text("- hosts: all\n")
    with LoopThread() as loop:
        awx = Awx("127.0.0.1", tls=None, clock=Clock(1.0))
        awx.repositories["git"] = folder
        loop.run(awx.start())
        found = Client(awx)
        found.make("projects", name="p", organization=1, scm_type="git", scm_url="git")  # 2, its update 3
        found.ask("GET", "project_updates/3/")
        found.make("inventories", name="i", organization=1)  # 4
        for name in ("run", "asks"):  # 5, 6
            found.make("job_templates", name=name, project=2, inventory=4, playbook="run.yml", survey_enabled=True)
        assert found.ask("POST", "job_templates/6/survey_spec/", SURVEY).status_code == 200
        found.make("workflow_job_templates", name="w", organization=1)  # 7
        for name in ("a", "b", "c"):  # 8, 9, 10
            found.make("workflow_job_template_nodes", workflow_job_template=7, identifier=name, unified_job_template=5)
        found.make("credential_types", name="t", kind="cloud", inputs={"fields": [SECRET]})  # 11
        assert found.ask("POST", "workflow_job_template_nodes/8/success_nodes/", {"id": 9}).status_code == 204
        yield found
        loop.run(awx.stop())


JOB_TEMPLATE = {"name": "n", "project": 2, "inventory": 4, "playbook": "run.yml"}
SCHEDULE = {"name": "n", "unified_job_template": 5}
LINK = "workflow_job_template_nodes"


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("projects", {"organization": 1}, "name"),
        ("projects", {"name": "p", "organization": 1}, "already exists"),
        ("inventories", {"name": "x", "organization": 99}, "does not exist"),
        ("job_templates", {**JOB_TEMPLATE, "playbook": "quiesce.maintenance.enable"}, "Playbook not found"),
        ("job_templates", {**JOB_TEMPLATE, "playbook": "tasks/more.yml"}, "Playbook not found"),
        ("job_templates", {**JOB_TEMPLATE, "inventory": None}, "inventory"),
        ("job_templates", {**JOB_TEMPLATE, "job_slice_count": 0}, "greater than or equal to 1"),
        ("job_templates", {**JOB_TEMPLATE, "ask_limit_on_launch": "yes"}, "Not a valid bool"),
        ("job_templates", {**JOB_TEMPLATE, "extra_vars": "- a list"}, "valid JSON or YAML"),
        ("job_templates", {**JOB_TEMPLATE, "name": "run"}, "already exists"),
        ("job_templates/5/survey_spec", {"name": "", "spec": [QUESTION]}, "description"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": []}, "doesn't contain"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": [QUESTION, QUESTION]}, "duplicated"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": [{**QUESTION, "type": "number"}]}, "no allowed type"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": [{**QUESTION, "required": "yes"}]}, "required"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": [{**QUESTION, "default": 4}]}, "wrong type"),
        ("job_templates/5/survey_spec", {**SURVEY, "spec": [{**QUESTION, "type": "multiplechoice"}]}, "choices"),
        ("job_templates/6/launch", {}, "value missing"),
        ("job_templates/6/launch", {"extra_vars": {"window": ""}}, "too small"),
        ("job_templates/6/launch", {"extra_vars": {"window": 4711}}, "expected to be"),
        ("job_templates/6/launch", {"extra_vars": {"window": "W", "other": "x"}}, "not allowed on launch"),
        (f"{LINK}/8/success_nodes", {"id": 8}, "Cycle"),
        (f"{LINK}/9/always_nodes", {"id": 8}, "Cycle"),
        (f"{LINK}/8/always_nodes", {"id": 9}, "Relationship not allowed"),
        (LINK, {"workflow_job_template": 7, "identifier": "a"}, "already exists"),
        (LINK, {"workflow_job_template": 7, "identifier": "d", "unified_job_template": 4}, "does not exist"),
        ("schedules", {**SCHEDULE, "rrule": "RRULE:FREQ=DAILY;INTERVAL=1"}, "DTSTART"),
        ("schedules", {**SCHEDULE, "rrule": "DTSTART:20261201T000000Z RRULE:FREQ=DAILY"}, "INTERVAL"),
        ("schedules", {**SCHEDULE, "rrule": "DTSTART:20261201T000000Z RRULE:FREQ=OFTEN;INTERVAL=1"}, "parsing"),
        ("credential_types", {"name": "x", "kind": "ssh"}, "valid choice"),
        ("credential_types", {"name": "x", "kind": "net", "injectors": {"envs": {}}}, "envs"),
        ("credential_types", {"name": "x", "kind": "net", "injectors": {"env": {"ANSIBLE_X": "1"}}}, "not allowed"),
        ("credential_types", {"name": "x", "kind": "net", "injectors": {"env": {"X": "{{ y }}"}}}, "undefined"),
        ("credential_types", {"name": "x", "kind": "net", "inputs": {"fields": [SECRET, SECRET]}}, "unique"),
        (
            "credential_types",
            {"name": "x", "kind": "net", "injectors": {"file": {"template": "", "template.b": ""}}},
            "multi-file",
        ),
        ("credentials", {"name": "c", "credential_type": 11, "inputs": {"token": "x"}}, "Additional properties"),
        (
            "notification_templates",
            {"name": "m", "organization": 1, "notification_type": "email", "notification_configuration": MAIL},
            "recipients",
        ),
    ],
)
def test_refused(client: Client, path: str, body: dict[str, Any], says: str) -> None:
    answer = client.ask("POST", f"{path}/", body)
    assert answer.status_code == 400, answer.text
    assert says in answer.text


def test_a_secret_is_not_shown(client: Client) -> None:
    number = client.make("credentials", name="c", credential_type=11, organization=1, inputs={"key": "s3cret"})
    assert client.ask("GET", f"credentials/{number}/").json()["inputs"] == {"key": "$encrypted$"}


def test_without_login() -> None:
    with LoopThread() as loop:
        awx = Awx("127.0.0.1", tls=None, clock=Clock(1.0))
        loop.run(awx.start())
        codes = {path: requests.get(f"{awx.url}/api/v2/{path}/", timeout=20).status_code for path in ("jobs", "x")}
        loop.run(awx.stop())
    assert codes == {"jobs": 401, "x": 401}


def test_a_node_waits_for_all_that_may_lead_to_it() -> None:
    nodes = {
        "a": Node("a", success=["b"], failure=["c"]),
        "b": Node("b", always=["c"]),
        "c": Node("c"),
    }
    assert run(nodes, {"a": True, "b": False, "c": True}.__getitem__) == (["a", "b", "c"], False)
    assert run(nodes, {"a": False, "c": False}.__getitem__) == (["a", "c"], True)


def test_what_a_job_gets(tmp_path: Path) -> None:
    """Answers are marked as text without templates, variables of the template are not; files are for their owner."""
    job = {"id": 7, "job_template": 1, "extra_vars": '{"window": "{{ x }}", "work": "{{ y }}"}'}
    lines = extra_vars(job, {"work": "{{ y }}"}).splitlines()
    assert lines[0].endswith("!unsafe '{{ x }}'")
    assert lines[1] == "work: '{{ y }}'"
    type_ = {
        "inputs": {"fields": [{"id": "key", "label": "", "format": "ssh_private_key"}]},
        "injectors": {
            "file": {"template.key": "{{ key }}"},
            "extra_vars": {"key_file": "{{ tower.filename.key }}"},
            "env": {"KEY_FILE": "{{ tower.filename.key }}"},
        },
    }
    injected = inject([(type_, {"key": "KEY"})], tmp_path)
    file = Path(injected.environment["KEY_FILE"])
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("KEY\n", 0o600)
    assert str(file) in Path(injected.arguments[1][1:]).read_text()


def test_a_slice_has_every_so_many_hosts_and_no_others() -> None:
    inventory: dict[str, Any] = {
        "all": {"children": {"a": {"hosts": {"h1": {}, "h3": {}}}, "b": {"hosts": {"h2": {}, "h4": {}}}}}
    }
    assert slice_of(inventory, 2, 3) == {"all": {"children": {"a": {"hosts": {}}, "b": {"hosts": {"h2": {}}}}}}
