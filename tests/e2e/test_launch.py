"""HCL Launch: real playbooks against the simulated server, in the order check, apply, again, off; and the failures."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from lab.clock import Clock
from lab.pki import Authority
from lab.rest import launch_access as rights
from lab.rest.launch import LaunchServer
from lab.rest.launch_blackout import Blackout
from lab.rest.launch_process import COULD_NOT_START, ManualTask, Process, SubProcess, Work
from lab.thread import LoopThread
from playbook import ROOT, Done, run_play, run_playbook

ADDRESS = "127.0.0.1"
PASSWORD = "C4n4ry-pa:ss wörd"
TOKEN = "c4n4ry-t0ken-5f1d"
SERVER_WORDS = "does not have the permission"

Launch = Callable[..., LaunchServer]
Task = dict[str, Any]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server(ADDRESS)


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def start(loop: LoopThread, tls: tuple[Path, Path]) -> Iterator[Launch]:
    """Starts servers with the usual accounts; stops them at the end."""
    servers: list[LaunchServer] = []

    def starter(version: str = "8.0.1.3", *, scale: float = 1.0, **more: Any) -> LaunchServer:
        server = LaunchServer(ADDRESS, tls=tls, clock=Clock(scale), version=version, **more)
        server.add_user("admin", PASSWORD, token=TOKEN)
        server.add_user("few", "few-pw", rights.FEW)
        server.add_user("none", "none-pw", rights.NONE)
        loop.run(server.start())
        servers.append(server)
        return server

    yield starter
    for server in servers:
        loop.run(server.stop())


class Play:
    """Runs tasks against servers of the lab."""

    def __init__(self, folder: Path, ca_file: Path) -> None:
        self.folder = folder
        self.ca_file = str(ca_file)

    def task(self, server: LaunchServer, module: str = "maintenance_mode", **options: Any) -> Task:
        """A task; logs in as the administrator by token unless the options say otherwise."""
        name = options.pop("task", module)
        login = {} if {"username", "token", "token_file", "password"} & set(options) else {"token": TOKEN}
        drain = {"drain": False} if module == "maintenance_mode" else {}
        arguments = {"url": url(server), "ca_path": self.ca_file, "retry_timeout": "5s", **drain, **login, **options}
        return {
            "name": name,
            f"quiesce.maintenance.launch_{module}": {
                key: value for key, value in arguments.items() if value is not None
            },
        }

    def without_tzdata(self) -> Path:
        """A folder for PYTHONPATH that hides the package tzdata."""
        package = self.folder.with_name("without tzdata") / "tzdata"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        return package.parent

    def run(self, *tasks: Task, fails: bool = False, **more: Any) -> Done:
        """Run the tasks; each goes on after a failure if failures are what is looked for."""
        listed = [{**task, "ignore_errors": True} for task in tasks] if fails else list(tasks)
        done = run_play(self.folder, listed, **more)
        assert done.code == 0, done.output
        return done


@pytest.fixture
def play(tmp_path: Path, authority: Authority) -> Play:
    return Play(tmp_path / "play", authority.ca_file)


class Person:
    """Somebody who uses the server's REST interface directly (with a client that keeps no cookies)."""

    def __init__(
        self, server: LaunchServer, authority: Authority, user: str = "admin", password: str = PASSWORD
    ) -> None:
        self.server = server
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.ca_file = str(authority.ca_file)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send one request."""
        headers = {"Authorization": self.login, **more.pop("headers", {})}
        return requests.request(
            method, url(self.server) + path, headers=headers, verify=self.ca_file, timeout=20, **more
        )

    def request_process(self, kind: str = "application", name: str = "Deploy") -> str:
        """Request a process over REST and return how it went, as the web page labels it."""
        calls = {
            "application": ("PUT", "/cli/applicationProcessRequest/request", {"applicationProcess": name}),
            "component": ("PUT", "/rest/deploy/component/web/runProcess", {"componentProcessId": name}),
            "generic": ("POST", "/rest/process/request", {"processId": name}),
        }
        method, path, body = calls[kind]
        answer = self.ask(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return self.server.processes[answer.json()["requestId"]].label


def url(server: LaunchServer) -> str:
    """The server's address."""
    return f"https://{server.address}:{server.port}"


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Give the lab's clock time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


# --- maintenance mode -------------------------------------------------------------------------------------------------


@pytest.mark.smoke
def test_usual_order_with_every_generation(start: Launch, play: Play) -> None:
    servers = {version: start(version) for version in ("6.1.3.2", "8.1.1.0")}
    fields = ["enableMaintenanceMode", "maintenanceModeEnabled"]
    ask, write = ("GET", "/cli/systemConfiguration"), ("PUT", "/cli/systemConfiguration")

    def tasks(state: str, suffix: str = "") -> list[Task]:
        return [play.task(server, state=state, task=version + suffix) for version, server in servers.items()]

    done = play.run(*tasks("enabled"), arguments=["--check", "--diff"])
    for (version, server), field in zip(servers.items(), fields, strict=True):
        result = done.of(version)
        assert result["changed"] is True
        assert [result["diff"][part][field] for part in ("before", "after")] == [False, True]
        assert (server.maintenance, server.writes) == (False, 0)
        server.log.clear()

    done = play.run(*tasks("enabled"), *tasks("enabled", " again"))
    for (version, server), field in zip(servers.items(), fields, strict=True):
        result = done.of(version)
        assert (result["changed"], result["maintenance_mode"], result["field"]) == (True, True, field)
        assert done.of(f"{version} again")["changed"] is False
        assert server.maintenance
        # Asked, written, read back; the second time asked, and nothing else.
        assert [(method, path) for method, path, _unused in server.log] == [ask, write, ask, ask]

    done = play.run(*tasks("disabled"))
    for version, server in servers.items():
        assert done.of(version)["changed"] is True
        assert not server.maintenance
        assert server.untouched


def test_versions_without_the_feature_are_refused_by_name(start: Launch, play: Play) -> None:
    servers = {version: start(version) for version in ("6.2.4.0", "7.0.2.3")}
    tasks = [play.task(server, state="enabled", task=version) for version, server in servers.items()]
    tasks.append(play.task(servers["7.0.2.3"], "maintenance_mode_info", task="info"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="quietMode", task="wrong field"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="enableInactiveLinks", task="given field"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="cleanupHourOfDay", task="no boolean"))
    done = play.run(*tasks, fails=True)
    for version, server in servers.items():
        assert f"version {version} has no maintenance mode" in done.of(version)["msg"]
        assert "6.2.4 to 7.0.2 lack it" in done.of(version)["msg"]
        assert not done.of(version)["changed"]
        assert server.untouched
    assert servers["6.2.4.0"].writes == 0
    assert "version 7.0.2.3 has no maintenance mode" in done.of("info")["msg"]
    assert "has no setting quietMode" in done.of("wrong field")["msg"]
    assert "cleanupHourOfDay is neither true nor false" in done.of("no boolean")["msg"]
    assert done.of("given field")["changed"] is True
    assert servers["7.0.2.3"].settings["enableInactiveLinks"] is True
    assert servers["7.0.2.3"].writes == 1


