"""An environment of Lifecycle Services, with its portal and its public API."""

from __future__ import annotations

from typing import Any

from contract import lab_system
from lab.lcs.in_estate import add_lcs, add_lcs_environment

FOREVER = 10.0**9
SECONDS = 15.0  # of simulated time that a servicing operation takes


class LabSystem(lab_system.LabSystem):
    """A sandbox on which nothing runs."""

    REFUSAL = "You are not authorized to perform this operation"

    def add(self) -> None:
        self.site = add_lcs(self.lab.estate, f"{self.host}-portal")
        self.environment = add_lcs_environment(self.lab.estate, self.site, self.host)
        self.environment.servicing_seconds = SECONDS
        self.lab.estate.variables(self.host)["lcs_retry_timeout"] = "1s"

    def in_maintenance(self) -> bool:
        return self.environment.in_maintenance

    def state(self) -> Any:
        return self.environment.in_maintenance, self.environment.running

    def requests(self) -> int:
        return len(self.site.portal.log) + len(self.site.api.log)

    def writes(self) -> int:
        return sum("EnableDisableMaintenanceMode" in path for _method, path in self.site.portal.log)

    def heard(self) -> str:
        return str(self.site.portal.log)

    def refuse(self, on: bool) -> None:
        self.site.session.may_service = not on

    def cut_off(self, on: bool) -> None:
        for server in (self.site.portal, self.site.api):
            self.lab.loop.run(server.stop() if on else server.start())

    def hold(self, on: bool) -> None:
        self.environment.servicing_seconds = FOREVER if on else SECONDS
        if not on and self.environment.running:
            self.environment.running.phases = ()  # it is over

    def held(self) -> bool:
        return self.environment.running is not None
