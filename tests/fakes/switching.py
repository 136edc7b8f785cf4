"""A switch of a system of fakes, made ready to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Answer, Aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._refusals import Consent
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import FO_SERVICES
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import Switch, SwitchOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Outcome, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.axdb import Axdb
from fakes.clock import Time
from fakes.machine import FakeMachine, FakeService
from fakes.system import W3SVC, findings, on_premises
from fakes.way import FakeWay, fake_way

LOGIN = ToolOptions(user="axdbadmin", password="s3cret")
SCRIPT = ScriptOptions(r"C:\s\Set-MaintenanceMode.ps1")
URL = "https://dev01.example.com/"
READY, DOWN = Answer(302), Answer(None, "no answer (refused)", "silent")


@dataclass
class World:
    """One system: a machine with its services, an AXDB, an AOS that answers while IIS runs."""

    road: str = "sql"
    mode: str | None = "disabled"
    stored: Record | None = None
    background: str = "running"
    time: Time = field(default_factory=Time)
    of: Findings | None = None
    aos: Callable[[], Answer] | None = None
    tool: Callable[[str], Completed] | None = None

    def __post_init__(self) -> None:
        self.axdb = Axdb(self.time, self.mode, self.stored)
        states = {} if self.road == "script" else {name: FakeService(self.background) for name in FO_SERVICES}
        if states:
            states[W3SVC] = FakeService()
        program = self.tool or self.sets
        self.machine = FakeMachine(states, self.time, programs={r"Setup\.exe|powershell": program})
        self.way: FakeWay = fake_way(
            self.machine,
            self.axdb,
            self.of or (on_premises() if self.road == "script" else findings()),
            SCRIPT if self.road == "script" else None,
        )

    def sets(self, line: str) -> Completed:
        """A program of Microsoft's that does what it is called for."""
        if "isinmaintenancemode" in line or "-Enable" in line or "-Disable" in line:
            self.axdb.mode = "enabled" if "mode true" in line or "-Enable" in line else "disabled"
        return Completed(0, "done", "")

    def states(self) -> dict[str, str]:
        """The services now."""
        return self.machine.states()

    def switch(self, state: str = "enabled", *, run: str = "run1", check_mode: bool = False, **more: Any) -> Switch:
        """A switch of this system. ``more`` are options of the wish, of the switch, of the consent or of the run."""
        wish = {key: more.pop(key) for key in list(more) if key in Wish.__dataclass_fields__}
        options = {key: more.pop(key) for key in list(more) if key in SwitchOptions.__dataclass_fields__}
        consent = {key: more.pop(key) for key in list(more) if key in Consent.__dataclass_fields__}
        readiness = more.pop("readiness", None) or (lambda found: Readiness(None, Aos(URL, {"controller": self._get})))
        return Switch(
            way=self.way,
            wish=Wish(state, **{"opening": Opening(owner="me"), **wish}),
            consent=Consent(**{"tool": LOGIN, "wait": options.get("wait", True), **consent}),
            options=SwitchOptions("dev01", **{"method": self.road, "service_limit": 60.0, **options}),
            run=self.time.run(run, **more),
            readiness=readiness,
            check_mode=check_mode,
        )

    def run(self, state: str = "enabled", **more: Any) -> tuple[Switch, Outcome[Seen, Any]]:
        """Run a switch to its end."""
        switch = self.switch(state, **more)
        return switch, carry_out(switch, check_mode=switch.check_mode)

    def _get(self, url: str) -> Answer:
        if self.aos:
            return self.aos()
        return READY if self.states()[W3SVC] == "running" else DOWN

    def gone(self) -> World:
        """The same system as the next run finds it, some time after the last one."""
        self.time.now += 3600
        self.time.told.clear()
        self.machine.log.clear()
        self.axdb.written.clear()
        return self


def same(record: Record | None) -> Record | None:
    """A record without its lease."""
    return replace(record, lease=None) if record else None
