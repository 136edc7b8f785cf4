"""A course with Alertmanager: daemons with a proxy in front of them, and tasks for them."""

from __future__ import annotations

import re
import socket
from typing import Any

import yaml

from lab.rest.alertmanager import Daemon, Front
from playbook.courses import ADDRESS, Played, Stage, Task

TOKEN = "c4n4ry-t0ken-5f1d"
MATCHERS = 'instance="dev01",alertname=~"Host.*"'


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server((ADDRESS, 0)) as found:
        port: int = found.getsockname()[1]
    return port


class Play:
    """Alertmanagers, and tasks for them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ca_file = stage.ca_file

    def daemon(self, **more: Any) -> Daemon:
        """An Alertmanager that does not run yet."""
        port = free_port()
        return Daemon(ADDRESS, port, self.stage.folder / f"alertmanager{port}", **more)

    def front(self) -> Front:
        """Start an Alertmanager behind a proxy that asks for the token."""
        front = Front(self.daemon(), ADDRESS, tls=self.stage.tls, authorization=f"Bearer {TOKEN}")
        self.stage.start(front)
        return front

    def another(self, front: Front) -> Front:
        """Open another proxy in front of the same Alertmanager."""
        other = Front(front.daemon, ADDRESS, tls=self.stage.tls, authorization=front.authorization)
        self.stage.loop.run(other.open())
        self.stage.end.callback(lambda: self.stage.loop.run(other.close()))
        return other

    def task(self, front: Front, module: str = "silence", **options: Any) -> Task:
        """A task, by default of somebody who has the token; an option that is None is left out."""
        name = options.pop("task", module)
        arguments = {
            "url": front.url,
            "ca_path": self.ca_file,
            "token": TOKEN,
            "retry_timeout": "5s",
            "matchers": MATCHERS,
            **options,
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        return {"name": name, f"quiesce.maintenance.alertmanager_{module}": given}

    def check(self, front: Front, **options: Any) -> Task:
        """A task in check mode."""
        return {**self.task(front, **options), "check_mode": True}

    def run(self, *tasks: Task, fails: bool = False, verbose: bool = False) -> Played:
        """Run the tasks; each goes on after a failure if failures are what is looked for."""
        return self.stage.play(*tasks, fails=fails, verbose=verbose)


def adapted(text: str, url: str) -> Any:
    """An example of the documentation, for the Alertmanager there."""
    text = re.sub(r"https://(alertmanager|monitoring)\.example\.com(/alertmanager)?", url, text)
    return yaml.safe_load(text.replace("{{ vault_alertmanager_token }}", TOKEN))