def test_what_can_go_wrong_says_what_and_what_to_do(
    start: Launch, play: Play, loop: LoopThread, tmp_path: Path
) -> None:
    """Each failure of the server or of a login, with its own message; none is taken for success."""
    ignoring, busy, stubborn, page, broken, plain = (start() for _unused in range(6))
    ignoring.frozen.add("maintenanceModeEnabled")
    busy.conflicts, stubborn.conflicts = 2, 99
    page.faults += [(200, "text/html", "<html><title>Sign in</title></html>")]
    broken.faults += [(500, "text/plain", "java.lang.NullPointerException")]
    other_ca = Authority(tmp_path / "other")
    closed = start()
    closed_url = url(closed)
    loop.run(closed.stop())
    empty = tmp_path / "empty"
    empty.write_text("\n")
    done = play.run(
        play.task(ignoring, state="enabled", task="ignored"),
        play.task(busy, state="enabled", task="conflict"),
        play.task(stubborn, state="enabled", task="conflicts"),
        play.task(page, state="enabled", task="page"),
        play.task(broken, state="enabled", task="broken"),
        play.task(plain, state="enabled", username="admin", password="wrong", task="password"),
        play.task(plain, state="enabled", username="admin", password=TOKEN, task="token as password"),
        play.task(plain, state="enabled", token="0ld-t0ken", task="token"),
        play.task(plain, state="enabled", username="none", password="none-pw", task="no rights"),
        play.task(plain, "activity_info", username="none", password="none-pw", task="no rights to see"),
        play.task(plain, state="enabled", ca_path=str(other_ca.ca_file), task="other CA"),
        play.task(plain, state="enabled", token=None, token_file=str(empty), task="empty file"),
        play.task(plain, state="enabled", url=closed_url, retry_timeout="1s", task="closed"),
        play.task(plain, state="enabled", url=url(plain) + "/elsewhere", task="path"),
        play.task(plain, state="enabled", drain=True, drain_timeout="soon", task="limit"),
        play.task(
            plain, state="enabled", username="admin", task="two credentials", password="s3cret", password_file="/x"
        ),
        fails=True,
    )

    def says(task: str) -> str:
        assert done.of(task)["failed"], task
        return str(done.of(task)["msg"])

    assert "verify the change" in says("ignored")
    assert "or the change was ignored" in says("ignored")
    assert done.of("conflict")["changed"] is True
    assert (busy.maintenance, busy.writes) == (True, 3)
    assert "HTTP 409" in says("conflicts")
    assert "tried 5 times" in says("conflicts")
    assert not stubborn.maintenance
    assert 'an HTML page "Sign in"' in says("page")
    assert "NullPointerException" in says("broken")
    for task in ("password", "token as password"):
        assert "HTTP 401" in says(task)
        assert "if it is an authentication token, give it as token" in says(task)
    assert "The token is wrong or has expired" in says("token")
    assert f"none {SERVER_WORDS} View Basic System Settings" in says("no rights")
    assert f"none {SERVER_WORDS} View Activity" in says("no rights to see")
    assert "certificate is not trusted" in says("other CA")
    assert "it is empty" in says("empty file")
    assert "refuses connections" in says("closed")
    assert "HTTP 404" in says("path")
    assert "drain_timeout" in says("limit")
    assert "mutually exclusive" in says("two credentials")
    assert (plain.writes, plain.maintenance) == (0, False)
    assert all(server.untouched for server in (ignoring, busy, stubborn, page, broken, plain))


def test_old_server_that_requires_a_token_in_json(start: Launch, play: Play, tmp_path: Path) -> None:
    """The 401 says how to give it, and that works."""
    server = start("7.0.5.0")
    server.access.json_tokens = True
    file = tmp_path / "token.json"
    file.write_text(json.dumps({"token": TOKEN}))
    done = play.run(
        play.task(server, state="enabled", task="plain"),
        play.task(server, state="enabled", token=None, token_file=str(file), task="file"),
        fails=True,
        arguments=["-vvv"],
    )
    assert 'Servers before 7.1.1 may require {"token": "..."} as the password' in done.of("plain")["msg"]
    assert done.of("file")["changed"] is True
    assert server.maintenance
    assert TOKEN not in done.output


def test_server_that_restarts_is_waited_for(start: Launch, play: Play, loop: LoopThread) -> None:
    """Refused connections, then a starting page with 503: with a line of progress, and within the limit."""
    restarting, starting, slow = start(scale=10), start(scale=10), start(scale=10)
    restarting.maintenance = starting.maintenance = slow.maintenance = True
    loop.run(restarting.restart(down=30, starting=20))
    starting.faults += [(503, "text/html", "<html><title>The server is starting</title></html>")] * 3
    slow.faults += [(503, "text/html", "<html><title>The server is starting</title></html>")] * 99
    done = play.run(
        play.task(restarting, state="disabled", retry_timeout="40s", task="restart"),
        play.task(starting, state="enabled", retry_timeout="20s", task="starting"),
        play.task(slow, state="disabled", retry_timeout="1s", task="too long"),
        fails=True,
    )
    assert done.of("restart")["changed"] is True
    assert not restarting.maintenance
    assert done.of("starting")["changed"] is False
    assert f'{url(starting)}: HTTP 503: an HTML page "The server is starting"; trying again in ' in done.output
    assert 'HTTP 503: an HTML page "The server is starting"' in done.of("too long")["msg"]
    assert slow.maintenance


# --- the vendor's rules -----------------------------------------------------------------------------------------------


