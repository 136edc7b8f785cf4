"""An HCL Launch server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contract import lab_system
from lab.rest.launch_access import EDIT_SETTINGS
from lab.rest.launch_process import Work

FOREVER = 10.0**9


class LabSystem(lab_system.LabSystem):
    """A server on which nothing runs."""

    REFUSAL = f"admin does not have the permission {EDIT_SETTINGS}"

    def add(self) -> None:
        self.server = self.lab.estate.add_launch_server(self.host)
        self.lab.estate.variables(self.host)["launch_retry_timeout"] = "1s"

    def in_maintenance(self) -> bool:
        return self.server.maintenance

    def state(self) -> Any:
        return dict(self.server.settings)

    def requests(self) -> int:
        return self.server.reads + self.server.writes

    def writes(self) -> int:
        return self.server.writes

    def heard(self) -> str:
        return str(self.server.log)

    def refuse(self, on: bool) -> None:
        admin = self.server.access.users["admin"]
        rights = admin.rights - {EDIT_SETTINGS} if on else admin.rights | {EDIT_SETTINGS}
        self.server.access.users["admin"] = replace(admin, rights=rights)

    def cut_off(self, on: bool) -> None:
        self.lab.loop.run(self.server.stop() if on else self.server.start())

    def hold(self, on: bool) -> None:
        """On the way in something runs; on the way out nothing is waited for but the answer."""
        self.before = self.server.maintenance
        self.server.holding = on and self.before
        if on and not self.before:
            self.server.begin("application", "Deploy web shop", Work(FOREVER))
        else:
            self.server.processes.clear()

    def held(self) -> bool:
        return self.server.maintenance is not self.before
