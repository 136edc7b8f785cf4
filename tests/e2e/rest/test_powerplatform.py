"""Power Platform: real playbooks against the lab's tenant: check, apply, again, out; every login; a kill; the waves."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.clock import Clock
from lab.entra import Application, AzureCli, Federated, Issuer, MetadataService
from lab.estate import Estate
from lab.pki import Authority
from lab.powerplatform import Environment, FinOps, Site
from lab.thread import LoopThread
from playbook import ROOT, Done, run_play, run_playbook, start_playbook
from playbook.courses import ADDRESS, Course, Played, Stage, course

URL = "https://contoso-uat.sandbox.operations.dynamics.com"
TENANT = "0b7c1f8e-52d4-4a1b-8e36-9d5f7a2c4b60"
CLIENT = "4f2b8b0e-7a51-4b0c-9a55-3b6d1f6a7f10"
MODULE = "quiesce.maintenance.powerplatform_administration_mode"
SCALE = 2400.0  # 20 minutes in half a second

Task = dict[str, Any]


class Tenant:
    """A tenant with the environment of the documentation's examples, and tasks for it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.site = Site(stage.authority, Clock(SCALE), lambda: ADDRESS)
        self.site.directory.domain = "contoso.onmicrosoft.com"
        self.uat = self.site.add(Environment("Contoso UAT", finops=FinOps(url=f"{URL}/")))
        stage.start(self.site)

    def variables(self, *without: str) -> dict[str, Any]:
        """What the host has to know, but for these variables."""
        return {name: value for name, value in self.site.variables(self.uat).items() if name not in without}

    def run(self, *tasks: Task, fails: bool = False, verbose: bool = False) -> Played:
        """Run the tasks; each goes on after a failure if failures are what is looked for."""
        self.stage.variables.update(self.variables())
        return self.stage.play(*tasks, fails=fails, verbose=verbose)

    def adapted(self, text: str) -> Any:
        """YAML of the documentation, with the identity and the files of the tenant."""
        certificate, key = self.stage.authority.client(f"quiesce-application-{self.stage.name}")
        both = self.stage.folder / "both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        self.site.application.add_certificate(certificate)
        return yaml.safe_load(
            text.replace(CLIENT, self.site.application.id)
            .replace(TENANT, self.site.directory.id)
            .replace("/etc/ansible/powerplatform.pem", str(both))
            .replace("/var/log/ansible", str(self.stage.folder))
        )


@pytest.fixture
def tenant(tmp_path: Path, lab_loop: LoopThread) -> Iterator[Tenant]:
    """A tenant for itself."""
    authority = Authority(tmp_path / "pki")
    with ExitStack() as end:
        yield Tenant(Stage("target", tmp_path, tmp_path, lab_loop, authority, authority.server(ADDRESS), end))


def switch(state: str, name: str = "", **options: Any) -> Task:
    """A task that switches."""
    return {"name": name or state, MODULE: {"state": state, **options}}


def look(name: str = "look", **options: Any) -> Task:
    """A task that looks."""
    return {"name": name, f"{MODULE}_info": options}


def mode(environment: Environment) -> str:
    """What the environment is in, in truth."""
    return environment.mode.runtime


