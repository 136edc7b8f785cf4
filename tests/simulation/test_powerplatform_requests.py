"""The Power Platform core against the lab's tenant in one process: real requests, by a clock that only sleeping moves.

Twenty minutes of switching take as long as its requests.
"""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._switch import inform, switch_mode
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore

from fakes.moments import NOW
from lab.clock import Clock
from lab.entra import Secret
from lab.pki import Authority
from lab.powerplatform import Environment, FinOps, Mode, Site, Stranger
from lab.rest.service import Fault
from lab.thread import LoopThread

ADMIN = "/scopes/admin/environments"
STAGES = ["Validate", "Prepare", "Run", "Finalize"]


class Killed(BaseException):
    """The run is over, as by kill -9."""


@dataclass
class Tenant:
    """The lab's tenant, and runs of the module's work against it."""

    site: Site
    environment: Environment
    folder: Path
    seconds: float = 0.0
    runs: int = 0
    told: list[str] = field(default_factory=list)
    kill_at: float = float("inf")
    awake: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        """Move the time on, for the lab too."""
        if self.seconds + seconds > self.kill_at:
            self.kill_at = float("inf")
            raise Killed
        self.seconds += seconds
        self.site.clock.advance(seconds)
        self.awake()

    def store(self) -> FileStore:
        """The file with the records; its clock is that of the run."""

        def ask(request: dict[str, Any]) -> dict[str, Any]:
            return {**_store_file.serve(request), "now": NOW.timestamp() + self.seconds}

        return FileStore("record.json", str(self.folder), ask)

    def new_run(self) -> Run:
        """A run of its own."""
        self.runs += 1
        return Run(f"run{self.runs}", "ann", "ctl01", tell=self.told.append, now=lambda: self.seconds, sleep=self.sleep)

    def params(self, **given: Any) -> dict[str, Any]:
        """The options of a task, with their defaults."""
        defaults = {name: option.get("default") for name, option in _options.MODE.items()}
        variables = self.site.variables(self.environment)
        here = {
            name.removeprefix("powerplatform_"): value
            for name, value in variables.items()
            if name.startswith("powerplatform_")
        }
        return {**defaults, **here, "poll_interval": "15s", "settle_timeout": "3m", **given}

    def run(self, state: str = "enabled", *, check_mode: bool = False, **given: Any) -> dict[str, Any]:
        """One task; a failure is a result with "failed"."""
        self.told = []
        params = self.params(state=state, **given)
        try:
            return {
                "failed": False,
                **switch_mode(params, self.store(), check_mode=check_mode, run=self.new_run()),
            }
        except Failure as failure:
            return {"failed": True, "msg": str(failure), **failure.details}

    def look(self, **given: Any) -> dict[str, Any]:
        """What the module for looking returns."""
        return inform(self.params(**given), self.store(), self.new_run())

    @property
    def patches(self) -> int:
        """How many requests for a switch arrived."""
        return self.site.bap.asked("PATCH")

    @property
    def edits(self) -> int:
        """How many operations of that type there were."""
        return sum(each.kind == "Edit" for each in self.site.cloud.operations)

    @property
    def on(self) -> bool:
        """Whether it is in administration mode in truth."""
        return self.environment.mode.runtime == "AdminMode"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def tenant(authority: Authority, loop: LoopThread, tmp_path: Path) -> Iterator[Tenant]:
    site = Site(authority, Clock(), lambda: "127.0.0.1")
    environment = site.add(Environment("Contoso UAT"))
    site.cloud.read_lag = 20.0
    loop.run(site.start())
    yield Tenant(site, environment, tmp_path / "store")
    loop.run(site.stop())


# --- undisturbed ------------------------------------------------------------------------------------------------------


