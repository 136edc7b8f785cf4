"""Lifecycle Services: real playbooks against the simulated portal and public API."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.clock import Clock
from lab.lcs import Hosting, LcsApi, LcsEnvironment, Portal, Project, Projects, ServicingFailure
from lab.lcs.operation import Operation
from lab.lcs.sessions import Session
from lab.pki import Authority
from lab.thread import LoopThread
from playbook import ROOT, Done, run_playbook, start_playbook
from playbook.courses import ADDRESS, Course, Played, Stage, course

PROJECT = 1234567
TOKEN = "c4n4ry-t0ken-of-a-user-5f1d"
SWITCH = "EnableDisableMaintenanceMode"
OVER = "is still running, but the session is over, so nobody watches it. Sign in again at"

Task = dict[str, Any]


@dataclass
class Watched(LcsEnvironment):
    """An environment that tells when a servicing operation begins."""

    at_begin: list[Callable[[], object]] = field(default_factory=list)

    def begin(self, enable: bool) -> Operation | None:
        for act in self.at_begin:
            act()
        return super().begin(enable)


class Site:
    """A portal with its API, a project, a person who is signed in, and playbooks against them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.clock = Clock()
        self.project = Project(PROJECT)
        projects = Projects({PROJECT: self.project})
        self.portal = Portal(projects, ADDRESS, tls=stage.tls, clock=self.clock)
        self.api = LcsApi(projects, ADDRESS, tls=stage.tls, clock=self.clock, token=TOKEN)
        stage.start(self.portal)
        stage.start(self.api)
        self.session = self.portal.sign_in()

    def add(self, name: str, *, pace: float = 150.0, **more: Any) -> Watched:
        """An environment whose time passes with each look, so that nothing depends on how fast the machine is."""
        environment = Watched(name, self.clock, seconds_per_look=pace, **more)
        self.project.add(environment)
        return environment

    def variables(self, environment: LcsEnvironment, session: Session | None = None) -> dict[str, Any]:
        return {
            "lcs_url": self.portal.url,
            "lcs_project_id": PROJECT,
            "lcs_environment_id": environment.id,
            "lcs_cookies": (session or self.session).cookies,
            "lcs_ca_path": self.stage.ca_file,
            "lcs_accept_undocumented_api": True,
            "lcs_poll_interval": "1s",
            "lcs_retry_timeout": "5s",
        }

    def task(self, environment: LcsEnvironment, module: str = "maintenance_mode", **options: Any) -> Task:
        """A task with everything as options."""
        name = options.pop("task", environment.name)
        given = {key.removeprefix("lcs_"): value for key, value in self.variables(environment).items()}
        if module != "maintenance_mode":
            del given["poll_interval"]
        arguments = {**given, **options}
        return {
            "name": name,
            f"quiesce.maintenance.lcs_{module}": {key: value for key, value in arguments.items() if value is not None},
        }

    def run(self, *tasks: Task, fails: bool = False, verbose: bool = False) -> Played:
        """Run the tasks; each goes on after a failure if failures are what is looked for."""
        done = yield from self.stage.play(*tasks, fails=fails, verbose=verbose)
        self.no_secret(done.output, json.dumps(done.results))
        return done

    def check(self, *tasks: Task) -> Played:
        """Run the tasks in check mode."""
        return self.run(*({**task, "check_mode": True} for task in tasks))

    def no_secret(self, *texts: str) -> None:
        sessions = self.portal.sessions._sessions.values()
        secrets = [TOKEN, *(part for one in sessions for part in (one.key, one.token_key, *one.tokens))]
        for text in texts:
            assert [secret for secret in secrets if secret in text] == []


@pytest.fixture
def site(tmp_path: Path, lab_loop: LoopThread) -> Iterator[Site]:
    """A site for itself."""
    authority = Authority(tmp_path / "pki")
    with ExitStack() as end:
        yield Site(Stage("target", tmp_path, tmp_path, lab_loop, authority, authority.server(ADDRESS), end))


def of_switch(site: Site) -> int:
    return sum(SWITCH in path for _method, path in site.portal.log)