def test_what_maintenance_mode_blocks_and_what_goes_on(start: Launch, play: Play, authority: Authority) -> None:
    """The vendor's two lists, one by one, around a mode that the module turned on and off."""
    server = start(scale=20)
    person = Person(server, authority)
    for kind in ("application", "component", "generic"):
        assert person.request_process(kind) == "Running"
    repeatable = server.begin("application", "Nightly", Work(1))
    before = server.begin(
        "application", "Deploy", ManualTask("Go"), SubProcess(20, "Install WAR"), ManualTask("Check"), Work(5)
    )
    approval = server.ask_approval("Deploy to PROD")

    assert play.run(play.task(server, state="enabled")).last["changed"] is True

    for kind in ("application", "component", "generic"):
        assert person.request_process(kind) == COULD_NOT_START
    # From 8.0.1 on a permission of its own lets somebody start processes nevertheless.
    server.add_user("boss", "boss-pw", rights.FULL | {rights.EXECUTE_IN_MAINTENANCE})
    assert Person(server, authority, "boss", "boss-pw").request_process() == "Running"
    assert server.trigger_calendar("Nightly").label == COULD_NOT_START
    assert server.missed == ["Nightly"]
    answer = person.ask("PUT", f"/rest/deploy/applicationProcessRequest/{repeatable.id}/repeat")
    assert server.processes[answer.json()["requestId"]].label == COULD_NOT_START
    for decision in ("passed", "failed"):
        answer = person.ask("PUT", f"/rest/approval/task/{approval}/close", json={"passFail": decision})
        assert (answer.status_code, approval in server.approvals) == (400, True)
        assert COULD_NOT_START in answer.text
    answer = person.ask("PUT", "/cli/component/integrate", json={"component": "web", "properties": {"version": "2.0"}})
    assert (answer.status_code, server.versions_imported) == (400, [])
    assert server.trigger_import("2.0", then="Deploy on import") is None
    for what in ("discovery", "compare", "configure"):
        assert server.trigger_automatic(what).label == COULD_NOT_START
    answer = person.ask("PUT", "/cli/systemConfiguration", json={"messageOfTheDay": "Back at four"})
    assert (answer.status_code, server.settings["messageOfTheDay"]) == (200, "Back at four")

    # What began before runs on: its manual tasks are answered, its sub-process begins, it ends well.
    def answer_task(name: str) -> None:
        wait_until(lambda: before in server.running and before.waits_for == ManualTask(name))
        answer = person.ask("PUT", f"/rest/approval/task/{before.task_id}/close", json={"passFail": "passed"})
        assert answer.status_code == 200

    answer_task("Go")
    listed = person.ask("GET", "/cli/workflowTrace/currentActivity").json()
    assert [entry["componentProcess"]["name"] for entry in listed if "parentRequestId" in entry] == ["Install WAR"]
    answer_task("Check")
    wait_until(lambda: not server.running)
    assert before.label == "Success"

    assert play.run(play.task(server, state="disabled")).last["changed"] is True
    assert person.request_process() == "Running"
    assert person.ask("PUT", f"/rest/approval/task/{approval}/close", json={"passFail": "passed"}).status_code == 200
    assert server.trigger_import("2.0", then="Deploy on import")


def test_lab_punishes_careless_clients(start: Launch, authority: Authority) -> None:
    """The traps are real: what the module must not do does harm here."""
    server = start("6.1.3.2")
    person = Person(server, authority)
    settings = person.ask("GET", "/cli/systemConfiguration").json()
    assert settings["deployMailPassword"] == "****"
    assert settings["repoAutoIntegrationPeriod"] == "300000"
    assert person.ask("PUT", "/cli/systemConfiguration", json={"enableMaintenanceModus": True}).status_code == 200
    assert not server.maintenance
    assert server.untouched
    person.ask("PUT", "/cli/systemConfiguration", json={**settings, "enableMaintenanceMode": True})
    assert server.maintenance
    assert not server.untouched

    # A browser's first request may be a write, later ones need the session's key.
    message = {"json": {"messageOfTheDay": "x"}}
    browser = {"User-Agent": "Mozilla/5.0"}
    answers = [person.ask("PUT", "/cli/systemConfiguration", headers=browser, **message) for _unused in range(2)]
    assert [answer.status_code for answer in answers] == [200, 403]
    key = answers[0].cookies["UCD_SESSION_KEY"]
    headers = {**browser, "UCD_SESSION_KEY": key}
    assert person.ask("PUT", "/cli/systemConfiguration", headers=headers, **message).status_code == 200
    # Whoever sends the cookies back is one, too.
    cookies = answers[0].cookies.get_dict()
    assert person.ask("PUT", "/cli/systemConfiguration", cookies=cookies, **message).status_code == 403
    headers = {"UCD_SESSION_KEY": key}
    assert person.ask("PUT", "/cli/systemConfiguration", cookies=cookies, headers=headers, **message).status_code == 200


# --- draining ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "traces"), [("cli", True), ("rest", False)])
def test_drain_waits_and_says_for_what(start: Launch, play: Play, api: str, traces: bool) -> None:
    server = start()
    server.seconds_per_look = 1000
    server.activity_apis = {api}
    server.traces_in_activity = traces
    server.begin("application", "Deploy", Work(4500), user="mary")
    server.begin("generic", "Clean up", Work(2500), user="jsmith")
    check = play.task(server, state="enabled", drain=True, task="check")
    done = play.run(
        {**check, "check_mode": True},
        play.task(server, state="enabled", drain=True, drain_interval="1s", drain_timeout="60s"),
    )
    checked = done.of("check")
    assert (checked["changed"], checked["drained"], len(checked["activities"])) == (True, False, 2)
    result = done.last
    assert (result["drained"], result["activities"], result["changed"]) == (True, [], True)
    assert result["waited"] >= 1
    assert not result.get("warnings")
    assert server.running == []
    assert server.maintenance
    assert re.search(
        rf"draining {url(server)}: 0 of 60 s, 2 processes run: Deploy \(JPetStore to PROD\) by mary "
        r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ; Clean up \(on web01\) by jsmith since ",
        done.output,
    )
    assert "1 process runs: Deploy (JPetStore to PROD) by mary" in done.output


def test_drain_at_its_limit(start: Launch, play: Play) -> None:
    """A process that waits for a person outlasts the limit: fail, continue, rollback; and going on later."""
    servers = {task: start(scale=100) for task in ("fail", "continue", "rollback", "was on")}
    for server in servers.values():
        server.begin("application", "Deploy", ManualTask("Check the smoke test"), Work(2), user="mary")
    servers["rollback"].traces_in_activity = False
    servers["was on"].maintenance = True
    done = play.run(
        *(
            play.task(
                server,
                state="enabled",
                drain=True,
                drain_timeout="1s",
                drain_interval="1s",
                on_undrained="rollback" if task == "was on" else task,
                task=task,
            )
            for task, server in servers.items()
        ),
        fails=True,
    )
    for task, server in servers.items():
        result = done.of(task)
        assert (result["drained"], result["failed"]) == (False, task != "continue")
        assert [row["waits_for"] for row in result["activities"]] == ["Check the smoke test"]
        assert server.maintenance is (task != "rollback")
        assert len(server.running) == 1
    assert "by mary since " in done.of("fail")["msg"]
    assert 'waits for a person: manual task "Check the smoke test"' in done.of("fail")["msg"]
    assert "Maintenance mode is on for the Launch server" in done.of("fail")["msg"]
    assert "Going on (on_undrained: continue)" in done.of("continue")["warnings"][0]
    assert "Maintenance mode was rolled back on the Launch server" in done.of("rollback")["msg"]
    assert done.of("rollback")["changed"] is False
    assert (done.of("rollback")["rolled_back"], done.of("rollback")["maintenance_mode"]) == (True, False)
    assert "before this task and stays on" in done.of("was on")["msg"]
    assert done.of("was on")["rolled_back"] is False

    # Somebody answers the task; the same task again goes on waiting, and ends.
    server = servers["fail"]
    process = server.running[0]
    process.answer = (server.clock.time(), True)
    again = play.run(play.task(server, state="enabled", drain=True, drain_interval="1s", sees_all_activity=True)).last
    assert (again["changed"], again["drained"]) == (False, True)