# --- the usual order --------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@course(Tenant)
def test_usual_order(tenant: Tenant) -> Course:
    site, uat = tenant.site, tenant.uat
    site.clock.scale = 600.0  # a switch lasts long enough to be seen at work, however busy this machine is
    done = yield from tenant.run({**switch("enabled", background_operations="disabled"), "check_mode": True})
    assert done.last["changed"] is True
    before, after = done.last["diff"]["before"], done.last["diff"]["after"]
    assert before == {"administration_mode": False, "background_operations": True, "windows": []}
    assert (after["administration_mode"], after["background_operations"]) == (True, False)
    assert [window["id"] for window in after["windows"]] == ["default"]
    assert (mode(uat), site.bap.asked("PATCH")) == ("Enabled", 0)

    done = yield from tenant.run(
        switch("enabled", background_operations="disabled"),
        switch("enabled", "again", background_operations="disabled"),
        switch("enabled", "B", window="B", owner="mary", expires="2h"),
        switch("disabled", "one of two"),
        look(),
    )
    first = done.of("enabled")
    assert (first["changed"], first["administration_mode"], first["operation"]["state"]) == (True, True, "Succeeded")
    (window,) = first["status"]["windows"]
    assert first["status"] == {
        "system": tenant.stage.name,
        "kind": "F&O unified",
        "host": "",
        "mode": "maintenance",
        "verified": None,
        "managed": True,
        "since": window["opened"],
        "owner": window["owner"],
        "reason": None,
        "expires": None,
        "overdue": False,
        "windows": [window],
        "notes": [],
        "faults": [],
    }
    assert done.of("again")["changed"] is False
    one = done.of("one of two")
    assert (one["changed"], one["administration_mode"], one["operation"]) == (True, True, None)
    assert f"{tenant.stage.name}: closed the window default; administration mode stays on for B (mary)" in done.output
    row = done.of("look")["status"]
    assert ([window["id"] for window in row["windows"]], row["owner"], row["managed"]) == (["B"], "mary", True)
    assert (mode(uat), uat.mode.background, site.bap.asked("PATCH")) == ("AdminMode", "Disabled", 1)
    assert re.search(
        rf'{tenant.stage.name}: waiting for environment "Contoso UAT" \(\S+\): \d+ of 5400 s, ', done.output
    )

    done = yield from tenant.run(switch("disabled", window="B"))
    assert (done.last["changed"], mode(uat), uat.mode.background) == (True, "Enabled", "Disabled")
    assert "Background operations of environment" in done.last["warnings"][0]


@course(Tenant)
def test_failures_of_a_task(tenant: Tenant) -> Course:
    """The message names the variables of the host; the row says which state the environment is left in."""
    site, uat = tenant.site, tenant.uat
    site.cloud.ends_at = "Run"
    done = yield from tenant.run(
        switch("enabled", "no name", environment="Contoso PROD"),
        switch("enabled", "two credentials", client_secret="s3cret-of-two", certificate_file="/b"),
        switch("enabled", "an operation that fails", logs_path=str(tenant.stage.folder)),
        switch("enabled", "a secret that is wrong", client_secret="wr0ng-c4n4ry"),
        fails=True,
    )
    assert "none of the 1 environments that the account sees" in done.of("no name")["msg"]
    assert "mutually exclusive" in done.of("two credentials")["msg"]
    failed = done.of("an operation that fails")
    assert "at the stage Run: DatabaseSynchronizationFailed" in failed["msg"]
    assert (failed["changed"], failed["status"]["mode"], failed["status"]["system"]) == (
        False,
        "normal",
        tenant.stage.name,
    )
    assert "at the stage Run: DatabaseSynchronizationFailed" in failed["status"]["notes"][0]
    assert Path(failed["log_file"]).is_file()
    assert "invalid_client" in done.of("a secret that is wrong")["msg"]
    assert done.of("a secret that is wrong")["status"]["mode"] == "unknown"
    assert (site.bap.asked("PATCH"), mode(uat)) == (1, "Enabled")