# --- the usual order --------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@course(Site)
def test_usual_order_of_each_hosting(site: Site) -> Course:
    environments = [site.add("fabric", pace=90.0), site.add("iaas", hosting=Hosting.MICROSOFT_IAAS)]

    def tasks(state: str, suffix: str = "") -> list[Task]:
        return [site.task(each, state=state, task=each.name + suffix) for each in environments]

    done = yield from site.check(*tasks("enabled"))
    for each in environments:
        result = done.of(each.name)
        assert (result["changed"], result["maintenance_mode"]) == (True, True)
        assert [result["diff"][name]["maintenance_mode"] for name in ("before", "after")] == [False, True]
    assert (of_switch(site), site.portal.switches) == (0, [])

    done = yield from site.run(*tasks("enabled"), *tasks("enabled", " again"))
    for each in environments:
        result = done.of(each.name)
        assert (result["changed"], result["maintenance_mode"], result["watched"]) == (True, True, True)
        assert result["environment"]["status"] == "In Maintenance"
        assert (result["status"]["system"], result["status"]["mode"]) == (site.stage.name, "maintenance")
        assert done.of(f"{each.name} again")["changed"] is False
        assert each.in_maintenance
    assert site.portal.switches == [("fabric", True), ("iaas", True)]
    assert re.search(
        r"waiting for environment \S+ of LCS project 1234567 \(fabric\): \d+ of 7200 s, Servicing, ", done.output
    )
    assert re.search(r"Enable maintenance mode In progress, \d+ %", done.output)

    done = yield from site.run(*tasks("disabled"))
    assert [done.of(each.name)["changed"] for each in environments] == [True, True]
    assert [each.in_maintenance for each in environments] == [False, False]


@course(Site)
def test_variables_of_the_host_are_enough(site: Site) -> Course:
    environment = site.add("uat")
    site.stage.variables.update(site.variables(environment))
    site.stage.variables.update(lcs_project_id=str(PROJECT), lcs_accept_undocumented_api="yes")
    role = {"name": "role", "ansible.builtin.include_role": {"name": "quiesce.maintenance.lcs"}}
    tasks = [
        {**role, "vars": {"lcs_state": "enabled"}},
        {"name": "Row", "ansible.builtin.debug": {"msg": "{{ lcs_status.status.mode }}"}},
        {**role, "vars": {"lcs_state": "disabled"}},
        role,
        {"name": "Row out", "ansible.builtin.debug": {"msg": "{{ lcs_status.status.mode }}"}},
    ]
    done = yield from site.run(*tasks)
    assert (done.of("Row")["msg"], done.of("Row out")["msg"]) == ("maintenance", "normal")
    assert site.portal.switches == [("uat", True), ("uat", False)]


def test_playbooks(site: Site) -> None:
    environments = [site.add("uat"), site.add("prod", production=True)]
    hosts = {each.name: {"ansible_connection": "local", **site.variables(each)} for each in environments}
    inventory = site.stage.folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"lcs": {"hosts": hosts}}))

    def run(name: str, *arguments: str, code: int = 0) -> Done:
        done = run_playbook(site.stage.folder, f"quiesce.maintenance.{name}", "-i", str(inventory), *arguments)
        assert done.code == code, done.output
        site.no_secret(done.output, *(file.read_text() for file in records()))
        return done

    def records() -> list[Path]:
        return sorted((site.stage.folder / "state/quiesce.maintenance").glob("lcs-*.json"))

    done = run("enable", "-e", "quiesce_window=CHG7 quiesce_reason=4711 quiesce_ticket= quiesce_owner=ann")
    assert sorted(site.portal.switches) == [("prod", True), ("uat", True)]
    assert re.search(r"uat +D365 LCS +maintenance +yes +\S+ \S+Z +ann +4711", done.output), done.output
    assert [json.loads(file.read_text())["records"]["environment"]["name"] for file in records()] == [
        each.name for each in sorted(environments, key=lambda each: each.id)
    ]
    done = run("disable", "-l", "prod")
    assert "prod: closed nothing; maintenance mode stays on for CHG7 (ann, 4711)" in done.output

    # The session ends while the operation runs: nothing failed, nothing is confirmed, and the run says so.
    uat, everybody = environments[0], ["-e", "quiesce_all_windows=yes"]
    uat.seconds_per_look = 20.0
    session = site.portal.sign_in()
    uat.at_begin.append(lambda: site.portal.at.update({len(site.portal.log) + 5: end}))

    def end() -> None:
        site.portal.sessions.end(session)

    cookies = json.dumps({"lcs_cookies": session.cookies})
    done = run("disable", "-l", "uat", *everybody, "-e", cookies, code=2)
    assert done.recap["uat"]["failed"] == 1
    verdict = done.of("Report what failed", "uat")["msg"]
    assert OVER in verdict
    assert verdict.endswith("Fix the cause and run disable again.")
    assert re.search(r"uat +D365 LCS +changing +no", done.output)
    uat.seconds_per_look = 300.0
    done = run("disable", *everybody)
    assert re.search(r"uat +D365 LCS +normal +yes", done.output)
    assert site.portal.switches[2:] == [("uat", False), ("prod", False)]
    assert records() == []


