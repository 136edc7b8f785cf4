"""Time that only sleeping moves on, and a run that goes by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run


@dataclass
class Time:
    """A clock in seconds; ``told`` is what a run by it has said, ``slept`` how long it slept each time."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        assert seconds > 0, "a sleep of no time never ends a wait"
        self.slept.append(seconds)
        self.now += seconds

    def run(self, name: str = "run1", **more: Any) -> Run:
        """A run that lives by this clock."""
        parts: dict[str, Any] = {
            "owner": "me",
            "controller": "ctl01",
            "tell": self.told.append,
            "now": lambda: self.now,
            "sleep": self.sleep,
            **more,
        }
        return Run(name, **parts)

    def patience(self, limit: float, interval: float = 5.0) -> Patience:
        """How long to wait by this clock."""
        return Patience(limit, interval, self.run())