def test_in_again_and_out(tenant: Tenant) -> None:
    planned = tenant.run(check_mode=True, background_operations="disabled")
    assert (planned["changed"], tenant.patches) == (True, 0)
    done = tenant.run(background_operations="disabled")
    assert (done["failed"], done["changed"], done["administration_mode"]) == (False, True, True)
    assert done["diff"] == planned["diff"]
    assert (done["background_operations"], done["attached"]) == ("disabled", False)
    assert [stage["id"] for stage in done["operation"]["stages"]] == STAGES
    assert (done["operation"]["type"], done["operation"]["state"]) == ("Edit", "Succeeded")
    assert done["requested_by"] == {"name": "ServicePrincipal", "type": "ServicePrincipal"}
    assert (done["deployment_type"], done["aos_count"], done["batch_aos_count"]) == ("UnifiedSandbox", 1, 1)
    assert (done["configuration_mode_seen"], done["not_read"], done["warnings"]) == (False, [], [])
    assert (done["status"]["mode"], done["status"]["verified"]) == ("maintenance", None)
    assert 1200 < tenant.seconds < 1300
    again = tenant.run(background_operations="disabled")
    assert (again["changed"], again["operation"], tenant.patches) == (False, None, 1)
    out = tenant.run("disabled", background_operations="enabled")
    assert (out["changed"], out["administration_mode"], out["background_operations"]) == (True, False, "enabled")
    assert (out["aos_count"], tenant.patches, tenant.edits) == (3, 2, 2)


@pytest.mark.parametrize("given", ["enabled", "disabled"])
def test_background_operations_are_enabled_on_the_way_out(given: str, tenant: Tenant) -> None:
    """One variable of a host serves both ways."""
    tenant.environment.mode = Mode("AdminMode", "Disabled")
    assert tenant.run("disabled", background_operations=given)["background_operations"] == "enabled"


def test_twenty_minutes_with_progress(tenant: Tenant) -> None:
    tenant.run()
    waiting = [line for line in tenant.told if line.startswith('waiting for environment "Contoso UAT"')]
    assert 20 <= len(waiting) <= 30
    seen = [
        next(name for name in STAGES if f"stage {name} Running since" in line)
        for line in waiting[1:-1]
        if "stage" in line
    ]
    assert [name for name, _lines in itertools.groupby(seen)][-2:] == ["Run", "Finalize"]


def test_one_token_a_run(tenant: Tenant) -> None:
    """And one more for what is read besides."""
    tenant.run()
    assert tenant.site.login.asked("POST") == 2


def test_a_token_that_ends_meanwhile_is_renewed(tenant: Tenant) -> None:
    tenant.site.directory.tokens.lifetime = 600
    assert tenant.run()["failed"] is False
    assert tenant.site.login.asked("POST") > 3


@pytest.mark.parametrize("answer", ["both", "Operation-Location", "Location", "none", "200"])
def test_every_answer_that_means_yes(
    answer: Literal["both", "Operation-Location", "Location", "none", "200"], tenant: Tenant
) -> None:
    tenant.site.cloud.answer = answer
    done = tenant.run()
    assert (done["failed"], done["changed"], tenant.on, tenant.patches) == (False, True, True, 1)


def test_nothing_to_do_for_the_platform(tenant: Tenant) -> None:
    """204, and the environment never shows the mode."""
    tenant.site.cloud.answer = "204"
    done = tenant.run()
    assert "see the change in effect within 180 s" in done["msg"]
    assert "still shows administration mode off, background operations enabled" in done["msg"]
    assert (done["administration_mode"], tenant.patches) == (False, 1)


@pytest.mark.parametrize("by", ["id", "name", "url"])
@pytest.mark.parametrize("page", [1, 100])
def test_the_environment_by(by: str, page: int, tenant: Tenant) -> None:
    tenant.environment.finops = FinOps(url="https://contoso-uat.sandbox.operations.dynamics.com/")
    tenant.site.bap.pages.size = page
    names = {
        "id": tenant.environment.id.upper(),
        "name": "contoso uat",
        "url": "https://Contoso-UAT.sandbox.operations.dynamics.com",
    }
    assert tenant.look(environment=names[by])["environment"]["id"] == tenant.environment.id