# --- what is refused --------------------------------------------------------------------------------------------------


@course(Site)
def test_refused_before_anything_is_touched(site: Site) -> Course:
    uat, own = site.add("uat"), site.add("own", hosting=Hosting.CUSTOMER_IAAS)
    unified = LcsEnvironment("unified", site.clock)  # in no project
    occupied = site.add("occupied", lagging_looks=0)
    occupied.failures = [ServicingFailure(at=0.0)]
    occupied.begin(True)
    tasks = [
        site.task(uat, state="enabled", accept_undocumented_api=False, task="no consent"),
        site.task(uat, state="enabled", cookies=None, task="no cookies"),
        site.task(uat, state="enabled", environment_id="uat", task="name"),
        site.task(unified, state="enabled"),
        site.task(own, state="enabled"),
        site.task(occupied, state="enabled"),
        site.task(uat, state="enabled", details_path="/ServiceFabricDeployment/Gone/{project_id}", task="gone"),
        site.task(uat, state="enabled", cookies=site.portal.sign_in(may_service=False).cookies, task="no right"),
    ]
    done = yield from site.run(*tasks, fails=True)
    messages = {task["name"]: done.of(task["name"])["msg"] for task in tasks}
    assert "set accept_undocumented_api: true" in messages["no consent"]
    assert "Sign in at https://127.0.0.1" in messages["no cookies"]
    assert 'Invalid environment_id: "uat" is not a GUID' in messages["name"]
    assert "use powerplatform_administration_mode" in messages["unified"]
    assert "Use d365fo_maintenance_mode on its machines" in messages["own"]
    assert "A servicing operation failed before" in messages["occupied"]
    assert "a person chooses Resume, Rollback or Abort and downloads the logs" in messages["occupied"]
    assert "Find the new one and set details_path" in messages["gone"]
    assert "You are not authorized to perform this operation" in messages["no right"]
    assert all(done.of(task["name"])["failed"] and not done.of(task["name"])["changed"] for task in tasks[3:])
    assert site.portal.switches == []


# --- the request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop-after", "bad-gateway-after", "truncated", "cut-json", "empty"])
@course(Site)
def test_an_answer_that_is_lost_is_no_failure(site: Site, fault: Any) -> Course:
    environment = site.add("uat")
    site.portal.faults_at[SWITCH].append(fault)
    result = (yield from site.run(site.task(environment, state="enabled"))).of("uat")
    assert (result["changed"], result["maintenance_mode"]) == (True, True)
    assert (of_switch(site), site.portal.switches) == (1, [("uat", True)])


@pytest.mark.parametrize("fault", ["drop", "bad-gateway", "error-page"])
@course(Site)
def test_a_request_that_is_lost_is_not_sent_again(site: Site, fault: Any) -> Course:
    environment = site.add("uat")
    site.portal.faults_at[SWITCH].append(fault)
    done = yield from site.run(
        site.task(environment, state="enabled", start_timeout="3s"),
        site.task(environment, state="enabled", task="again"),
        fails=True,
    )
    assert "no servicing operation started" in done.of("uat")["msg"]
    assert done.of("again")["changed"] is True
    assert site.portal.switches == [("uat", True)]