def test_error_during_the_drain_says_that_maintenance_mode_is_on(start: Launch, play: Play) -> None:
    """The list fails after the switch; on_undrained: rollback then turns the mode off if this task turned it on."""
    servers = {task: start() for task in ("fail", "continue", "rollback", "was on", "before")}
    for task, server in servers.items():
        server.begin("application", "Deploy", Work(600), user="mary")
        # One look before the switch; one after it, but not if nothing was written.
        server.looks_answered = {"before": 0, "was on": 1}.get(task, 2)
    servers["was on"].maintenance = True
    choice = {"was on": "rollback", "before": "rollback"}
    done = play.run(
        *(
            play.task(
                server,
                state="enabled",
                drain=True,
                drain_interval="1s",
                retry_timeout="1s",
                on_undrained=choice.get(task, task),
                task=task,
            )
            for task, server in servers.items()
        ),
        fails=True,
    )
    for task, server in servers.items():
        result = done.of(task)
        assert result["failed"]
        assert "Could not list the running processes" in result["msg"]
        assert server.maintenance is (task not in ("rollback", "before"))
        assert result["changed"] is (task in ("fail", "continue"))
        if task != "before":
            assert result["maintenance_mode"] is server.maintenance
    for task in ("fail", "continue"):
        assert f"Maintenance mode is on for the Launch server {url(servers[task])}" in done.of(task)["msg"]
    assert "Maintenance mode was rolled back on the Launch server" in done.of("rollback")["msg"]
    assert (done.of("rollback")["rolled_back"], done.of("was on")["rolled_back"]) == (True, False)
    assert "before this task and stays on" in done.of("was on")["msg"]
    assert "Maintenance mode" not in done.of("before")["msg"]
    assert servers["before"].writes == 0


def test_failure_after_a_write_says_in_which_state_the_server_is(start: Launch, play: Play, loop: LoopThread) -> None:
    """The answer to the write is lost; the write is ignored; the rollback fails, too; the server refuses the write."""
    lost, ignored, stuck, refused = start(), start(), start(), start()
    lost.lost_answers = 99
    ignored.frozen.add("maintenanceModeEnabled")
    stuck.begin("application", "Deploy", Work(600), user="mary")
    stuck.looks_answered = 2
    refused.add_user("reader", "reader-pw", frozenset({rights.VIEW_SETTINGS}))
    # The second write, the one that turns back, meets nothing but conflicts.
    stuck.conflicts_from = 1
    done = play.run(
        play.task(lost, state="enabled", retry_timeout="1s", task="lost"),
        play.task(ignored, state="enabled", task="ignored"),
        play.task(stuck, state="enabled", drain=True, drain_interval="1s", on_undrained="rollback", task="stuck"),
        play.task(refused, state="enabled", username="reader", password="reader-pw", task="refused"),
        fails=True,
    )
    for task, server, changed in (("lost", lost, True), ("ignored", ignored, True), ("stuck", stuck, True)):
        result = done.of(task)
        on = "on" if server.maintenance else "off"
        assert f"Maintenance mode is {on} for the Launch server {url(server)}" in result["msg"]
        assert (result["changed"], result["maintenance_mode"]) == (changed, server.maintenance)
    assert (lost.maintenance, ignored.maintenance, stuck.maintenance) == (True, False, True)
    assert "it could not be turned off again" in done.of("stuck")["msg"]
    assert "HTTP 409" in done.of("stuck")["msg"]
    assert done.of("refused")["changed"] is False
    assert "Maintenance mode is" not in done.of("refused")["msg"]


def test_empty_list_of_an_account_that_may_not_see_all_is_warned_about(start: Launch, play: Play) -> None:
    server = start()
    server.begin("application", "Deploy", Work(600), user="mary")
    few = {"username": "few", "password": "few-pw"}
    done = play.run(
        play.task(server, state="enabled", drain=True, **few, task="drain"),
        play.task(server, "activity_info", **few, task="few"),
        play.task(server, "activity_info", task="all"),
        play.task(server, "activity_info", **few, sees_all_activity=True, task="vouched"),
    )
    for task in ("drain", "few"):
        assert "an account that may not see every application gets an empty list" in done.of(task)["warnings"][0]
        assert done.of(task)["activities"] == []
    assert (done.of("all")["count"], done.of("all").get("warnings")) == (1, None)
    assert (done.of("vouched")["count"], done.of("vouched").get("warnings")) == (0, None)
    assert len(server.running) == 1


def test_no_interface_tells_what_runs(start: Launch, play: Play) -> None:
    server = start()
    server.activity_apis = set()
    done = play.run(play.task(server, state="enabled", drain=True), fails=True)
    assert "does not know /cli/workflowTrace/currentActivity nor /rest/workflow/currentActivity" in done.last["msg"]
    assert (done.last["changed"], server.maintenance, server.writes) == (False, False, 0)


# --- blackouts --------------------------------------------------------------------------------------------------------


def at(hours: float) -> str:
    """A moment that many hours from now, in a time zone that is neither the server's nor UTC."""
    zone = timezone(timedelta(hours=5, minutes=30))
    return (datetime.now(zone) + timedelta(hours=hours)).isoformat(timespec="seconds")