# --- what it is waited for --------------------------------------------------------------------------------------------


def test_an_operation_that_is_not_known_yet(tenant: Tenant) -> None:
    tenant.site.cloud.unknown_for = 60.0
    assert tenant.run()["failed"] is False
    assert tenant.on


def test_an_operation_that_is_never_known(tenant: Tenant) -> None:
    """404 is never taken for success: the environment and the list decide."""
    tenant.site.cloud.unknown_for = float("inf")
    done = tenant.run()
    assert (done["failed"], tenant.on, tenant.patches) == (False, True, 1)
    assert tenant.seconds > 1200


def test_an_operation_that_is_forgotten_and_had_no_effect(tenant: Tenant) -> None:
    tenant.site.cloud.forgotten_after = 0.0
    tenant.site.cloud.no_effect = True
    done = tenant.run()
    assert done["failed"]
    assert "the platform accepted the request, and the environment still shows administration mode off" in done["msg"]


def test_the_platform_says_when_to_ask(tenant: Tenant) -> None:
    tenant.site.cloud.retry_after = "60"
    tenant.run()
    assert tenant.site.region.asked("GET", "lifecycleOperations") < 30


def test_reads_that_lag_behind(tenant: Tenant) -> None:
    tenant.site.cloud.read_lag = 100.0
    done = tenant.run()
    assert (done["administration_mode"], tenant.patches) == (True, 1)


@pytest.mark.parametrize("empty", [False, True])
def test_a_busy_environment(empty: bool, tenant: Tenant) -> None:
    """409, with a code or with nothing at all, while nothing is in the list."""
    tenant.site.bap.faults = [Fault(409, "" if empty else busy(), method="PATCH", times=2)]
    done = tenant.run()
    assert (done["failed"], tenant.on, tenant.patches, tenant.edits) == (False, True, 3, 1)


def busy() -> dict[str, Any]:
    """The body of a conflict."""
    return {"error": {"code": "OperationNotStartable", "message": "An operation is active."}}


def test_somebody_makes_a_backup(tenant: Tenant) -> None:
    tenant.site.cloud.seconds = (5, 5, 200, 5)
    tenant.site.cloud.somebody(tenant.environment)
    assert tenant.run()["failed"] is False
    assert [each.kind for each in tenant.site.cloud.operations] == ["Backup", "Edit"]


def test_somebody_makes_a_long_copy(tenant: Tenant) -> None:
    tenant.site.cloud.somebody(tenant.environment, "Copy")
    done = tenant.run()
    assert "something else is at work there: operation Copy of Ada Admin: stage Run" in done["msg"]
    assert (done["changed"], tenant.patches, done["operation"]["type"]) == (False, 0, "Copy")


def test_any_other_conflict_is_final(tenant: Tenant) -> None:
    body = {"error": {"code": "InsufficientCapacity_StorageDriven", "message": "No capacity."}}
    tenant.site.bap.faults = [Fault(409, body, method="PATCH")]
    done = tenant.run()
    assert "InsufficientCapacity_StorageDriven: HTTP 409: No capacity." in done["msg"]
    assert (done["error_code"], done["changed"], tenant.patches) == ("InsufficientCapacity_StorageDriven", False, 1)


# --- killed and run again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(0, 1220, 60))
def test_killed_at_each_stage_and_run_again(at: int, tenant: Tenant) -> None:
    """Never a second operation, and never even a second request."""
    tenant.kill_at = float(at)
    with pytest.raises(Killed):
        tenant.run()
    done = tenant.run()
    assert (done["failed"], done["administration_mode"], tenant.on) == (False, True, True)
    assert (tenant.patches, tenant.edits) == (1, 1)


