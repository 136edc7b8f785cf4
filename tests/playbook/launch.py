"""A course with HCL Launch: its servers, its tasks, and people who use the servers meanwhile."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import requests

from lab.clock import Clock
from lab.pki import Authority
from lab.rest import launch_access as rights
from lab.rest.launch import LaunchServer
from playbook import Done
from playbook.courses import ADDRESS, Played, Stage, Task
from playbook.modules import run_modules

PASSWORD = "C4n4ry-pa:ss wörd"
TOKEN = "c4n4ry-t0ken-5f1d"
SERVER_WORDS = "does not have the permission"
ENVIRONMENT_TOKEN = "c4n4ry-of-the-environment"  # of every run; only a server that is told so knows it


def with_usual_accounts(server: LaunchServer) -> LaunchServer:
    """Add an administrator, somebody who sees little, and somebody who may do nothing."""
    server.add_user("admin", PASSWORD, token=TOKEN)
    server.add_user("few", "few-pw", rights.FEW)
    server.add_user("none", "none-pw", rights.NONE)
    return server


class Play:
    """Servers, and tasks for them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ca_file = stage.ca_file

    def server(self, version: str = "8.0.1.3", *, scale: float = 1.0) -> LaunchServer:
        """Start a server with the usual accounts."""
        server = with_usual_accounts(LaunchServer(ADDRESS, tls=self.stage.tls, clock=Clock(scale), version=version))
        self.stage.start(server)
        return server

    def person(self, server: LaunchServer, user: str = "admin", password: str = PASSWORD) -> Person:
        """Somebody who uses a server directly."""
        return Person(server, self.stage.authority, user, password)

    def task(self, server: LaunchServer, module: str = "maintenance_mode", **options: Any) -> Task:
        """A task; logs in as the administrator by token unless the options say otherwise."""
        name = options.pop("task", module)
        login = {} if {"username", "token", "token_file", "password"} & set(options) else {"token": TOKEN}
        drain = {"drain": False} if module == "maintenance_mode" else {}
        arguments = {"url": url(server), "ca_path": self.ca_file, "retry_timeout": "5s", **drain, **login, **options}
        return {
            "name": name,
            f"quiesce.maintenance.launch_{module}": {
                key: value for key, value in arguments.items() if value is not None
            },
        }

    def without_tzdata(self) -> Path:
        """A folder for PYTHONPATH that hides the package tzdata."""
        package = self.stage.folder / "without tzdata/tzdata"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        return package.parent

    def run(self, *tasks: Task, fails: bool = False, verbose: bool = False) -> Played:
        """Run the tasks; each goes on after a failure if failures are what is looked for."""
        return self.stage.play(*tasks, fails=fails, verbose=verbose)

    def directly(self, *tasks: Task, fails: bool = False, path: Path | None = None, **environment: str) -> Done:
        """Run their modules without a playbook; none may fail, unless failures are what is looked for."""
        done = run_modules(*tasks, path=path, **environment)
        assert fails or not [entry for entry in done.results if entry["result"]["failed"]], done.results
        return done

    def check(self, *tasks: Task) -> Played:
        """Run the tasks in check mode."""
        return self.run(*({**task, "check_mode": True} for task in tasks))


class Person:
    """Somebody who uses the server's REST interface directly (with a client that keeps no cookies)."""

    def __init__(
        self, server: LaunchServer, authority: Authority, user: str = "admin", password: str = PASSWORD
    ) -> None:
        self.server = server
        self.login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.ca_file = str(authority.ca_file)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send one request."""
        headers = {"Authorization": self.login, **more.pop("headers", {})}
        return requests.request(
            method, url(self.server) + path, headers=headers, verify=self.ca_file, timeout=20, **more
        )

    def request_process(self, kind: str = "application", name: str = "Deploy") -> str:
        """Request a process over REST and return how it went, as the web page labels it."""
        calls = {
            "application": ("PUT", "/cli/applicationProcessRequest/request", {"applicationProcess": name}),
            "component": ("PUT", "/rest/deploy/component/web/runProcess", {"componentProcessId": name}),
            "generic": ("POST", "/rest/process/request", {"processId": name}),
        }
        method, path, body = calls[kind]
        answer = self.ask(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return self.server.processes[answer.json()["requestId"]].label


def url(server: LaunchServer) -> str:
    """The server's address."""
    return f"https://{server.address}:{server.port}"