def test_blackout_in_the_usual_order(start: Launch, play: Play) -> None:
    server = start("7.2.1.0")
    begin, end = at(10), at(12)
    task = play.task(server, "blackout", start=begin, end=end, task="create")

    done = play.run(task, arguments=["--check", "--diff"])
    assert (done.last["changed"], server.writes, server.calendar.entries) == (True, 0, {})
    assert done.last["diff"]["before"] == {"blackout": None}

    done = play.run(
        task,
        play.task(server, "blackout", start=begin, end="2h", task="again"),
        play.task(server, "blackout_info", task="info"),
    )
    created = done.of("create")["blackout"]
    assert (done.of("create")["changed"], done.of("again")["changed"]) == (True, False)
    assert done.of("again")["blackout"] == created
    (there,) = server.calendar.entries.values()
    assert there.start == datetime.fromisoformat(begin).timestamp()
    assert there.end - there.start == 7200
    assert (created["id"], created["in_effect"], created["synthetic"]) == (there.id, False, False)
    assert done.of("info")["blackouts"] == [created]
    assert done.of("info")["in_effect"] is False
    assert server.writes == 1

    done = play.run(
        play.task(server, "blackout", id=there.id, end="3h", task="longer"),
        play.task(server, "blackout", id=there.id, end="3h", task="longer again"),
        play.task(server, "blackout", state="absent", start=begin, task="cancel"),
        play.task(server, "blackout", state="absent", start=begin, task="cancel again"),
    )
    assert [done.of(name)["changed"] for name in ("longer", "longer again", "cancel", "cancel again")] == [
        True,
        False,
        True,
        False,
    ]
    assert done.of("longer")["diff"]["after"]["blackout"]["end"] != created["end"]
    assert done.of("cancel")["blackout"] is None
    assert server.calendar.entries == {}


def test_blackout_with_name_and_recurrence(start: Launch, play: Play) -> None:
    new, old = start("8.1.1.0"), start("8.0.1.3")
    first = at(24)
    named = {"name": "Backup", "start": first, "end": "2h", "recurrence": "weekly"}
    done = play.run(
        play.task(new, "blackout", **named, task="create"),
        play.task(new, "blackout", **named, task="again"),
        play.task(new, "blackout", **{**named, "end": "3h"}, task="longer"),
        play.task(new, "blackout", id="BACKUP", name="Backup and check", task="unknown id"),
        play.task(new, "blackout_info", range_start="now", range_end="20d", task="range"),
        play.task(new, "blackout", **{**named, "recurrence": "daily"}, task="other recurrence"),
        play.task(old, "blackout", **named, task="old"),
        fails=True,
    )
    assert [done.of(name)["changed"] for name in ("create", "again", "longer")] == [True, False, True]
    assert done.of("create")["blackout"]["recurrence"] == "weekly"
    (there,) = new.calendar.entries.values()
    assert (there.name, there.recurrence, there.end - there.start) == ("Backup", "W", 3 * 3600)
    occurrences = done.of("range")["blackouts"]
    assert [one["synthetic"] for one in occurrences] == [False, True, True]
    assert len({one["id"] for one in occurrences}) == 3
    assert "no blackout with the id BACKUP" in done.of("unknown id")["msg"]
    assert "recurrence cannot be changed" in done.of("other recurrence")["msg"]
    assert "version 8.0.1.3 knows neither" in done.of("old")["msg"]
    assert (old.writes, old.calendar.entries) == (0, {})


def series_of(server: LaunchServer, first: float, length: float = 2.0, recurrence: str = "D") -> Blackout:
    """A recurring blackout on the server; its first event is that many hours from now."""
    now = server.clock.time()
    series = Blackout(now + first * 3600, now + (first + length) * 3600, "Backup", recurrence)
    server.calendar.entries[series.id] = series
    return series


def test_recurring_blackout_is_cancelled_by_event_or_as_a_series(start: Launch, play: Play) -> None:
    """DELETE cancels one event only, so the task has to say which is meant."""
    server = start("8.1.1.0")
    first = at(24)
    absent = {"state": "absent", "name": "Backup"}
    done = play.run(
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="create"),
        play.task(server, "blackout", **absent, task="undecided"),
        play.task(server, "blackout", **absent, occurrence="one", task="any event"),
        play.task(server, "blackout", **absent, start=first, occurrence="one", task="next event"),
        play.task(server, "blackout", **absent, start=first, occurrence="one", task="next event again"),
        play.task(server, "blackout", **absent, start=at(72), occurrence="one", task="later event"),
        play.task(server, "blackout", **absent, start=at(72), occurrence="one", task="later event again"),
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="still there"),
        play.task(server, "blackout_info", range_start="now", range_end="4d", task="left"),
        fails=True,
    )
    for task in ("undecided", "any event"):
        assert done.of(task)["failed"]
        assert not done.of(task)["changed"]
    assert "occurrence: series to cancel the whole series" in done.of("undecided")["msg"]
    assert "which event of the series" in done.of("any event")["msg"]
    changed = ("create", "next event", "next event again", "later event", "later event again", "still there")
    assert [done.of(task)["changed"] for task in changed] == [True, True, False, True, False, False]
    created, after = done.of("create")["blackout"], done.of("still there")["blackout"]
    assert after["series"] == created["series"]
    assert after["start"] != created["start"]
    # Of the four events, the first and the third are cancelled.
    days = [datetime.fromisoformat(first) + timedelta(days=number) for number in (1, 3)]
    starts = [day.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for day in days]
    assert [one["start"] for one in done.of("left")["blackouts"]] == starts
    assert len(server.calendar.entries) == 1

    done = play.run(
        play.task(server, "blackout", state="absent", id=created["series"], occurrence="series", task="series"),
        play.task(server, "blackout", **absent, occurrence="series", task="series again"),
    )
    assert [done.of(task)["changed"] for task in ("series", "series again")] == [True, False]
    assert server.calendar.entries == {}
    assert ("POST", "/cli/calendar/cancelMaintenanceBlackoutSeries", "admin") in server.log


@pytest.mark.parametrize("moves_on", [True, False])
def test_series_whose_first_events_are_over(start: Launch, play: Play, moves_on: bool) -> None:
    """The task that created it finds it again, and it is in effect during its event of now."""
    server = start("8.1.1.0")
    server.calendar.moves_on = moves_on
    series = series_of(server, -49)
    first = at(-49)
    done = play.run(
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="by name"),
        play.task(server, "blackout", start=first, end="2h", recurrence="daily", task="by period"),
        play.task(server, "blackout_info", task="info"),
        play.task(server, "maintenance_mode_info", task="status"),
        play.task(server, "blackout", state="absent", start="now", occurrence="one", task="cancel"),
        play.task(server, "blackout_info", task="info after"),
    )
    for task in ("by name", "by period"):
        assert (done.of(task)["changed"], done.of(task)["blackout"]["in_effect"]) == (False, True)
    assert done.of("info")["in_effect"] is True
    assert [one["in_effect"] for one in done.of("info")["blackouts"]] == [True]
    (note,) = done.of("status")["status"]["notes"]
    assert note.startswith('maintenance blackout "Backup" is on, nothing starts; Estimated End Date 20')
    assert done.of("cancel")["changed"] is True
    assert done.of("info after")["in_effect"] is False
    assert list(server.calendar.entries) == [series.id]
    assert len(series.cancelled) == 1