@pytest.mark.parametrize("at", [10, 600, 1190, 1215])
def test_killed_on_the_way_in_then_out(at: int, tenant: Tenant) -> None:
    tenant.kill_at = float(at)
    with pytest.raises(Killed):
        tenant.run()
    done = tenant.run("disabled")
    assert (done["failed"], tenant.on, tenant.edits) == (False, False, 2)


@pytest.mark.parametrize("ahead", [-300.0, 300.0])
def test_the_clock_of_the_controller_does_not_matter(ahead: float, tenant: Tenant) -> None:
    """The operation of a killed run has just ended, which the environment does not show yet: old enough or not, that
    is told by the platform's own clock."""
    tenant.site.clock.advance(-1205.0 - ahead)
    tenant.kill_at = 600.0
    with pytest.raises(Killed):
        tenant.run()
    tenant.site.clock.advance(1205.0 - tenant.seconds)
    done = tenant.run("disabled", take_over=True)
    assert (done["failed"], done["administration_mode"], tenant.on, tenant.edits) == (False, False, False, 2)


@pytest.mark.parametrize("kind", ["drop", "answer", "hang"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("unlisted", [0.0, 40.0])
def test_the_answer_to_the_request_is_lost(
    kind: Literal["drop", "answer", "hang"], after: bool, unlisted: float, tenant: Tenant
) -> None:
    tenant.site.cloud.unlisted_for = unlisted
    tenant.site.bap.faults = [Fault(504, kind=kind, method="PATCH", after=after)]
    done = tenant.run(request_timeout="1s")
    assert (done["failed"], done["administration_mode"], done["attached"]) == (False, True, False)
    assert (tenant.patches, tenant.edits) == (1 if after else 2, 1)


@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 502, 503, 504])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "33"}])
def test_passing_troubles_everywhere(status: int, headers: dict[str, str], tenant: Tenant) -> None:
    tenant.site.bap.faults = [
        Fault(status, "", headers, method="GET"),
        Fault(status, "", headers, method="PATCH"),
        Fault(status, "", headers, path="lifecycleOperations"),
    ]
    tenant.site.region.faults = [Fault(status, "", headers, times=3)]
    tenant.site.login.faults = [Fault(status, "", headers)]
    done = tenant.run()
    assert (done["failed"], tenant.on, tenant.edits) == (False, True, 1), done.get("msg")


def test_the_lease_outlasts_the_pauses_between_tries(tenant: Tenant) -> None:
    """Whoever may send the request yet is at work: no other run may come in between."""
    tenant.site.bap.faults = [Fault(429, headers={"Retry-After": "110"}, method="PATCH", times=3)]
    left = []

    def look() -> None:
        if tenant.edits:
            return
        ledger = Ledger(tenant.store(), Run("look"))
        ledger.read()
        (record,) = ledger.records.values()
        assert record.lease
        left.append((record.lease.until - ledger.now).total_seconds())

    tenant.awake = look
    done = tenant.run(retry_timeout="10m")
    assert (done["failed"], tenant.on, tenant.edits) == (False, True, 1)
    assert len(left) == 3
    assert min(left) > 0


def test_a_lost_answer_that_asks_for_an_hour(tenant: Tenant) -> None:
    """The operation goes on meanwhile, and a run that sleeps for an hour holds the environment for as long."""
    lost = Fault(503, headers={"Retry-After": "3600"}, method="PATCH", after=True)
    tenant.site.bap.faults = [lost]
    done = tenant.run()
    assert (done["failed"], tenant.on, tenant.patches, tenant.edits) == (False, True, 1, 1)
    assert tenant.seconds < 1500