@pytest.mark.parametrize("fault", ["refused-200", "refused-500", "not-done"])
@course(Site)
def test_a_refusal_of_lcs(site: Site, fault: Any) -> Course:
    environment = site.add("uat")
    if fault == "not-done":
        site.portal.switch_data = "not-done"
    else:
        site.portal.faults_at[SWITCH].append(fault)
    result = (yield from site.run(site.task(environment, state="enabled"), fails=True)).of("uat")
    words = "The service request could not be submitted" if fault == "not-done" else "An unexpected error occurred"
    assert words in result["msg"]
    assert re.search(r"activity id [0-9a-f-]{36}", result["msg"])
    assert "Maintenance mode is off for environment" in result["msg"]
    assert (result["changed"], site.portal.switches) == (False, [])


@pytest.mark.parametrize(("stale", "failed", "sent"), [(1, False, None), (9, True, [])])
@course(Site)
def test_the_anti_forgery_token_is_renewed_once(site: Site, stale: int, failed: bool, sent: Any) -> Course:
    environment = site.add("uat")
    site.portal.faults_at[SWITCH].extend(["forbidden"] * stale)
    result = (yield from site.run(site.task(environment, state="enabled"), fails=True)).of("uat")
    assert result["failed"] is failed
    assert of_switch(site) == 2
    assert site.portal.switches == ([("uat", True)] if sent is None else sent)
    if failed:
        assert "HTTP 403, also with a new anti-forgery token" in result["msg"]


@course(Site)
def test_a_token_without_its_cookie(site: Site) -> Course:
    """Only the session's own cookie was copied: the portal sets that of the token."""
    environment = site.add("uat")
    cookie = site.session.cookies.partition(";")[0]
    assert (yield from site.run(site.task(environment, state="enabled", cookies=cookie))).of("uat")["changed"] is True


@course(Site)
def test_a_request_that_lcs_ignores(site: Site) -> Course:
    environment = site.add("uat", ignores_requests=True)
    result = (yield from site.run(site.task(environment, state="enabled", start_timeout="3s"), fails=True)).of("uat")
    assert 'LCS accepted the request, but no servicing operation runs, and LCS says status "Deployed"' in result["msg"]
    assert (result["changed"], result["maintenance_mode"]) == (True, False)


@pytest.mark.parametrize("data", ["done", "null"])
@course(Site)
def test_bodies_in_parentheses_and_without_data(site: Site, data: Any) -> Course:
    environment = site.add("uat")
    site.portal.wrapped, site.portal.switch_data, site.portal.no_action = True, data, "404"
    assert (yield from site.run(site.task(environment, state="enabled"))).of("uat")["maintenance_mode"] is True


# --- the session ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["498", "login-page", "login-redirect"])
@course(Site)
def test_a_session_that_ends(site: Site, over: Any) -> Course:
    """Before the request it is a failure; while the operation runs it is none, unless that was asked for."""
    environment = site.add("uat", pace=20.0)
    other = site.add("other", pace=20.0)
    site.portal.over = over
    old = site.portal.sign_in()
    site.portal.sessions.end(old)
    done = yield from site.run(site.task(environment, state="enabled", cookies=old.cookies), fails=True)
    assert "the session is over (" in done.of("uat")["msg"]
    assert (done.of("uat")["changed"], site.portal.switches) == (False, [])

    def ending(wanted: Watched) -> Session:
        """A session that ends while the operation of an environment runs."""
        session = site.portal.sign_in()

        def end_soon() -> None:
            site.portal.at[len(site.portal.log) + 5] = lambda: site.portal.sessions.end(session)

        wanted.at_begin.append(end_soon)
        return session

    tasks = [
        site.task(environment, state="enabled", cookies=ending(environment).cookies),
        site.task(other, state="enabled", cookies=ending(other).cookies, on_session_over="fail"),
    ]
    done = yield from site.run(*tasks, fails=True)
    for name, failed in (("uat", False), ("other", True)):
        result = done.of(name)
        assert (result["failed"], result["changed"], result["maintenance_mode"]) == (failed, True, None)
        assert (result["watched"], result["status"]["mode"]) == (False, "changing")
        assert OVER in (result["msg"] if failed else result["warnings"][0])

    for each in (environment, other):
        each.seconds_per_look = 300.0
    done = yield from site.run(*(site.task(each, state="enabled") for each in (environment, other)))
    assert [done.of(name)["changed"] for name in ("uat", "other")] == [False, False]
    assert site.portal.switches == [("uat", True), ("other", True)]


