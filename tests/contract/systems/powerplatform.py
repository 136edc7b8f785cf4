"""A unified environment of the Power Platform."""

from __future__ import annotations

from typing import Any

from contract import lab_system


class LabSystem(lab_system.LabSystem):
    """An environment in normal operation, whose operations take two minutes of the lab's time."""

    # That Finance + Operations itself is in maintenance mode cannot be seen from outside.
    VERIFIED = None
    REFUSAL = "is not registered with the Power Platform.*pac admin application register"

    def add(self) -> None:
        self.environment = self.lab.estate.add_powerplatform_environment(self.host)
        site = self.lab.estate.power_platform
        assert site is not None
        self.site = site
        self.site.cloud.seconds = (5, 20, 70, 25)
        self.lab.estate.variables(self.host)["powerplatform_retry_timeout"] = "1s"

    def in_maintenance(self) -> bool:
        return self.environment.in_maintenance

    def state(self) -> Any:
        return self.environment.mode.runtime, self.environment.mode.background

    def requests(self) -> int:
        return sum(len(service.seen) for service in self.site.services)

    def writes(self) -> int:
        return self.site.bap.asked("PATCH")

    def heard(self) -> str:
        return str([service.seen for service in self.site.services])

    def refuse(self, on: bool) -> None:
        change = self.site.cloud.registered.discard if on else self.site.cloud.registered.add
        change(self.site.application.id)

    def cut_off(self, on: bool) -> None:
        self.lab.loop.run(self.site.stop() if on else self.site.start())

    def hold(self, on: bool) -> None:
        if on:
            self.site.cloud.holds_at = "Run"
        else:
            self.site.cloud.release()

    def held(self) -> bool:
        running = self.site.cloud.running(self.environment)
        return running is not None and running.stages[-1].name == "Run"