def test_event_that_spans_the_range_is_listed(start: Launch, play: Play) -> None:
    """The server lists what starts or ends in a range; what spans it is missing there."""
    server = start("8.1.1.0")
    long = Blackout(time.time() - 90 * 86400, time.time() + 90 * 86400, "Move to the new hall")
    server.calendar.entries[long.id] = long
    done = play.run(
        play.task(server, "blackout_info", range_start="2h", range_end="1h", task="range"),
        play.task(server, "blackout_info", range_start="120d", range_end="1h", task="later"),
        play.task(server, "maintenance_mode_info", task="status"),
    )
    assert [one["id"] for one in done.of("range")["blackouts"]] == [long.id]
    assert done.of("later")["blackouts"] == []
    assert '"Move to the new hall" is on' in done.of("status")["status"]["notes"][0]

    weekly = start("8.1.1.0")
    series_of(weekly, 24, length=100, recurrence="W")
    done = play.run(play.task(weekly, "blackout_info", range_start="220h", range_end="1h"))
    assert [one["synthetic"] for one in done.last["blackouts"]] == [True]


def test_series_that_the_list_does_not_name(start: Launch, play: Play) -> None:
    """Which field holds it is not documented: the task fails before it does anything else, and can be told."""
    server = start("8.1.1.0")
    server.calendar.series_key = "group"
    series_of(server, 24)
    cancel = {"state": "absent", "name": "Backup", "occurrence": "series"}
    done = play.run(
        play.task(server, "blackout", **cancel, task="not told"),
        play.task(server, "blackout", **cancel, series_key="group", task="told"),
        fails=True,
    )
    assert "Name the field that holds the id of the series with series_key" in done.of("not told")["msg"]
    assert "endDate, group, id" in done.of("not told")["msg"]
    assert done.of("told")["changed"] is True
    assert server.calendar.entries == {}


def test_blackout_dates_with_the_name_of_a_zone(start: Launch, play: Play) -> None:
    """And on a machine without a time zone database, what to do about it."""
    server = start("8.1.1.0")
    named = play.task(
        server, "blackout", start="2036-11-24T22:00 Europe/Berlin", end="2036-11-25T02:00 Europe/Berlin", task="named"
    )
    done = play.run(
        named,
        play.task(server, "blackout", start="2036-11-24T22:00:00+01:00", end="4h", task="offset"),
        {
            **named,
            "name": "no database",
            "environment": {"PYTHONTZPATH": "", "PYTHONPATH": str(play.without_tzdata())},
        },
        fails=True,
    )
    assert [done.of(task)["changed"] for task in ("named", "offset")] == [True, False]
    assert done.of("named")["blackout"]["start"] == "2036-11-24T21:00:00Z"
    message = done.of("no database")["msg"]
    assert message.startswith("Invalid start: Europe/Berlin cannot be looked up")
    assert "has no time zone database" in message


def test_blackout_that_takes_the_database_offline(start: Launch, play: Play) -> None:
    """The vendor says that a blackout does so. What the server then answers is not documented; here, HTTP 503."""
    server = start("8.1.1.0")
    server.maintenance = True
    server.calendar.offline = True
    series_of(server, -1)
    done = play.run(
        play.task(server, state="disabled", retry_timeout="1s", task="off"),
        play.task(server, "maintenance_mode_info", retry_timeout="1s", task="status"),
        play.task(server, "blackout", state="absent", start="now", occurrence="one", retry_timeout="1s", task="cancel"),
        fails=True,
    )
    for task in ("off", "status", "cancel"):
        assert 'HTTP 503: "The database is offline for maintenance."' in done.of(task)["msg"]
        assert not done.of(task)["changed"]
    assert server.maintenance


def test_lost_answer_to_a_blackout(start: Launch, play: Play) -> None:
    """The message says that it is not known, and running the task again is safe."""
    server = start("8.1.1.0")
    server.lost_answers = 1
    create = {"start": at(3), "end": "2h"}
    done = play.run(
        play.task(server, "blackout", **create, retry_timeout="1s", task="lost"),
        play.task(server, "blackout", **create, task="again"),
        fails=True,
    )
    assert "It is not known whether the maintenance blackout was created" in done.of("lost")["msg"]
    assert (done.of("lost")["changed"], done.of("again")["changed"]) == (True, False)
    assert len(server.calendar.entries) == 1


def test_blackout_refusals(start: Launch, play: Play, authority: Authority) -> None:
    """Ours before anything is sent; the server's own, where only it can know, in its words."""
    server, old, odd, recurring = start("7.2.1.0"), start("7.2.0.2"), start("7.2.1.0"), start("8.1.1.0")
    series = Blackout(time.time() + 36000, time.time() + 43200, "Backup", "W")
    recurring.calendar.entries[series.id] = series
    odd.calendar.keys = ("from", "until")
    person = Person(server, authority)
    clock = server.clock.time()
    start_date, end_date = (round((clock + hours * 3600) * 1000) for hours in (10, 12))
    created = person.ask("POST", f"/cli/calendar/maintenanceBlackout?startDate={start_date}&endDate={end_date}").json()
    writes = server.writes
    done = play.run(
        play.task(server, "blackout", start=at(11), end="2h", task="overlap"),
        play.task(server, "blackout", start=at(-3), end="6h", task="past"),
        play.task(server, "blackout", start=at(3), end=at(2), task="backwards"),
        play.task(server, "blackout", start="2036-11-24T22:00:00", end="2h", task="no zone"),
        play.task(server, "blackout", id="nonsense", end="2h", task="unknown"),
        play.task(server, "blackout", end="2h", task="no start"),
        play.task(server, "blackout", start=at(3), task="no end"),
        *(
            play.task(server, "blackout", **{"start": at(3), "end": "2h", option: ""}, task=f"empty {option}")
            for option in ("id", "name", "start", "end")
        ),
        play.task(server, "blackout", id="", state="absent", task="empty id, absent"),
        play.task(server, "blackout_info", range_start="", range_end="", task="empty range"),
        play.task(server, "blackout_info", range_start="2036-01-01T00:00Z", range_end=at(1), task="backwards range"),
        play.task(old, "blackout", start=at(3), end="2h", task="old"),
        play.task(recurring, "blackout", start=at(34), end="2h", recurrence="daily", task="series"),
        play.task(recurring, "blackout", start=at(42 * 24 + 11), end="2h", task="event"),
        play.task(server, "blackout_info", range_start="now", task="half a range"),
        play.task(server, "blackout", username="none", password="none-pw", start=at(3), end="2h", task="no rights"),
        play.task(odd, "blackout", start=at(3), end="2h", task="odd"),
        play.task(odd, "blackout", start=at(5), end="2h", start_key="from", end_key="until", task="odd, told"),
        fails=True,
    )

    def says(task: str) -> str:
        assert done.of(task)["failed"], task
        return str(done.of(task)["msg"])

    assert f"would overlap the blackout {created['id']}" in says("overlap")
    assert "is in the past" in says("past")
    assert "is not after its start" in says("backwards")
    for option in ("id", "name", "start", "end"):
        assert f"Invalid {option}: it is empty." in says(f"empty {option}")
    assert "Invalid range_start: it is empty" in says("empty range")
    assert "is before range_start" in says("backwards range")
    assert "has no time zone" in says("no zone")
    assert "no blackout with the id nonsense" in says("unknown")
    assert "one of the following is required: id, name, start" in says("no start")
    assert "Invalid id: it is empty" in says("empty id, absent")
    assert "no period to create one" in says("no end")
    assert "version 7.2.0.2 does not know" in says("old")
    assert "came with version 7.2.1" in says("old")
    # Only a later event of the one meets a later event of the other: that the server finds.
    assert 'HTTP 400: "The maintenance blackout overlaps with another one."' in says("series")
    assert 'would overlap the blackout "Backup"' in says("event")
    assert "range_start, range_end" in says("half a range")
    assert f"none {SERVER_WORDS} Manage Maintenance Mode" in says("no rights")
    assert server.writes == writes
    # The created one is not understood when it is read back; told the names of the fields, it is.
    assert "among its fields from, id, synthetic, until" in says("odd")
    assert "The server answered that the maintenance blackout was created" in says("odd")
    assert done.of("odd")["changed"] is True
    assert done.of("odd, told")["changed"] is True
    assert len(odd.calendar.entries) == 2