@course(Site)
def test_the_public_api_watches_on(site: Site) -> Course:
    environment = site.add("uat", pace=200.0)
    session = site.portal.sign_in()
    site.portal.at[13] = lambda: site.portal.sessions.end(session)
    task = site.task(environment, state="enabled", cookies=session.cookies, api_url=site.api.url, api_token=TOKEN)
    done = yield from site.run(task)
    assert (done.of("uat")["watched"], done.of("uat")["maintenance_mode"]) == (True, True)
    assert "the session is over; using the public API to watch the operation" in done.output


# --- servicing --------------------------------------------------------------------------------------------------------


@course(Site)
def test_servicing_fails_and_a_person_decides(site: Site) -> Course:
    environment = site.add("uat")
    environment.failures = [ServicingFailure()]
    result = (yield from site.run(site.task(environment, state="enabled"), fails=True)).of("uat")
    assert (result["changed"], result["maintenance_mode"]) == (True, None)
    assert environment.operations[0].activity in result["msg"]
    assert result["activity_id"] == environment.operations[0].activity
    assert "the servicing operation failed" in result["msg"]
    assert "error code 70001" in result["msg"]
    assert f"/V2/EnvironmentDetailsV3New/{PROJECT}?EnvironmentId={environment.id}" in result["msg"]
    assert "Resume, Rollback or Abort and downloads the logs" in result["msg"]
    environment.roll_back()
    done = yield from site.run(site.task(environment, state="enabled"))
    assert done.of("uat")["maintenance_mode"] is True
    assert site.portal.switches == [("uat", True), ("uat", True)]


@course(Site)
def test_at_the_limit_the_operation_goes_on(site: Site) -> Course:
    environment = site.add("uat", pace=1.0)
    done = yield from site.run(site.task(environment, state="enabled", servicing_timeout="3s"), fails=True)
    result = done.of("uat")
    assert "within 3 s" in result["msg"]
    assert "A servicing operation runs on environment" in result["msg"]
    environment.seconds_per_look = 300.0
    assert (yield from site.run(site.task(environment, state="enabled"))).of("uat")["changed"] is False
    assert site.portal.switches == [("uat", True)]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@pytest.mark.parametrize("looks", [0, 4])
@pytest.mark.parametrize("state", ["enabled", "disabled"])
@course(Site)
def test_killed_and_run_again(site: Site, state: str, looks: int) -> Course:
    """Right after the request, while the old state still stands, and later: never a second operation."""
    environment = site.add("uat", pace=1.0, maintenance=state == "disabled")
    playbook, inventory = site.stage.folder / "play.yml", site.stage.folder / "inventory.yml"
    playbook.write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [site.task(environment, state=state)]}])
    )
    inventory.write_text(json.dumps({"all": {"hosts": {"target": {"ansible_connection": "local"}}}}))
    same = {"XDG_STATE_HOME": str(site.stage.store.parent), "USER": "tester"}  # as in the run of all courses
    running = start_playbook(site.stage.folder, playbook, "-i", str(inventory), environment=same)
    wait_until(lambda: bool(site.portal.switches))
    seen = len(site.portal.log)
    wait_until(lambda: len(site.portal.log) >= seen + looks)
    running.kill()
    environment.seconds_per_look = 300.0
    result = (yield from site.run(site.task(environment, state=state, take_over=True))).of("uat")
    assert (result["failed"], result["changed"]) == (False, False)
    assert site.portal.switches == [("uat", state == "enabled")]
    assert environment.in_maintenance is (state == "enabled")


# --- looking ----------------------------------------------------------------------------------------------------------


