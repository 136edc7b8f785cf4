"""A Trend Micro manager with a computer."""

from __future__ import annotations

from typing import Any

from contract import lab_system


class LabSystem(lab_system.LabSystem):
    """The one computer of a manager."""

    REFUSAL = "Not authorized to modify computers"

    def add(self) -> None:
        self.manager = self.lab.estate.add_trend_manager(self.host, 1)
        (self.computer,) = self.manager.computers.values()
        self.lab.estate.variables(self.host)["trend_retry_timeout"] = "1s"

    def in_maintenance(self) -> bool:
        return self.manager.state(self.computer) == "on"

    def state(self) -> Any:
        return self.manager.state(self.computer)

    def requests(self) -> int:
        return self.manager.reads + self.manager.writes

    def writes(self) -> int:
        return self.manager.writes

    def heard(self) -> str:
        return str(self.manager.log)

    def refuse(self, on: bool) -> None:
        self.computer.may_modify = not on

    def cut_off(self, on: bool) -> None:
        self.lab.loop.run(self.manager.stop() if on else self.manager.start())

    def hold(self, on: bool) -> None:
        self.computer.online = not on  # its agent stops calling, which the manager has not noticed yet

    def held(self) -> bool:
        return self.manager.state(self.computer) in ("start-requested", "stop-requested")
