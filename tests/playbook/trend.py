"""A course with a Trend manager: its computers, and tasks for them."""

from __future__ import annotations

from typing import Any

from lab.clock import Clock
from lab.rest.trend import Computer, TrendManager
from playbook.courses import Played, Stage

KEY = "s3cret-trend-k3y"  # in the environment of every run
MODE = "quiesce.maintenance.trend_maintenance_mode"
INFO = f"{MODE}_info"


class Play:
    """A manager with three computers whose agents do at once what they are asked to."""

    scale = 2000.0

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.manager = TrendManager(tls=stage.tls, clock=Clock(self.scale), key=KEY)
        for number in (1, 2, 3):
            self.manager.add(
                Computer(number, f"web0{number}.example.com", display_name=f"Web {number}", group_id=4, heartbeat=0)
            )
        self.manager.groups = {4: "Web servers", 5: "Empty", 6: "Twice", 7: "Twice"}
        stage.start(self.manager)

    @property
    def statuses(self) -> list[str]:
        """The status of each computer."""
        return [self.manager.state(computer) for computer in self.manager.computers.values()]

    def run(self, *tasks: tuple[str, dict[str, Any]], check: bool = False, verbose: bool = False) -> Played:
        """Run tasks, also after a failure: each is its name and its options; "info..." and "look..." look."""
        common = {"url": self.manager.url, "ca_path": self.stage.ca_file}
        listed = [
            {
                "name": name,
                **(
                    {INFO: {**common, **options}}
                    if name.startswith(("info", "look"))
                    else {MODE: {**common, "poll_interval": "1s", **options}}
                ),
                "check_mode": check,
            }
            for name, options in tasks
        ]
        return self.stage.play(*listed, fails=True, verbose=verbose)