@course(Tenant)
def test_no_secret_is_shown(tenant: Tenant) -> Course:
    site = tenant.site
    file = tenant.stage.folder / "secret"
    file.write_text(site.secret.value)
    done = yield from tenant.run(
        switch("enabled"),
        look(client_secret_file=str(file)),
        switch("disabled", "wrong", client_secret="wr0ng-c4n4ry"),
        fails=True,
        verbose=True,
    )
    tokens = {each.authorization.partition(" ")[2] for each in site.bap.seen}
    assert len(tokens) == 2
    for secret in (*tokens, site.secret.value, "wr0ng-c4n4ry"):
        assert secret not in done.output


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["Validate", "Prepare", "Run", "Finalize"])
def test_killed_at_each_stage_and_run_again(tenant: Tenant, stage: str, tmp_path: Path) -> None:
    """SIGKILL for ansible-playbook and its workers; the next run waits for the operation and begins none."""
    site, uat = tenant.site, tenant.uat
    site.cloud.holds_at = stage
    folder = tmp_path / "killed"
    folder.mkdir()
    content = [{"hosts": "all", "gather_facts": False, "tasks": [switch("enabled")]}]
    (folder / "play.yml").write_text(yaml.safe_dump(content))
    inventory = {"all": {"hosts": {"target": site.variables(uat)}}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
    running = start_playbook(folder, folder / "play.yml", "-i", str(folder / "inventory.yml"))
    wait_until(lambda: f"stage {stage} Running" in running.output.read_text())
    running.kill()
    # The operation is held until the second run has found it.
    asked = site.bap.asked("GET", "lifecycleOperations")
    take_over = ["-e", "powerplatform_take_over=true"]  # in place of the end of the lease of the killed run
    second = start_playbook(folder, folder / "play.yml", "-i", str(folder / "inventory.yml"), *take_over)
    wait_until(lambda: site.bap.asked("GET", "lifecycleOperations") > asked)
    site.cloud.release()
    done = second.wait()
    assert (done.last["attached"], done.last["changed"], done.last["administration_mode"]) == (True, True, True)
    assert (site.bap.asked("PATCH"), len(site.cloud.operations), mode(uat)) == (1, 1, "AdminMode")


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Give the lab and a run time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


# --- logins -----------------------------------------------------------------------------------------------------------


def test_every_login(tenant: Tenant, tmp_path: Path) -> None:
    site, uat = tenant.site, tenant.uat
    certificate, key = tenant.stage.authority.client("quiesce-application")
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    site.application.add_certificate(certificate)
    issuer = Issuer(ADDRESS, tls=tenant.stage.tls, clock=site.clock)
    metadata = MetadataService(site.directory, ADDRESS, clock=site.clock)
    tenant.stage.start(issuer)
    tenant.stage.start(metadata)
    site.directory.issuers.append(issuer)
    site.application.federated.append(Federated(issuer.issuer, issuer.subject))
    machine = metadata.system = site.directory.add(Application("machine"))
    site.cloud.registered.add(machine.id)
    cli = AzureCli(tmp_path / "bin", site.directory)
    cli.sign_in("Ada Admin")
    given = tmp_path / "token"
    given.write_text(site.directory.sign_in("Ada Admin", site.cloud.audiences.admin))
    statement = issuer.write(tmp_path / "statement")
    environment = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.github_url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.bearer,
        "SYSTEM_OIDCREQUESTURI": issuer.pipelines_url,
        "SYSTEM_ACCESSTOKEN": issuer.bearer,
        "AZURE_FEDERATED_TOKEN_FILE": str(statement),
        "PATH": f"{cli.program.parent}:{os.environ['PATH']}",
    }
    tasks = {
        "secret": {"client_secret": site.secret.value},
        "certificate": {"certificate_file": str(both)},
        "certificate, its key apart": {"certificate_file": str(certificate), "certificate_key_file": str(key)},
        "certificate, RS256": {"certificate_file": str(both), "certificate_algorithm": "RS256"},
        "github": {"auth": "github_actions"},
        "pipelines": {"auth": "azure_pipelines", "service_connection_id": issuer.service_connection},
        "kubernetes": {"auth": "workload_identity"},
        "kubernetes, file": {"federated_token_file": str(statement)},
        "machine": {"auth": "managed_identity", "client_id": "", "managed_identity_url": metadata.url},
        "cli": {"auth": "azure_cli"},
        "token": {"token_file": str(given)},
    }
    variables = {**tenant.variables("powerplatform_client_secret"), "powerplatform_client_id": site.application.id}
    looks = [look(name, **options) for name, options in tasks.items()]
    done = run_play(tmp_path / "play", looks, variables=variables, environment=environment)
    assert done.code == 0, done.output
    assert len(done.results) == len(tasks)
    for name in tasks:
        assert done.of(name)["environment"]["id"] == uat.id, name
    # A token that was given is for one API alone.
    assert [name for name in tasks if done.of(name)["not_read"]] == ["token"]


# --- the estate -------------------------------------------------------------------------------------------------------