@pytest.mark.parametrize("host", ["login", "bap", "region"])
def test_a_host_that_stays_away(host: str, tenant: Tenant) -> None:
    """The failure says in which state the environment is; the next run goes on."""
    getattr(tenant.site, host).faults = [Fault(503, times=float("inf"), skip=4 if host != "login" else 0)]
    done = tenant.run()
    assert done["failed"]
    getattr(tenant.site, host).faults = []
    assert tenant.run()["administration_mode"] is True
    assert tenant.edits == 1


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("outcome", ["Failed", "Canceled"])
def test_an_operation_that_fails(stage: str, outcome: str, tenant: Tenant, tmp_path: Path) -> None:
    tenant.site.cloud.ends_at, tenant.site.cloud.outcome = stage, outcome
    done = tenant.run(logs_path=str(tmp_path))
    assert f"ended with {outcome} at the stage {stage}: DatabaseSynchronizationFailed: The database sync" in done["msg"]
    assert f'Administration mode is off for environment "Contoso UAT" ({tenant.environment.id}).' in done["msg"]
    assert (done["stage"], done["changed"], done["administration_mode"]) == (stage, False, False)
    assert done["errors"][0]["code"] == "DatabaseSynchronizationFailed"
    assert done["history"]["name"] == "AdministrationMode"
    with zipfile.ZipFile(done["log_file"]) as log:
        assert f"{stage}: {outcome}" in log.read("operation.log").decode()
    assert done["operation"]["stages"][-1]["state"] == outcome
    assert (tenant.patches, done["not_read"], done["status"]["mode"]) == (1, [], "normal")


def test_a_failure_of_which_nobody_may_read_the_reason(tenant: Tenant) -> None:
    tenant.site.cloud.ends_at = "Run"
    tenant.site.dataverses[tenant.environment.id].users.clear()
    tenant.site.official.faults = [Fault(403, path="operationerrors", times=float("inf"))]
    done = tenant.run()
    assert (done["errors"], done["history"], done["log_file"], len(done["not_read"])) == ([], None, None, 2)
    assert "Power Platform admin center > Environments > the environment > History" in done["msg"]


def test_the_known_defect(tenant: Tenant) -> None:
    tenant.site.cloud.background_bug = True
    done = tenant.run(background_operations="enabled")
    assert "background operations stay disabled, a known defect" in done["msg"]
    assert (done["changed"], done["administration_mode"]) == (True, True)
    assert "Administration mode is on for" in done["msg"]


def test_the_limit(tenant: Tenant) -> None:
    tenant.site.cloud.holds_at = "Run"
    done = tenant.run(wait_timeout="30m")
    assert "see the end of the switch within 1800 s" in done["msg"]
    assert "its state is still changing" in done["msg"]
    assert (done["changed"], done["administration_mode"]) == (True, False)
    tenant.site.cloud.release()
    done = tenant.run()
    assert (done["attached"], done["changed"], tenant.edits) == (True, True, 1)


# --- refusals ---------------------------------------------------------------------------------------------------------


def linked(tenant: Tenant) -> None:
    tenant.environment.finops = FinOps("Linked")


def without(tenant: Tenant) -> None:
    tenant.environment.finops = None


def forbidden(tenant: Tenant) -> None:
    tenant.environment.disallowed["Edit"] = "A policy of the group."


def broken(tenant: Tenant) -> None:
    tenant.environment.management = "Failed"


def idle(tenant: Tenant) -> None:
    tenant.environment.mode = Mode("Disabled")


def unregistered(tenant: Tenant) -> None:
    tenant.site.cloud.registered.clear()


def challenged(tenant: Tenant) -> None:
    tenant.site.cloud.challenge = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'