@pytest.mark.parametrize(
    ("method", "query", "status", "words"),
    [
        ("GET", "rangeStart=1795521600000", 400, "together"),
        ("POST", "startDate={later}", 400, "required"),
        ("POST", "startDate={later}&endDate={latest}", 400, "overlaps"),
        ("POST", "startDate={past}&endDate={later}", 400, "in the past"),
        ("POST", "startDate={latest}&endDate={later}", 400, "after the start"),
        ("POST", "startDate=tomorrow&endDate={latest}", 400, "not a date of the form MM-dd-yyyy-HH:mm"),
        ("POST", "startDate=11-24-2036-22:00&endDate=11-25-2036-02:00", 200, '"synthetic": false'),
        ("PUT", "id=x&endDate={latest}", 404, "No maintenance blackout"),
        ("PUT", "id={running}&startDate={later}", 400, "start date is in the past"),
        ("DELETE", "x", 404, "No maintenance blackout"),
        ("SERIES", "", 400, "series is required"),
        ("SERIES", "series={running}", 404, "No series"),
        ("EVENT", "series={series}", 400, "event and scheduled are required"),
        ("EVENT", "series={series}&event=x&scheduled={later}", 404, "No event"),
    ],
)
def test_blackout_rules_of_the_server(
    start: Launch, authority: Authority, method: str, query: str, status: int, words: str
) -> None:
    server = start("8.1.1.0")
    now = server.clock.time()
    moments = {"past": now - 7200, "later": now + 7200, "latest": now + 14400}
    running = Blackout(now - 3600, now + 600)
    there = Blackout(now + 9000, now + 10000)
    series = Blackout(now + 20000, now + 20100, "Backup", "D")
    server.calendar.entries = {one.id: one for one in (running, there, series)}
    filled = query.format(
        running=running.id, series=series.id, **{name: round(moment * 1000) for name, moment in moments.items()}
    )
    calls = {
        "DELETE": ("DELETE", "maintenanceBlackout/"),
        "SERIES": ("POST", "cancelMaintenanceBlackoutSeries?"),
        "EVENT": ("POST", "cancelMaintenanceBlackoutSeriesEvent?"),
    }
    verb, path = calls.get(method, (method, "maintenanceBlackout?"))
    answer = Person(server, authority).ask(verb, f"/cli/calendar/{path}{filled}")
    assert answer.status_code == status, answer.text
    assert words in answer.text
    if status == 200:
        # Without a zone in the text, it is the server's own (five hours behind UTC).
        assert answer.json()["startDate"] == datetime(2036, 11, 25, 3, tzinfo=timezone.utc).timestamp() * 1000


def test_lab_deletes_one_event_of_a_series(start: Launch, authority: Authority) -> None:
    """The trap is real: who sends DELETE for a recurring blackout meets it again the next day."""
    server = start("8.1.1.0")
    person = Person(server, authority)
    series = series_of(server, 24)
    path = "/cli/calendar/maintenanceBlackout"
    (first,) = person.ask("GET", path).json()
    assert first["synthetic"] is False
    assert person.ask("DELETE", f"{path}/{first['id']}").status_code == 200
    (second,) = person.ask("GET", path).json()
    assert second["startDate"] - first["startDate"] == 86400_000
    # A list with a range holds what starts or ends in it, and nothing that spans it.
    within = (second["startDate"] + 60_000, second["endDate"] - 60_000)
    assert person.ask("GET", f"{path}?rangeStart={within[0]}&rangeEnd={within[1]}").json() == []
    days = f"{path}?rangeStart={first['startDate']}&rangeEnd={first['startDate'] + 3 * 86400_000 + 1000}"
    real, synthetic, last = person.ask("GET", days).json()
    assert [one["synthetic"] for one in (real, synthetic, last)] == [False, True, True]
    answer = person.ask("DELETE", f"{path}/{synthetic['id']}")
    assert (answer.status_code, answer.text) == (400, "A synthetic event cannot be cancelled here.")
    # Moved by an hour, its later events move as well, and the cancelled day stays cancelled.
    moved = f"id={real['id']}&startDate={real['startDate'] + 3600_000}&endDate={real['endDate'] + 3600_000}"
    assert person.ask("PUT", f"{path}?{moved}").status_code == 200
    assert [one["startDate"] for one in person.ask("GET", days).json()] == [
        real["startDate"] + 3600_000,
        synthetic["startDate"] + 3600_000,
    ]
    assert len(series.cancelled) == 1


def test_blackout_in_effect_blocks_and_is_cancelled_by_now(start: Launch, play: Play, authority: Authority) -> None:
    server = start("8.1.1.0")
    person = Person(server, authority)
    done = play.run(
        play.task(server, "blackout", start="now", end="2h", task="now"),
        play.task(server, "blackout", start="now", end="2h", task="again"),
        play.task(server, "blackout_info", task="info"),
    )
    assert (done.of("now")["changed"], done.of("again")["changed"]) == (True, False)
    assert done.of("info")["in_effect"] is True
    assert person.request_process() == COULD_NOT_START
    assert play.run(play.task(server, "blackout", state="absent", start="now")).last["changed"] is True
    assert person.request_process() == "Running"