def test_in_the_waves(tmp_path: Path, lab_loop: LoopThread) -> None:
    """Two environments and a Launch server: in by waves, the table, and out."""
    estate = Estate(tmp_path, network="127.21.9", scale=SCALE)
    uat = estate.add_powerplatform_environment("uat")
    old = estate.add_powerplatform_environment("old", finops=FinOps("Linked"))
    launch = estate.add_launch_server("launch01")
    lab_loop.run(estate.start())

    def run(playbook: str, *arguments: str) -> Done:
        extra = ["-e", "powerplatform_background_operations=disabled"]
        path = ROOT / f"playbooks/{playbook}.yml"
        return run_playbook(tmp_path, path, "-i", str(estate.inventory), *extra, *arguments)

    done = run("enable", "-l", "uat,launch01")
    assert done.code == 0, done.output
    assert (mode(uat), uat.mode.background, launch.maintenance) == ("AdminMode", "Disabled", True)
    status = run("status")
    assert status.code == 0
    assert re.search(r"^.*\buat +F&O unified +maintenance\b", status.output, re.MULTILINE), status.output
    assert re.search(r"^.*\bold +F&O unified +normal\b", status.output, re.MULTILINE)
    refused = run("enable")
    assert refused.code == 2
    assert "hosted in Lifecycle Services" in refused.output
    done = run("disable", "-l", "uat,launch01")
    assert done.code == 0, done.output
    assert (mode(uat), uat.mode.background, launch.maintenance) == ("Enabled", "Enabled", False)
    assert mode(old) == "Enabled"
    lab_loop.run(estate.stop())


@course(Tenant)
def test_role(tenant: Tenant) -> Course:
    uat = tenant.uat
    include = {"ansible.builtin.include_role": {"name": "quiesce.maintenance.powerplatform"}}
    done = yield from tenant.run(
        {"name": "In", **include, "vars": {"powerplatform_state": "enabled"}},
        {"name": "Row in", "ansible.builtin.debug": {"var": "powerplatform_status.status"}},
        {"name": "Out", **include, "vars": {"powerplatform_state": "disabled"}},
        {"name": "Status", **include},
        {"name": "Row out", "ansible.builtin.debug": {"var": "powerplatform_status.status"}},
    )
    assert done.of("Row in")["powerplatform_status.status"]["mode"] == "maintenance"
    assert done.of("Row out")["powerplatform_status.status"]["mode"] == "normal"
    assert mode(uat) == "Enabled"


# --- what the documentation shows -------------------------------------------------------------------------------------


HOST = (
    "powerplatform_environment",
    "powerplatform_tenant_id",
    "powerplatform_client_id",
    "powerplatform_client_secret",
)


@pytest.mark.parametrize("name", [MODULE, f"{MODULE}_info"])
@course(Tenant)
def test_examples(tenant: Tenant, name: str) -> Course:
    site, uat = tenant.site, tenant.uat
    source = (ROOT / f"plugins/modules/{name.rpartition('.')[2]}.py").read_text()
    found = re.search(r'EXAMPLES = r"""(.*?)"""', source, re.DOTALL)
    assert found
    tasks: list[Task] = tenant.adapted(found[1])
    variables = {**tenant.variables(*HOST), "vault_powerplatform_secret": site.secret.value}
    tenant.stage.variables.update(variables)
    done = yield from tenant.stage.play(*tasks)
    assert len(done.results) == len(tasks)
    assert site.bap.asked("PATCH") == (0 if name.endswith("_info") else 2)
    assert (mode(uat), uat.mode.background) == ("Enabled", "Enabled")


@course(Tenant)
def test_guide(tenant: Tenant) -> Course:
    """The playbook of docs/powerplatform.md; the work is a look from within, with its inventory."""
    site, uat = tenant.site, tenant.uat
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/powerplatform.md").read_text(), re.DOTALL)
    playbook, inventory = (tenant.adapted(block) for block in blocks)
    host: Mapping[str, Any] = inventory["powerplatform"]["hosts"]["uat"]
    from_host = {name.removeprefix("powerplatform_"): value for name, value in host.items()}
    assert from_host.pop("background_operations") == "disabled"
    file = tenant.stage.folder / "deploy.yml"
    file.write_text(yaml.safe_dump([look(**from_host)]))
    variables = {**tenant.variables(*HOST), "vault_powerplatform_secret": site.secret.value}
    tenant.stage.groups["powerplatform"] = {"hosts": {"uat": variables}}
    plays = yaml.safe_load(yaml.safe_dump(playbook).replace("tasks/deploy.yml", str(file)))
    done = yield from tenant.stage.play(plays=plays)
    assert done.code == 0, done.output
    within = done.of("look")
    assert (within["administration_mode"], within["background_operations"]) == (True, "disabled")
    assert (mode(uat), uat.mode.background, site.bap.asked("PATCH")) == ("Enabled", "Enabled", 2)
