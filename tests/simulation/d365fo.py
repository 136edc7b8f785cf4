"""Simulated Dynamics 365 systems of every kind, and runs of the switch on them, in virtual time.

The Windows host, SQL Server, setup tool, script, AOS and cluster are the lab's own; only the wire is left out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Answer, Aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, ClusterOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import PASSWORD_VARIABLE
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import Switch
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, TimedOut
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Answer as HttpAnswer
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

from lab.clock import VirtualClock, VirtualLoop
from lab.onpremises import OnPremises, onprem_cluster
from lab.sql import Failure as LabFailure
from lab.sql import Rows, SqlServer, axdb, execute_waiting
from lab.sql.engine import Database as LabDatabase
from lab.windows.host import Account, WindowsHost
from lab.windows.machines import Layout, dev_machine, vhd_layout
from simulation.gate import ANSWER_LOST, KILLED_AFTER, LOST, TIMED_OUT, Gate, Killed

T = TypeVar("T")

PROPERTY = "quiesce.maintenance"
PASSWORD = "AOSWebSite@123"
LOGIN = "axdbadmin"

SQLCMD, ODBC, TOOL, TOOL_ODBC, SCRIPT, SCRIPT_ODBC = (
    "sql by sqlcmd",
    "sql by odbc",
    "setup tool by sqlcmd",
    "setup tool by odbc",
    "script by sqlcmd",
    "script by odbc",
)
ROADS = (SQLCMD, ODBC, TOOL, TOOL_ODBC, SCRIPT, SCRIPT_ODBC)


@dataclass(frozen=True)
class Ended:
    """How a run ended ("success", "failure", "killed"), what it said, which steps it took, what it changed."""

    how: str
    message: str = ""
    steps: tuple[str, ...] = ()
    changed: bool = False
    result: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class World:
    """One system that is switched, by one road."""

    def __init__(self, road: str, **layout: Any) -> None:
        self.road = road
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.account = Account("opsadmin", "secret")
        self.machine: WindowsHost | None = None
        self.onprem: OnPremises | None = None
        self.sql: SqlServer
        self.database: LabDatabase
        if road in (SCRIPT, SCRIPT_ODBC):
            self._build_cluster()
        else:
            self._build_machine(vhd_layout() if road in (TOOL, TOOL_ODBC) else Layout(), layout)

    def _build_machine(self, layout: Layout, changes: Mapping[str, Any]) -> None:
        layout = replace(layout, sql_password=PASSWORD, **changes)
        self.sql = SqlServer("DEV01", self.clock)
        self.database = axdb(self.sql, layout.database)
        self.sql.add_login(LOGIN, PASSWORD)
        self.database.grant(LOGIN, "db_owner")
        host = self.machine = dev_machine("dev01", "127.0.0.1", self.clock, self.sql, layout=layout, port=8443)
        host.add_account(self.account)
        login = f"{host.name}\\{self.account.name}"
        self.sql.add_login(login, windows=True)
        self.database.grant(login, "db_owner")
        self.host = host
        for service in host.services:  # long enough to be seen pending, short enough for many runs
            service.start_seconds = service.stop_seconds = 1.5
        self.wait(host.boot_without_network())

    def _build_cluster(self) -> None:
        onprem = self.onprem = onprem_cluster(
            "contoso", ["127.0.0.2", "127.0.0.3"], self.clock, self.account, sql_password=PASSWORD
        )
        self.sql, self.database = onprem.sql, onprem.database
        self.host = next(iter(onprem.hosts.values()))
        self.wait(onprem.cluster.boot_without_network())

    def close(self) -> None:
        """End the simulation."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the simulation go on until this is done."""
        return self.loop.run_until_complete(work)

    def pass_time(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.wait(self.clock.sleep(seconds))

    def pass_lease(self) -> None:
        """Let time pass until shortly before the lease of a dead run ends: who waits sees nothing new until then."""
        lease = json.loads(self.database.extended_property(PROPERTY) or "{}").get("lease")
        if lease:
            left = datetime.fromisoformat(lease["until"].replace("Z", "+00:00")).timestamp() - self.clock.time()
            self.pass_time(max(left - 20, 0))

    # --- what a test looks at ---

    def state(self) -> dict[str, Any]:
        """Everything that must be as if nothing had happened, once a run has done its work."""
        state: dict[str, Any] = {"variable": self.database.value("CONFIGURATIONMODE"), "record": self._record()}
        if self.onprem:
            instances = self.onprem.cluster.instances.values()
            state["aos"] = [(each.status, each.maintenance_mode) for each in instances]
        else:
            assert self.machine is not None
            assert self.machine.aos is not None
            state["aos"] = (self.machine.aos.ready, self.machine.aos.maintenance_mode)
            state["services"] = {
                service.name: (service.state.name, service.start_type.name) for service in self.machine.services
            }
        return state

    def _record(self) -> Any:
        """The record without what differs from run to run."""
        text = self.database.extended_property(PROPERTY)
        if text is None:
            return None
        record = json.loads(text)
        windows = [(window["id"], window["owner"], window["reason"]) for window in record["windows"]]
        services = sorted((each["name"], each["stopped"]) for each in record["services"])
        return {"windows": windows, "phase": record["phase"], "services": services, "lease": record["lease"]}

    @property
    def in_maintenance(self) -> bool | None:
        """What the AOS runs with; None where it does not run, or not all of it alike."""
        if self.onprem:
            modes = {each.maintenance_mode for each in self.onprem.cluster.instances.values()}
            return modes.pop() if len(modes) == 1 else None
        assert self.machine is not None
        assert self.machine.aos is not None
        return self.machine.aos.maintenance_mode

    # --- a run ---

    def run(
        self, state: str, gate: Gate | None = None, *, check: bool = False, run: str = "run", **options: Any
    ) -> Ended:
        """Run the switch to its end."""
        gate = gate or Gate()
        switch = self.switch(state, gate, run=run, check=check, **options)
        told: list[str] = []
        switch.run.tell = told.append
        operations = gate.log
        try:
            outcome = carry_out(switch, check_mode=check)
            result = switch.result(outcome.after)
        except Failure as failure:
            steps = tuple(step.name for step in switch.done)
            return Ended("failure", str(failure), steps, operations=tuple(map(str, operations)), told=tuple(told))
        except Killed:
            return Ended("killed", operations=tuple(map(str, operations)), told=tuple(told))
        steps = tuple(step.done for step in outcome.plan.steps) if check else tuple(step.name for step in switch.done)
        return Ended("success", "", steps, outcome.changed, result, tuple(map(str, operations)), tuple(told))

    def switch(self, state: str, gate: Gate, *, run: str = "run", check: bool = False, **options: Any) -> Switch:
        """Return a switch of this system as the action would make it."""
        params = self._params(state, options)
        host = SimulatedHost(self, gate)
        odbc = Database(SimulatedOdbc(self, gate), self._sleep) if params["via"] == "odbc" else None
        return Switch(
            way=Way(host, _arguments.question(params), _arguments.script_options(params), odbc),
            wish=_arguments.wish(params, "tester"),
            consent=_arguments.consent(params),
            options=_arguments.switch_options(params, "dev01"),
            run=Run(run, "tester", "ctl01", now=self.clock.monotonic, sleep=self._sleep, check=gate.check),
            readiness=lambda findings: self._readiness(params, gate, findings),
            check_mode=check,
        )

    def _sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def _params(self, state: str, options: Mapping[str, Any]) -> dict[str, Any]:
        params = {name: option.get("default") for name, option in _arguments.switch_spec().items()}
        params |= {"state": state, "reason": "CHG0042"}
        if self.road in (ODBC, TOOL_ODBC, SCRIPT_ODBC):
            params |= {"via": "odbc", "sql_server": "dev01.example.com", "sql_database": self.database.name}
        if self.road in (ODBC, TOOL, TOOL_ODBC, SCRIPT_ODBC):
            params |= {"sql_login_user": LOGIN, "sql_login_password": PASSWORD}
        if self.onprem:
            params["script"] = self.onprem.script_path
        return params | dict(options)

    def _readiness(self, params: Mapping[str, Any], gate: Gate, findings: Findings) -> Readiness:
        if self.onprem:
            cluster = Cluster(ClusterOptions("https://sf:19080"), SimulatedGateway(self, gate))
            return Readiness(cluster)
        url = params["url"] or findings.setting("Infrastructure.HostUrl")
        return Readiness(None, Aos(url, {"controller": lambda url: self._get(gate)}, params["aos_accept"]))

    def _get(self, gate: Gate) -> Answer:
        fault = gate.enter("aos", "ask the AOS")
        if fault in (LOST, ANSWER_LOST, TIMED_OUT):
            return Answer(None, "no answer", "silent")
        if fault == KILLED_AFTER:
            raise Killed
        assert self.machine is not None
        aos = self.machine.aos
        assert aos is not None
        if aos.ready:
            return Answer(302)
        return Answer(503) if aos.pid else Answer(None, "connection refused", "silent")


@dataclass
class SimulatedHost:
    """A Windows host without a wire (``_host.Host``)."""

    world: World
    gate: Gate
    name: str = "dev01"
    keeps_secrets: bool = True

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        """Run a line in the simulation; beyond the limit it is ended."""
        variables = {PASSWORD_VARIABLE: PASSWORD, **environment(PASSWORD)} if secret else {}
        return self.gate.pass_host(self.name, doing, limit, lambda: self._run(line, doing, limit, variables))

    def _run(self, line: str, doing: str, limit: float, variables: Mapping[str, str]) -> Completed:
        written: dict[str, bytes] = {"stdout": b"", "stderr": b""}

        def write(stream: str, data: bytes) -> None:
            written[stream] += data

        async def work() -> int:
            stdin = asyncio.StreamReader()
            stdin.feed_eof()
            running = self.world.host.run(
                line,
                account=self.world.account,
                environment=variables,
                cwd=None,
                skip_cmd=False,
                stdin=stdin,
                write=write,
            )
            return await asyncio.wait_for(running, limit)

        try:
            rc = self.world.wait(work())
        except asyncio.TimeoutError:
            raise TimedOut(doing, self.name, f"timed out after {limit:.0f} s", "Look at the host") from None
        return Completed(rc, written["stdout"].decode(), written["stderr"].decode())


@dataclass
class SimulatedOdbc:
    """A database by ODBC without a wire (``_database.Sql``)."""

    world: World
    gate: Gate

    def describe(self) -> str:
        return "database AXDB"

    def query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        """Run a batch in a session of its own."""
        fault = self.gate.enter("sql", doing)
        if fault == LOST:
            raise SqlFailure(doing, self.describe(), 0, "[08S01] Communication link failure", sent=True)
        rows = self.world.wait(self._query(batch, doing))
        if fault in (ANSWER_LOST, TIMED_OUT):
            text = "[08S01] Communication link failure" if fault == ANSWER_LOST else "[HYT00] Query timeout expired"
            raise SqlFailure(doing, self.describe(), 0, text, sent=True)
        if fault == KILLED_AFTER:
            raise Killed
        return rows

    async def _query(self, batch: str, doing: str) -> list[tuple[str, str]]:
        session = self.world.sql.login(LOGIN, PASSWORD, self.world.database.name)
        rows: list[tuple[str, str]] = []
        try:
            async for result in execute_waiting(session, batch):
                if isinstance(result, LabFailure):
                    raise SqlFailure(doing, self.describe(), result.error.number, result.error.message, sent=True)
                if isinstance(result, Rows):
                    rows += [(str(row[0]), "" if row[1] is None else str(row[1])) for row in result.rows]
        finally:
            session.close()
        return rows


@dataclass
class SimulatedGateway:
    """A cluster's gateway without a wire (``_cluster.Getter``)."""

    world: World
    gate: Gate

    def get(self, path: str, *, attempted: str, query: Iterable[tuple[str, str]] = ()) -> HttpAnswer:
        """Answer what is asked for."""
        fault = self.gate.enter("cluster", attempted)
        if fault == KILLED_AFTER:
            raise Killed
        if fault:
            raise Failure(attempted, "the cluster", "no answer", "Run again")
        assert self.world.onprem is not None
        return HttpAnswer(200, {}, self._document(path))

    def _document(self, path: str) -> dict[str, Any]:
        assert self.world.onprem is not None
        cluster = self.world.onprem.cluster
        if path.endswith("/$/GetHealth"):
            return {"AggregatedHealthState": "Ok" if all(each.healthy for each in cluster.placed) else "Warning"}
        if path == "/Nodes":
            nodes: Sequence[Any] = list(cluster.nodes.values())
            return {"Items": [{"Name": n.name, "Type": n.type, "NodeStatus": "Up" if n.up else "Down"} for n in nodes]}
        if path.endswith("/$/GetPartitions"):
            return {"Items": [{"PartitionInformation": {"Id": cluster.partition_id}}]}
        return {
            "Items": [
                {
                    "InstanceId": each.id,
                    "NodeName": each.node.name,
                    "ReplicaStatus": each.status,
                    "HealthState": "Ok",
                    "Address": "x" if each.status == "Ready" else "",
                }
                for each in cluster.placed
                if each.id
            ]
        }