@course(Site)
def test_info_by_portal_and_by_the_public_api(site: Site) -> Course:
    environment = site.add("uat", lagging_looks=0)
    api = {"api_url": site.api.url, "api_token": TOKEN}
    no_session = {"cookies": None, "accept_undocumented_api": None, **api}
    old = site.portal.sign_in()
    site.portal.sessions.end(old)
    tasks = [
        site.task(environment, state="enabled"),
        site.task(environment, "maintenance_mode_info", task="portal"),
        site.task(environment, "maintenance_mode_info", task="api", **no_session),
        site.task(environment, "maintenance_mode_info", task="session over", **{**api, "cookies": old.cookies}),
        site.task(environment, "maintenance_mode_info", task="no token", **{**no_session, "api_token": "wrong-token"}),
        site.task(LcsEnvironment("x", site.clock), "maintenance_mode_info", task="unified", **no_session),
    ]
    done = yield from site.run(*tasks, fails=True)
    for name, source in (("portal", "portal"), ("api", "api"), ("session over", "api")):
        result = done.of(name)
        assert (result["failed"], result["source"], result["maintenance_mode"]) == (False, source, True)
        assert [(action["name"], action["status"]) for action in result["history"]] == [
            ("Enable maintenance mode", "Completed")
        ]
        assert any(
            "last action in LCS: Enable maintenance mode Completed" in note for note in result["status"]["notes"]
        )
    assert any("the session is over" in note for note in done.of("session over")["status"]["notes"])
    assert "HTTP 401" in done.of("no token")["msg"]
    assert "get a new one for a user of the project" in done.of("no token")["msg"]
    assert "use powerplatform_administration_mode" in done.of("unified")["msg"]


@course(Site)
def test_the_limits_of_the_public_api_are_waited_out(site: Site) -> Course:
    environment = site.add("uat")
    site.clock.scale = 60.0  # a minute of the limit is a second
    options = {"cookies": None, "accept_undocumented_api": None, "api_url": site.api.url, "api_token": TOKEN}
    tasks = [site.task(environment, "maintenance_mode_info", task=f"look {number}", **options) for number in range(8)]
    done = yield from site.run(*tasks)
    assert [done.of(f"look {number}")["source"] for number in range(8)] == ["api"] * 8


@course(Site)
def test_a_servicing_operation_is_told_while_it_runs(site: Site) -> Course:
    """At once by the history, while the old state stands, then with its progress."""
    environment = site.add("uat", pace=80.0)
    environment.begin(True)
    done = yield from site.run(
        *(site.task(environment, "maintenance_mode_info", task=f"look {number}") for number in range(3))
    )
    for number in range(3):
        result = done.of(f"look {number}")
        assert (result["maintenance_mode"], result["status"]["mode"]) == (None, "changing")
        assert result["action"]["name"] == "Enable maintenance mode"
    assert done.of("look 0")["environment"]["status"] == "Deployed"
    assert isinstance(done.of("look 2")["progress"], int)


# --- secrets, examples ------------------------------------------------------------------------------------------------


@course(Site)
def test_nothing_secret_at_any_verbosity(site: Site) -> Course:
    environment = site.add("uat")
    file = site.stage.folder / "cookies"
    file.write_text(site.session.cookies + "\n")
    tasks = [
        site.task(environment, state="enabled", cookies=None, cookies_file=str(file)),
        site.task(environment, state="enabled", cookies=f"{site.session.cookies}\nx", task="broken"),
        site.task(environment, "maintenance_mode_info", task="look", api_url=site.api.url, api_token=TOKEN),
    ]
    done = yield from site.run(*tasks, fails=True, verbose=True)
    assert done.of("uat")["changed"] is True
    assert "they are not the value of a Cookie header" in done.of("broken")["msg"]


@course(Site)
def test_examples_run(site: Site) -> Course:
    environment = site.add("uat", id="0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11")
    file = site.stage.folder / "cookies"
    file.write_text(site.session.cookies)
    tasks = []
    for path in sorted((ROOT / "plugins/modules").glob("lcs_*.py")):
        found = re.search(r'EXAMPLES = r"""(.*?)"""', path.read_text(), re.DOTALL)
        assert found
        tasks += yaml.safe_load(found.group(1).replace("/run/secrets/lcs_cookies", str(file)))
    assert len(tasks) == 4
    lab = {"url": site.portal.url, "api_url": site.api.url, "ca_path": site.stage.ca_file}
    for task in tasks:
        (module,) = (name for name in task if name.startswith("quiesce."))
        task[module] |= lab | ({"poll_interval": "1s"} if module.endswith("mode") else {})
    site.stage.variables["lcs_token"] = TOKEN
    done = yield from site.run(*tasks)
    assert len(done.results) == 4
    assert site.portal.switches == [(environment.name, True), (environment.name, False)]
