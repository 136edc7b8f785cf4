"""HCL Launch: maintenance mode of the simulated server, in the order check, apply, again, off; and the failures."""

from __future__ import annotations

import json
import re

import pytest

from lab.pki import Authority
from lab.rest import launch_access as rights
from lab.rest.launch_process import COULD_NOT_START, ManualTask, SubProcess, Work
from playbook.courses import Course, Task, course
from playbook.launch import SERVER_WORDS, TOKEN, Play, url


@pytest.mark.smoke
@course(Play)
def test_usual_order_with_every_generation(play: Play) -> Course:
    servers = {version: play.server(version) for version in ("6.1.3.2", "8.1.1.0")}
    fields = ["enableMaintenanceMode", "maintenanceModeEnabled"]
    ask, write = ("GET", "/cli/systemConfiguration"), ("PUT", "/cli/systemConfiguration")

    def tasks(state: str, suffix: str = "") -> list[Task]:
        return [play.task(server, state=state, task=version + suffix) for version, server in servers.items()]

    done = yield from play.check(*tasks("enabled"))
    for (version, server), field in zip(servers.items(), fields, strict=True):
        result = done.of(version)
        assert result["changed"] is True
        assert [result["diff"][part][field] for part in ("before", "after")] == [False, True]
        assert (server.maintenance, server.writes) == (False, 0)
        server.log.clear()

    done = yield from play.run(*tasks("enabled"), *tasks("enabled", " again"))
    for (version, server), field in zip(servers.items(), fields, strict=True):
        result = done.of(version)
        assert (result["changed"], result["maintenance_mode"], result["field"]) == (True, True, field)
        assert done.of(f"{version} again")["changed"] is False
        assert server.maintenance
        # Asked, written, read back; the second time asked, and nothing else.
        assert [(method, path) for method, path, _unused in server.log] == [ask, write, ask, ask]

    done = yield from play.run(*tasks("disabled"))
    for version, server in servers.items():
        assert done.of(version)["changed"] is True
        assert not server.maintenance
        assert server.untouched


@course(Play)
def test_versions_without_the_feature_are_refused_by_name(play: Play) -> Course:
    servers = {version: play.server(version) for version in ("6.2.4.0", "7.0.2.3")}
    tasks = [play.task(server, state="enabled", task=version) for version, server in servers.items()]
    tasks.append(play.task(servers["7.0.2.3"], "maintenance_mode_info", task="info"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="quietMode", task="wrong field"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="enableInactiveLinks", task="given field"))
    tasks.append(play.task(servers["7.0.2.3"], state="enabled", field="cleanupHourOfDay", task="no boolean"))
    done = yield from play.run(*tasks, fails=True)
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