def expired(tenant: Tenant) -> None:
    tenant.site.secret.expires = 1.0


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (linked, "hosted in Lifecycle Services"),
        (without, "has no Finance + Operations"),
        (forbidden, "does not allow the operation Edit now: A policy of the group."),
        (broken, "Its state is Failed"),
        (idle, "Its runtime state is Disabled"),
        (unregistered, "pac admin application register --application-id"),
        (challenged, "conditional access policy"),
        (expired, "invalid_client: AADSTS"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_refused_early(prepare: Callable[[Tenant], None], says: str, check_mode: bool, tenant: Tenant) -> None:
    prepare(tenant)
    done = tenant.run(check_mode=check_mode)
    assert says in done["msg"]
    assert (done["failed"], tenant.patches) == (True, 0)


@pytest.mark.parametrize(("by", "seen"), [("name", "nothing"), ("id", "Forbidden"), ("id", "nothing")])
def test_not_registered(by: str, seen: Literal["nothing", "Forbidden"], tenant: Tenant) -> None:
    tenant.site.cloud.registered.clear()
    tenant.site.cloud.unregistered_sees = seen
    done = tenant.run(environment="Contoso UAT" if by == "name" else tenant.environment.id)
    assert f"pac admin application register --application-id {tenant.site.application.id}" in done["msg"]
    assert "10.0.1.32" not in done["msg"]


def test_two_of_the_same_name(tenant: Tenant) -> None:
    tenant.site.cloud.add(Environment("contoso UAT", dataverse_url=""))
    done = tenant.run(environment="Contoso UAT")
    assert "2 environments are called so" in done["msg"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"wait_timeout": "soon"}, "is not a duration"),
        ({"poll_interval": "0"}, "it is zero"),
        ({"request_timeout": "0"}, "it is zero"),
        ({"logs_path": "/nowhere"}, "is no folder on the controller"),
        ({"environment": " "}, "names no environment"),
        ({"bap_url": "api.bap.microsoft.com"}, r"it does not begin with https:// or http://"),
        ({"tenant_id": "a b"}, "is no tenant"),
    ],
)
def test_options_that_cannot_be_used(given: dict[str, Any], says: str, tenant: Tenant) -> None:
    params = tenant.params(**{"state": "enabled", **given})
    with pytest.raises(Invalid, match=says):
        switch_mode(params, tenant.store(), check_mode=False, run=tenant.new_run())
    assert tenant.site.bap.seen == []


# --- who gets the token -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["operation", "page"])
def test_no_stranger_gets_the_token(where: str, tenant: Tenant, authority: Authority, loop: LoopThread) -> None:
    stranger = Stranger("127.0.0.1", tls=authority.server("127.0.0.1"), clock=tenant.site.clock)
    loop.run(stranger.start())
    if where == "operation":
        tenant.site.cloud.operations_at = stranger.url
        done = tenant.run()
        assert (done["failed"], tenant.on) == (False, True)
        assert any("the token is not sent there" in line for line in tenant.told)
    else:
        page = {"value": [], "nextLink": f"{stranger.url}{ADMIN}"}
        tenant.site.bap.faults = [Fault(200, page, path=ADMIN)]
        assert "at a host that is none of this cloud" in tenant.run(environment="Contoso UAT")["msg"]
    assert stranger.seen == []
    loop.run(stranger.stop())


def test_no_secret_is_told(tenant: Tenant) -> None:
    tenant.site.application.secrets = [Secret("another")]
    done = tenant.run()
    secret = tenant.site.secret.value
    assert "invalid_client" in done["msg"]
    assert secret not in str(done) + str(tenant.told)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_looking(tenant: Tenant) -> None:
    found = tenant.look()
    assert (found["changed"], found["administration_mode"], found["operations"]) == (False, False, [])
    assert {each["type"] for each in found["disallowed_operations"]} == {
        "Provision",
        "ForceFailover",
        "RotateCustomerManagedKey",
    }
    tenant.site.cloud.somebody(tenant.environment)
    found = tenant.look()
    assert (found["status"]["mode"], found["operations"][0]["requested_by"]) == ("changing", "Ada Admin")


def test_looking_at_an_environment_that_cannot_be_switched(tenant: Tenant) -> None:
    tenant.environment.finops = FinOps("Linked", deployment_type="LCSSandbox")
    found = tenant.look()
    assert (found["environment"]["finops_type"], found["deployment_type"]) == ("Linked", "LCSSandbox")
    tenant.environment.finops = None
    found = tenant.look()
    assert (found["deployment_type"], len(found["not_read"])) == (None, 1)
