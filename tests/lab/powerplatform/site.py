"""One tenant with everything that a client meets: identity provider, admin API with a regional host, official API."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Any

from lab.clock import Clock
from lab.entra import Application, Directory, Login, Secret
from lab.pki import Authority
from lab.powerplatform.audiences import CloudName
from lab.powerplatform.bap import Bap
from lab.powerplatform.cloud import Cloud
from lab.powerplatform.dataverse import Dataverse
from lab.powerplatform.environment import Environment
from lab.powerplatform.official import OfficialApi
from lab.rest.service import Service

REGION = "europe"


class Site:
    """A tenant in Microsoft's cloud with one registered application, which signs in with ``secret``.

    ``address`` gives each host an address of its own; all listen on ``port`` (0: any). ``bap`` is the admin API's
    global host, ``region`` the one that operations are read at. Each environment with Dataverse has a host, too.
    """

    def __init__(
        self,
        authority: Authority,
        clock: Clock,
        address: Callable[[], str],
        port: int = 0,
        *,
        cloud: CloudName = "public",
    ) -> None:
        self.authority = authority
        self.clock = clock
        self._address = address
        self._port = port
        self.directory = Directory(clock)
        self.cloud = Cloud(self.directory, clock, cloud)
        self.application = self.directory.add(Application("quiesce"))
        self.secret = Secret(secrets.token_urlsafe(30))
        self.application.secrets.append(self.secret)
        self.cloud.registered.add(self.application.id)
        self.login = Login(self.directory, **self._place())
        self.bap = Bap(self.cloud, **self._place())
        self.region = Bap(self.cloud, **self._place())
        self.official = OfficialApi(self.cloud, **self._place())
        self.dataverses: dict[str, Dataverse] = {}
        self._wire()

    @property
    def services(self) -> list[Service]:
        """All hosts, in the order in which they start."""
        return [self.login, self.bap, self.region, self.official, *self.dataverses.values()]

    def add(self, environment: Environment) -> Environment:
        """Create an environment and, where it has Dataverse, the host of its organisation; before ``start``."""
        self.cloud.add(environment)
        if environment.dataverse_url:
            dataverse = Dataverse(self.cloud, environment, **self._place())
            dataverse.users.add(self.application.id)
            self.dataverses[environment.id] = dataverse
        self._wire()
        return environment

    def variables(self, environment: Environment) -> dict[str, Any]:
        """How the module reaches an environment, as variables of its inventory host."""
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "powerplatform_environment": environment.id,
            "powerplatform_cloud": self.cloud.name,
            "powerplatform_tenant_id": self.directory.id,
            "powerplatform_client_id": self.application.id,
            "powerplatform_client_secret": self.secret.value,
            "powerplatform_login_url": self.login.url,
            "powerplatform_bap_url": self.bap.url,
            "powerplatform_api_url": self.official.url,
            "powerplatform_trusted_hosts": [f"{self.region.address}:{self.region.port}"],
            "powerplatform_ca_path": str(self.authority.ca_file),
            "powerplatform_poll_interval": "1s",
            # What the real service shows late, this one shows at once unless a test wants it otherwise.
            "powerplatform_settle_timeout": "2s",
        }

    async def start(self) -> None:
        """Switch every host on."""
        for service in self.services:
            await service.start()
        self._wire()

    async def stop(self) -> None:
        """Switch every host off."""
        for service in reversed(self.services):
            await service.stop()

    def status(self) -> list[str]:
        """What the environments really do, for a person."""
        lines = []
        for environment in self.cloud.environments.values():
            running = self.cloud.running(environment)
            mode = "administration mode" if environment.mode.runtime == "AdminMode" else "normal mode"
            busy = f", {running.kind} runs: {running.stages[-1].name}" if running else ""
            lines.append(f"{environment.display_name} ({environment.id}): {mode}{busy}")
        return lines

    def _place(self) -> dict[str, Any]:
        address = self._address()
        return {
            "address": address,
            "port": self._port,
            "tls": self.authority.server(address),
            "clock": self.clock,
        }

    def _wire(self) -> None:
        """Tell each host the addresses of the others, as far as they are known yet."""
        self.cloud.regions[REGION] = self.region.url
        self.bap.login_url = self.region.login_url = self.login.url
        for dataverse in self.dataverses.values():
            dataverse.login_url = self.login.url
            dataverse.environment.dataverse_url = dataverse.url
        self.directory.resources = {
            *self.cloud.audiences,
            *(each.url for each in self.dataverses.values()),
        }