@course(Play)
def test_what_can_go_wrong_says_what_and_what_to_do(play: Play) -> Course:
    """Each failure of the server or of a login, with its own message; none is taken for success."""
    ignoring, busy, stubborn, page, broken, plain = (play.server() for _unused in range(6))
    ignoring.frozen.add("maintenanceModeEnabled")
    busy.conflicts, stubborn.conflicts = 2, 99
    page.faults += [(200, "text/html", "<html><title>Sign in</title></html>")]
    broken.faults += [(500, "text/plain", "java.lang.NullPointerException")]
    other_ca = Authority(play.stage.folder / "other")
    closed = play.server()
    closed_url = url(closed)
    play.stage.loop.run(closed.stop())
    empty = play.stage.folder / "empty"
    empty.write_text("\n")
    done = yield from play.run(
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


@course(Play)
def test_old_server_that_requires_a_token_in_json(play: Play) -> Course:
    """The 401 says how to give it, and that works."""
    server = play.server("7.0.5.0")
    server.access.json_tokens = True
    file = play.stage.folder / "token.json"
    file.write_text(json.dumps({"token": TOKEN}))
    done = yield from play.run(
        play.task(server, state="enabled", task="plain"),
        play.task(server, state="enabled", token=None, token_file=str(file), task="file"),
        fails=True,
        verbose=True,
    )
    assert 'Servers before 7.1.1 may require {"token": "..."} as the password' in done.of("plain")["msg"]
    assert done.of("file")["changed"] is True
    assert server.maintenance
    assert TOKEN not in done.output


@course(Play)
def test_server_that_restarts_is_waited_for(play: Play) -> Course:
    """Refused connections, then a starting page with 503: with a line of progress, and within the limit."""
    restarting, starting, slow = play.server(scale=10), play.server(scale=10), play.server(scale=10)
    restarting.maintenance = starting.maintenance = slow.maintenance = True
    play.stage.loop.run(restarting.restart(down=30, starting=20))
    starting.faults += [(503, "text/html", "<html><title>The server is starting</title></html>")] * 3
    slow.faults += [(503, "text/html", "<html><title>The server is starting</title></html>")] * 99
    done = yield from play.run(
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


@course(Play)
def test_what_maintenance_mode_blocks_and_what_goes_on(play: Play) -> Course:
    """The vendor's two lists, one by one, around a mode that the module turned on and off."""
    server = play.server()
    person = play.person(server)
    for kind in ("application", "component", "generic"):
        assert person.request_process(kind) == "Running"
    repeatable = server.begin("application", "Nightly", Work(1))
    before = server.begin(
        "application", "Deploy", ManualTask("Go"), SubProcess(600, "Install WAR"), ManualTask("Check"), Work(5)
    )
    approval = server.ask_approval("Deploy to PROD")

    done = yield from play.run(play.task(server, state="enabled"))
    assert done.last["changed"] is True

    for kind in ("application", "component", "generic"):
        assert person.request_process(kind) == COULD_NOT_START
    # From 8.0.1 on a permission of its own lets somebody start processes nevertheless.
    server.add_user("boss", "boss-pw", rights.FULL | {rights.EXECUTE_IN_MAINTENANCE})
    assert play.person(server, "boss", "boss-pw").request_process() == "Running"
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
        assert before in server.running
        assert before.waits_for == ManualTask(name)
        answer = person.ask("PUT", f"/rest/approval/task/{before.task_id}/close", json={"passFail": "passed"})
        assert answer.status_code == 200

    answer_task("Go")
    listed = person.ask("GET", "/cli/workflowTrace/currentActivity").json()
    assert [entry["componentProcess"]["name"] for entry in listed if "parentRequestId" in entry] == ["Install WAR"]
    server.clock.advance(600)
    answer_task("Check")
    server.clock.advance(600)
    assert not server.running
    assert before.label == "Success"

    done = yield from play.run(play.task(server, state="disabled"))
    assert done.last["changed"] is True
    assert person.request_process() == "Running"
    assert person.ask("PUT", f"/rest/approval/task/{approval}/close", json={"passFail": "passed"}).status_code == 200
    assert server.trigger_import("2.0", then="Deploy on import")


# --- draining ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "traces"), [("cli", True), ("rest", False)])
@course(Play)
def test_drain_waits_and_says_for_what(play: Play, api: str, traces: bool) -> Course:
    server = play.server()
    server.seconds_per_look = 1000
    server.activity_apis = {api}
    server.traces_in_activity = traces
    server.begin("application", "Deploy", Work(4500), user="mary")
    server.begin("generic", "Clean up", Work(2500), user="jsmith")
    check = play.task(server, state="enabled", drain=True, task="check")
    done = yield from play.run(
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
        rf"draining {url(server)}: \d+ of 60 s, 2 processes run: Deploy \(JPetStore to PROD\) by mary "
        r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ; Clean up \(on web01\) by jsmith since ",
        done.output,
    )
    assert "1 process runs: Deploy (JPetStore to PROD) by mary" in done.output


@course(Play)
def test_drain_at_its_limit(play: Play) -> Course:
    """A process that waits for a person outlasts the limit: fail, continue, rollback; and going on later."""
    servers = {task: play.server(scale=100) for task in ("fail", "continue", "rollback", "was on")}
    for server in servers.values():
        server.begin("application", "Deploy", ManualTask("Check the smoke test"), Work(2), user="mary")
    servers["rollback"].traces_in_activity = False
    servers["was on"].maintenance = True
    done = yield from play.run(
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
    done = yield from play.run(
        play.task(server, state="enabled", drain=True, drain_interval="1s", sees_all_activity=True)
    )
    again = done.last
    assert (again["changed"], again["drained"]) == (False, True)


@course(Play)
def test_error_during_the_drain_says_that_maintenance_mode_is_on(play: Play) -> Course:
    """The list fails after the switch; on_undrained: rollback then turns the mode off if this task turned it on."""
    servers = {task: play.server() for task in ("fail", "continue", "rollback", "was on", "before")}
    for task, server in servers.items():
        server.begin("application", "Deploy", Work(600), user="mary")
        # One look before the switch; one after it, but not if nothing was written.
        server.looks_answered = {"before": 0, "was on": 1}.get(task, 2)
    servers["was on"].maintenance = True
    choice = {"was on": "rollback", "before": "rollback"}
    done = yield from play.run(
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


@course(Play)
def test_failure_after_a_write_says_in_which_state_the_server_is(play: Play) -> Course:
    """The answer to the write is lost; the write is ignored; the rollback fails, too; the server refuses the write."""
    lost, ignored, stuck, refused = play.server(), play.server(), play.server(), play.server()
    lost.lost_answers = 99
    ignored.frozen.add("maintenanceModeEnabled")
    stuck.begin("application", "Deploy", Work(600), user="mary")
    stuck.looks_answered = 2
    refused.add_user("reader", "reader-pw", frozenset({rights.VIEW_SETTINGS}))
    # The second write, the one that turns back, meets nothing but conflicts.
    stuck.conflicts_from = 1
    done = yield from play.run(
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


@course(Play)
def test_empty_list_of_an_account_that_may_not_see_all_is_warned_about(play: Play) -> Course:
    server = play.server()
    server.begin("application", "Deploy", Work(600), user="mary")
    few = {"username": "few", "password": "few-pw"}
    done = yield from play.run(
        play.task(server, state="enabled", drain=True, **few, task="drain"),
        play.task(server, "activity_info", **few, task="few"),
    )
    for task in ("drain", "few"):
        assert "an account that may not see every application gets an empty list" in done.of(task)["warnings"][0]
        assert done.of(task)["activities"] == []
    done = play.directly(
        play.task(server, "activity_info", task="all"),
        play.task(server, "activity_info", **few, sees_all_activity=True, task="vouched"),
    )
    assert (done.of("all")["count"], done.of("all").get("warnings")) == (1, None)
    assert (done.of("vouched")["count"], done.of("vouched").get("warnings")) == (0, None)
    assert len(server.running) == 1


@course(Play)
def test_no_interface_tells_what_runs(play: Play) -> Course:
    server = play.server()
    server.activity_apis = set()
    done = yield from play.run(play.task(server, state="enabled", drain=True), fails=True)
    assert "does not know /cli/workflowTrace/currentActivity nor /rest/workflow/currentActivity" in done.last["msg"]
    assert (done.last["changed"], server.maintenance, server.writes) == (False, False, 0)
