"""Lifecycle Services in an estate: a portal with its API, environments in the inventory's group ``lcs``."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lab.estate import Estate
from lab.lcs.api import LcsApi
from lab.lcs.environment import LcsEnvironment
from lab.lcs.portal import Portal
from lab.lcs.projects import Project, Projects
from lab.lcs.sessions import Session

PORTAL_PORT = 18455
API_PORT = 18456


@dataclass
class LcsSite:
    """A portal and its API with one project, and the session of the person whose cookies the inventory has."""

    portal: Portal
    api: LcsApi
    project: Project
    session: Session
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)  # of each environment's inventory host

    def status(self) -> Iterable[str]:
        """What the environments really do, for a person; nothing secret."""
        for environment in self.project.environments:
            mode = "maintenance mode" if environment.in_maintenance else "normal mode"
            servicing = ", servicing" if environment.running else ""
            yield f"{environment.name} (project {self.project.id}): {mode}{servicing}"


def add_lcs(estate: Estate, name: str, *, project: int = 1234567) -> LcsSite:
    """Add a portal and its API; a person is signed in."""
    address = estate.address()
    tls = estate.authority.server(address, name)
    projects = Projects()
    portal = Portal(projects, address, PORTAL_PORT, tls=tls, clock=estate.clock)
    token = secrets.token_urlsafe(32)
    api = LcsApi(projects, address, API_PORT, tls=tls, clock=estate.clock, token=token)
    site = LcsSite(portal, api, projects.add(Project(project)), portal.sign_in())
    estate.add(portal, api)
    estate.reports.append(site.status)
    return site


def add_lcs_environment(estate: Estate, site: LcsSite, name: str, *, production: bool = False) -> LcsEnvironment:
    """Add an environment of a site's project, and its host to the inventory."""
    password = secrets.token_urlsafe(12)
    environment = LcsEnvironment(name, estate.clock, production, sql_password=password)
    site.project.add(environment)
    site.variables[name] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "lcs_url": site.portal.url,
        "lcs_project_id": site.project.id,
        "lcs_environment_id": environment.id,
        "lcs_cookies": site.session.cookies,
        "lcs_ca_path": str(estate.authority.ca_file),
        "lcs_accept_undocumented_api": True,
        "lcs_poll_interval": "1s",
        "lcs_api_url": site.api.url,
        "lcs_api_token": site.api.token,
    }
    estate.add_to_inventory("lcs", name, site.variables[name])
    return environment