# --- role, credentials, examples --------------------------------------------------------------------------------------


def role(state: str, server: LaunchServer, authority: Authority) -> dict[str, Any]:
    """The variables with which the role is run."""
    return {
        "launch_state": state,
        "launch_url": url(server),
        "launch_username": "admin",
        "launch_password": PASSWORD,
        "launch_ca_path": str(authority.ca_file),
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


def test_role(start: Launch, play: Play, authority: Authority) -> None:
    """What its rows say of a server on which something runs; what every role owes is in tests/contract."""
    server = start("7.2.1.0")
    server.seconds_per_look = 1000

    def row(state: str) -> tuple[Done, dict[str, Any]]:
        done = play.run(*ROLE, variables=role(state, server, authority))
        return done, done.of("row")["launch_status"]["status"]

    server.begin("application", "Deploy", Work(1500), user="mary")
    done, found = row("enabled")
    (window,) = found.pop("windows")
    assert found == {
        "system": "target",
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
    }
    assert "draining" in done.output
    assert server.running == []
    blackout = Blackout(time.time() - 60, time.time() + 36000)
    server.calendar.entries[blackout.id] = blackout
    server.processes["old"] = Process("application", "Deploy", "mary", time.time(), (ManualTask("Check"),))
    _done, found = row("status")
    assert found["mode"] == "maintenance"
    assert found["expires"] is None
    blackout_note, idle_note, person_note = found["notes"]
    end = datetime.fromtimestamp(blackout.end, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert blackout_note == f"maintenance blackout is on, nothing starts; Estimated End Date {end}"
    assert idle_note == "not idle: 1 process(es) that began before still run"
    assert person_note.startswith("Deploy (JPetStore to PROD) by mary since ")
    assert person_note.endswith('waits for a person: manual task "Check"')


def test_status_never_fails_and_says_what_it_could_not_see(start: Launch, play: Play, authority: Authority) -> None:
    without_blackouts, without_mode, blind = start("7.0.3.1"), start("7.0.2.0"), start("8.1.1.0")
    blind.add_user("viewer", "viewer-pw", frozenset({rights.VIEW_SETTINGS}))
    with_names = {"without blackouts": without_blackouts, "without mode": without_mode, "blind": blind}
    tasks: list[Task] = []
    for name, server in with_names.items():
        login = {"launch_username": "viewer", "launch_password": "viewer-pw"} if name == "blind" else {}
        tasks += [{**ROLE[0], "vars": {**role("status", server, authority), **login}}, {**ROLE[1], "name": name}]
    done = play.run(*tasks)
    rows = {name: done.of(name)["launch_status"]["status"] for name in with_names}
    assert (rows["without blackouts"]["mode"], rows["without blackouts"]["notes"]) == ("normal", [])
    assert rows["without mode"]["mode"] == "unknown"
    assert "version 7.0.2.0 has no maintenance mode" in rows["without mode"]["notes"][0]
    assert rows["blind"]["mode"] == "normal"
    assert f"viewer {SERVER_WORDS} View Activity" in rows["blind"]["notes"][0]
    assert [server.writes for server in with_names.values()] == [0, 0, 0]


def test_no_secret_is_printed(start: Launch, play: Play, authority: Authority, tmp_path: Path) -> None:
    """Not at -vvvvv, not in a failure, not by the lab; and a task works for a host that is reached otherwise."""
    server = start()
    server.begin("application", "Deploy", Work(1), user="mary")
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    done = play.run(
        play.task(server, state="enabled", drain=True, drain_interval="1s", task="token"),
        play.task(server, state="enabled", username="admin", password=PASSWORD, task="password"),
        play.task(server, state="enabled", token=None, token_file=str(file), task="file"),
        play.task(server, "blackout_info", username="admin", password=PASSWORD, task="blackouts"),
        play.task(server, state="enabled", username="admin", password=TOKEN, task="token as password"),
        *ROLE,
        {**play.task(server, "maintenance_mode_info", task="delegated"), "delegate_to": "localhost"},
        fails=True,
        arguments=["-vvvvv"],
        variables=role("disabled", server, authority),
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


def test_credentials_of_the_environment_and_delegation(start: Launch, play: Play, authority: Authority) -> None:
    """For a host that cannot be reached: the requests go out from the controller, whatever host the task is for."""
    server = start()
    task = play.task(server, state="enabled", token=None, drain=True, task="delegated")
    done = play.run(
        task,
        environment={"DS_AUTH_TOKEN": TOKEN},
        variables={"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
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


def test_examples_run(start: Launch, play: Play) -> None:
    """Those of every module, in one play."""
    server = start("8.1.1.0")
    tasks: list[Task] = []
    for path in sorted((ROOT / "plugins/modules").glob("launch_*.py")):
        found = re.search(r'EXAMPLES = r"""(.*?)"""', path.read_text(), re.DOTALL)
        assert found, path
        tasks += adapted(found[1], server, play)
    done = play.run(*tasks, variables={"launch_token": TOKEN, "launch_password": PASSWORD})
    assert len(done.results) == len(tasks) > 8
    # Every blackout of the examples is cancelled by a later one.
    assert [server.calendar.entries, server.writes] == [{}, 7]
    assert not server.maintenance


def test_guide_runs(start: Launch, play: Play, tmp_path: Path) -> None:
    """The playbook, the inventory and the task of docs/launch.md; the upgrade is a look from within."""
    server = start("8.1.1.0")
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/launch.md").read_text(), re.DOTALL)
    (upgrade,), inventory, blackout = (adapted(block, server, play) for block in blocks)
    (tmp_path / "tasks").mkdir()
    look = {"name": "Look", "quiesce.maintenance.launch_maintenance_mode_info": {}}
    (tmp_path / "tasks/upgrade.yml").write_text(yaml.safe_dump([look]))
    hosts = inventory["launch"]["hosts"]["launch01"]
    hosts["ansible_python_interpreter"] = sys.executable
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "upgrade.yml").write_text(
        yaml.safe_dump([{**upgrade, "tasks": [*upgrade["tasks"], *blackout]}, {"hosts": "launch", "tasks": ROLE}])
    )
    done = run_playbook(
        tmp_path,
        tmp_path / "upgrade.yml",
        "-i",
        str(tmp_path / "hosts.yml"),
        "-e",
        json.dumps({"vault_launch_token": TOKEN}),
    )
    assert done.code == 0, done.output
    assert done.of("Look")["maintenance_mode"] is True
    assert not server.maintenance
    assert len(server.calendar.entries) == 1
    assert done.of("row")["launch_status"]["status"]["system"] == "launch01"
